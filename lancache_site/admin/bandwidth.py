"""What was read of interfaces and disks, by ten seconds and minutes, and peaks."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from bandwidth.admin import ReadOnlyAdmin
from bandwidth.models import BandwidthPeak, BandwidthSample, DiskSample
from downloads import quantities
from downloads.admin import cells
from lancache_site.live import audience, views

NOTHING_READ = "nothing was read in that time"
NOT_COUNTED = "no block device is known to be under it"


class LengthFilter(admin.SimpleListFilter):
    """Rows of a minute, unless ten seconds are asked for: never both in one list."""

    title = "rows of"
    parameter_name = "seconds"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("60", "a minute"), ("10", "ten seconds")]

    def value(self) -> str:
        return "10" if super().value() == "10" else "60"

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        _all, *own = super().choices(changelist)
        yield from own

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[Any]"
    ) -> "QuerySet[Any]":
        return queryset.filter(seconds=int(self.value()))


@admin.register(BandwidthSample)
class BandwidthSampleAdmin(ReadOnlyAdmin):
    ordering = ("-at",)
    list_fullwidth = True
    list_before_template = "admin/bandwidth_history.html"
    list_display = (
        "time", "interface", "source", "received", "transmitted", "receive_most",
        "transmit_most", "covered",
    )  # fmt: skip
    list_filter = (LengthFilter, ("source", RelatedDropdownFilter))
    sortable_by = ("time",)  # the one that has an index

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        drawn = views.history_context(audience.of_user(request.user), "live-history")
        return super().changelist_view(request, {**(extra_context or {}), **drawn})

    @admin.display(description="From", ordering="at")
    def time(self, row: BandwidthSample) -> SafeString:
        return cells.second(row.at)

    @admin.display(description="Received")
    def received(self, row: BandwidthSample) -> SafeString:
        return _mean(row.received_bytes, row)

    @admin.display(description="Transmitted")
    def transmitted(self, row: BandwidthSample) -> SafeString:
        return _mean(row.transmitted_bytes, row)

    @admin.display(description="At most received")
    def receive_most(self, row: BandwidthSample) -> SafeString:
        return cells.rate(row.receive_max, NOTHING_READ)

    @admin.display(description="At most transmitted")
    def transmit_most(self, row: BandwidthSample) -> SafeString:
        return cells.rate(row.transmit_max, NOTHING_READ)

    @admin.display(description="Covered")
    def covered(self, row: BandwidthSample) -> str:
        return f"{row.covered_ms / 1000:.1f} of {row.seconds} s"


def _mean(count: int | None, row: BandwidthSample | DiskSample) -> SafeString:
    if count is None or not row.covered_ms:
        return cells.unknown(NOTHING_READ if count is not None else NOT_COUNTED)
    return cells.rate(count * 1000 / row.covered_ms, NOTHING_READ)


@admin.register(BandwidthPeak)
class BandwidthPeakAdmin(ReadOnlyAdmin):
    ordering = ("-at",)
    list_fullwidth = True
    list_before_template = "admin/bandwidth_live.html"
    list_display = ("hour", "interface", "source", "direction", "speed", "moment")
    list_filter = (
        ("direction", ChoicesDropdownFilter), ("source", RelatedDropdownFilter)
    )  # fmt: skip

    @admin.display(description="Hour from", ordering="at")
    def hour(self, row: BandwidthPeak) -> SafeString:
        return cells.second(row.at)

    @admin.display(description="Fastest", ordering="bytes_per_second")
    def speed(self, row: BandwidthPeak) -> SafeString:
        return cells.rate(row.bytes_per_second, NOTHING_READ)

    @admin.display(description="At", ordering="peaked_at")
    def moment(self, row: BandwidthPeak) -> SafeString:
        return cells.second(row.peaked_at)


@admin.register(DiskSample)
class DiskSampleAdmin(ReadOnlyAdmin):
    ordering = ("-at",)
    list_fullwidth = True
    list_display = ("time", "device", "source", "busy", "reads", "writes", "free")
    list_filter = (LengthFilter, ("source", RelatedDropdownFilter))
    sortable_by = ("time",)  # the one that has an index

    @admin.display(description="From", ordering="at")
    def time(self, row: DiskSample) -> SafeString:
        return cells.second(row.at)

    @admin.display(description="Busy")
    def busy(self, row: DiskSample) -> SafeString:
        if row.busy_ms is None or not row.covered_ms:
            return cells.unknown(NOT_COUNTED)
        busy = min(row.busy_ms, row.covered_ms)
        return cells.bar(busy, row.covered_ms, "of the time, it was at work")

    @admin.display(description="Reads")
    def reads(self, row: DiskSample) -> SafeString:
        return _mean(row.read_bytes, row)

    @admin.display(description="Writes")
    def writes(self, row: DiskSample) -> SafeString:
        return _mean(row.written_bytes, row)

    @admin.display(description="Free")
    def free(self, row: DiskSample) -> SafeString:
        free, size = quantities.size(row.free_bytes), quantities.size(row.size_bytes)
        return cells.with_title(f"{free} of {size}", f"{row.free_bytes:,} bytes")
