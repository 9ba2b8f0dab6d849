"""Sources, and what they told: by ten seconds, minutes and hours' peaks."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import humanize
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from unfold.decorators import action

from bandwidth import clients
from bandwidth.connections import Served, limit
from bandwidth.models import (
    BandwidthPeak,
    BandwidthSample,
    BandwidthSource,
    ClientSample,
)
from bandwidth.opening import opened
from bandwidth.sources import Connection, Counter, SourceProblem

if TYPE_CHECKING:
    # Unfold's class is this, but for its skin, and has no types.
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin

TOLD = 20  # interfaces that a test names


class SourceForm(ModelForm):  # type: ignore[type-arg]  # none at runtime
    def clean(self) -> dict[str, Any] | None:
        """Refuse what can never be read; what does not answer now may do later."""
        cleaned = super().clean()
        if cleaned and not self.errors:
            names = [field.name for field in BandwidthSource._meta.fields]
            values = {name: cleaned[name] for name in names if name in cleaned}
            try:
                opened(BandwidthSource(**values))
            except SourceProblem as problem:
                raise ValidationError(str(problem)) from problem
        return cleaned


@admin.register(BandwidthSource)
class BandwidthSourceAdmin(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    form = SourceForm
    list_display = ("name", "kind", "address", "wanted", "to_clients", "enabled")
    list_fullwidth = True
    search_fields = ("name", "address")
    fieldsets = (
        (None, {"fields": (("name", "enabled"), "kind", "address", "wanted")}),
        ("How to read it", {"fields": (("to_clients", "timeout_ms"),)}),
        (
            "For a Prometheus server",
            {"fields": ("received_expression", "transmitted_expression")},
        ),
    )
    actions_detail = ("test_it",)

    @action(description="Test it", permissions=["test"])  # type: ignore[untyped-decorator]
    def test_it(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask the source once, now, and say what it answers."""
        row = get_object_or_404(BandwidthSource, pk=object_id)
        try:
            told, level = asyncio.run(_answer(row)), messages.SUCCESS
        except SourceProblem as problem:
            told, level = str(problem), messages.ERROR
        self.message_user(request, f"{row}: {told}", level)
        url = reverse("admin:bandwidth_bandwidthsource_change", args=[row.pk])
        return HttpResponseRedirect(url)

    def has_test_permission(
        self, request: HttpRequest, object_id: int | str | None = None
    ) -> bool:
        return request.user.has_perm("bandwidth.change_bandwidthsource")


async def _answer(row: BandwidthSource) -> str:
    source = opened(row)
    try:
        async with asyncio.timeout(row.timeout_ms / 1000):
            reading = await source.read()
    except TimeoutError as error:
        raise SourceProblem(f"no answer within {row.timeout_ms} ms") from error
    finally:
        await source.close()
    told = [_told(one) for one in reading.counters[:TOLD]]
    if reading.connections is not None:
        told += _told_of_clients(reading.connections)
    return "; ".join([*told, *filter(None, [reading.remark])]) or "it has no counter"


def _told(one: Counter) -> str:
    parts = []
    if one.received is not None and one.transmitted is not None:
        parts.append(f"{one.received:,} bytes received")
        parts.append(f"{one.transmitted:,} transmitted")
    if one.requests is not None:
        parts.append(f"{one.requests:,} requests")
    if one.connections is not None:
        parts.append(f"{one.connections:,} connections open")
    return f"{one.name}: {', '.join(parts)}"


def _told_of_clients(connections: list[Connection]) -> list[str]:
    by_client: dict[str, list[Connection]] = {}
    for one in connections:
        by_client.setdefault(one.client, []).append(one)
    told = [f"{len(connections):,} connections of {len(by_client):,} clients"]
    for client, its in list(by_client.items())[:TOLD]:
        acked = sum(one.bytes_acked for one in its)
        told.append(f"{client}: {len(its):,}, which have carried {acked:,} bytes")
    return told


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # none at runtime
    """Counts so many rows and no more: to count millions takes seconds."""

    MOST = 10_000
    template_name = "admin/pagination_bounded.html"

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[: self.MOST].count()

    @property
    def at_bound(self) -> bool:
        return self.count >= self.MOST


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    show_full_result_count = False
    paginator = BoundedPaginator
    list_select_related = ("source",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


@admin.register(BandwidthSample)
class BandwidthSampleAdmin(ReadOnlyAdmin):
    ordering = ("-at",)
    list_display = (
        "at", "seconds", "source", "interface", "received_bytes", "transmitted_bytes",
        "covered_ms", "samples",
    )  # fmt: skip
    list_filter = ("seconds", "source")


@admin.register(BandwidthPeak)
class BandwidthPeakAdmin(ReadOnlyAdmin):
    ordering = ("-at",)
    list_display = (
        "at", "source", "interface", "direction", "bytes_per_second", "peaked_at",
    )  # fmt: skip
    list_filter = ("direction", "source")


@admin.register(ClientSample)
class ClientSampleAdmin(ReadOnlyAdmin):
    """Ten seconds of a client's connections, and what limited them."""

    ordering = ("-at", "-pk")
    list_display = (
        "time", "called", "rate", "limited_by", "window", "send_buffer", "lost",
        "round_trip", "connections",
    )  # fmt: skip
    readonly_fields = list_display[:-1]
    fieldsets = (
        (None, {"fields": list_display}),
        (
            "As it was counted",
            {
                "fields": (
                    "source", "clients", "tls_connections", "bytes", "active_ms",
                    "busy_ms", "receiver_limited_ms", "send_buffer_limited_ms",
                    "starved_ms", "segments_sent", "segments_retransmitted",
                    "delivery_max",
                )
            },
        ),
    )  # fmt: skip
    list_fullwidth = True
    sortable_by = ("time",)  # the one that has an index
    search_fields = ("client__startswith",)
    search_help_text = "A client's address, or how it begins."

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ClientSample]":
        rows: QuerySet[ClientSample] = super().get_queryset(request)
        return rows.exclude(client__in=clients.hidden())

    @admin.display(description="from", ordering="at")
    def time(self, row: ClientSample) -> str:
        moment = timezone.localtime(datetime.fromtimestamp(row.at, UTC))
        return _in_one_line(f"{moment:%b %d %H:%M:%S}")

    @admin.display(description="client")
    def called(self, row: ClientSample) -> str:
        return row.client or f"{row.clients:,} others"

    @admin.display(description="rate")
    def rate(self, row: ClientSample) -> str:
        size = humanize.naturalsize(row.bytes / ClientSample.SECONDS)
        return _in_one_line(f"{size}/s")

    @admin.display(description="limited by", empty_value="can't tell")
    def limited_by(self, row: ClientSample) -> str | None:
        return limit(
            Served(
                active_ms=row.active_ms,
                busy_ms=row.busy_ms,
                receiver_limited_ms=row.receiver_limited_ms,
                send_buffer_limited_ms=row.send_buffer_limited_ms,
                starved_ms=row.starved_ms,
            )
        )

    @admin.display(description="window full")
    def window(self, row: ClientSample) -> str | None:
        return _percent(row.receiver_limited_ms, row.busy_ms)

    @admin.display(description="buffer full")
    def send_buffer(self, row: ClientSample) -> str | None:
        return _percent(row.send_buffer_limited_ms, row.busy_ms)

    @admin.display(description="sent again")
    def lost(self, row: ClientSample) -> str | None:
        return _percent(row.segments_retransmitted, row.segments_sent)

    @admin.display(description="round trip")
    def round_trip(self, row: ClientSample) -> str | None:
        trip = row.round_trip_us
        return None if trip is None else _in_one_line(f"{trip / 1000:.1f} ms")


def _in_one_line(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _percent(part: int, whole: int) -> str | None:
    return f"{min(1, part / whole):.1%}" if whole else None
