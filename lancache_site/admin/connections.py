"""What the kernel said of clients' connections."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from bandwidth import clients
from bandwidth.admin import ReadOnlyAdmin
from bandwidth.connections import Served, limit
from bandwidth.models import ClientSample
from downloads import quantities
from downloads.admin import cells


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

    @admin.display(description="From", ordering="at")
    def time(self, row: ClientSample) -> SafeString:
        return cells.second(row.at)

    @admin.display(description="Client")
    def called(self, row: ClientSample) -> str:
        return row.client or f"{row.clients:,} others"

    @admin.display(description="↓ Rate")
    def rate(self, row: ClientSample) -> SafeString:
        return cells.rate(row.bytes / ClientSample.SECONDS, "")

    @admin.display(description="Limited by", empty_value="can't tell")
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

    @admin.display(description="Window full")
    def window(self, row: ClientSample) -> str | None:
        return _percent(row.receiver_limited_ms, row.busy_ms)

    @admin.display(description="Buffer full")
    def send_buffer(self, row: ClientSample) -> str | None:
        return _percent(row.send_buffer_limited_ms, row.busy_ms)

    @admin.display(description="Sent again")
    def lost(self, row: ClientSample) -> str | None:
        return _percent(row.segments_retransmitted, row.segments_sent)

    @admin.display(description="Round trip")
    def round_trip(self, row: ClientSample) -> str | None:
        trip = row.round_trip_us
        return None if trip is None else _in_one_line(f"{trip / 1000:.1f} ms")


def _in_one_line(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _percent(part: int, whole: int) -> str | None:
    return quantities.share(min(part, whole), whole) if whole else None
