"""Sources: added, changed and tested. What they told is in lancache_site.admin."""

import asyncio
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from humanize import naturalsize
from unfold.decorators import action

from bandwidth.models import BandwidthSource
from bandwidth.opening import opened
from bandwidth.sources import Counter, Disk, SourceProblem

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
    list_before_template = "admin/bandwidth_live.html"
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

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.watch_instead)
        name = "bandwidth_bandwidthsource_watch_instead"
        own = path("<int:object_id>/watch-instead/", view, name=name)
        return [own, *super().get_urls()]

    def watch_instead(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask whether to watch another interface, and do so; hints lead here."""
        row = get_object_or_404(BandwidthSource, pk=object_id)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        back = reverse("admin:bandwidth_bandwidthsource_change", args=[row.pk])
        interface = request.GET.get("interface", "")
        try:
            rivals = [one.name for one in asyncio.run(_rivals(row))]
        except SourceProblem as problem:
            self.message_user(request, f"{row}: {problem}", messages.ERROR)
            return HttpResponseRedirect(back)
        if interface not in rivals:
            told = f"{row} can't watch {interface or 'nothing'} instead"
            self.message_user(request, told, messages.ERROR)
            return HttpResponseRedirect(back)
        if request.method != "POST":
            watched = row.wanted or settings.LANCACHE_INTERFACE or "the default route"
            context = {
                **self.admin_site.each_context(request),
                "title": f"{row}: watch {interface} instead?",
                "consequences": [
                    f"Until now it watches {watched}. What was stored of that stays.",
                ],
                "back": back,
                "verb": f"Watch {interface}",
                "opts": self.opts,
            }
            return render(request, "admin/confirm.html", context)
        row.wanted = interface
        row.save(update_fields=["wanted"])
        self.log_change(request, row, f"Watches {interface} instead.")
        self.message_user(request, f"{row}: watches {interface} from now on.")
        return HttpResponseRedirect(back)

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
    told += [_told_of_disk(disk) for disk in reading.disks]
    return "; ".join([*told, *filter(None, [reading.remark])]) or "it has no counter"


async def _rivals(row: BandwidthSource) -> list[Counter]:
    """Return what it could watch instead of what it watches."""
    source = opened(row)
    try:
        await source.read()
        return await source.rivals()
    finally:
        await source.close()


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


def _told_of_disk(disk: Disk) -> str:
    parts = [f"{naturalsize(disk.free)} free of {naturalsize(disk.size)}"]
    if disk.read is not None and disk.written is not None:
        parts.append(f"{disk.read:,} bytes read")
        parts.append(f"{disk.written:,} written")
    if disk.busy_ms is not None:
        parts.append(f"busy for {disk.busy_ms / 1000:,.0f} s since the start")
    on = f" on {disk.device}" if disk.device else ""
    return f"{disk.path}{on}: {', '.join(parts)}"


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    show_full_result_count = False
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
