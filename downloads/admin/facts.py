"""The sums that everything else is made of: to be looked at, never touched."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from downloads import quantities
from downloads.admin import cells
from downloads.admin.base import ReadOnlyAdmin
from downloads.admin.export import ExportMixin
from downloads.admin.export_columns import QUARTERS
from downloads.admin.filters import (
    AutocompleteFilter,
    HiddenClientsFilter,
    RelatedFilter,
)
from downloads.admin.times import TimeFilter
from downloads.models import (
    Burst,
    Counter,
    DownloadAlias,
    TrafficBucket,
    TrafficQuarter,
)

Sums = Burst | TrafficBucket | TrafficQuarter


class SumCells:
    """Columns of rows that hold bytes by how they were served."""

    @admin.display(description="From cache")
    def hit(self, row: Sums) -> SafeString:
        return cells.size(row.hit_bytes)

    @admin.display(description="From the internet")
    def miss(self, row: Sums) -> SafeString:
        return cells.size(row.miss_bytes)

    @admin.display(description="Neither")
    def other(self, row: Sums) -> SafeString:
        return cells.size(row.other_bytes)


@admin.register(Burst)
class BurstAdmin(SumCells, ReadOnlyAdmin):
    ordering = ("-id",)
    list_display = (
        "began", "lasted", "client", "title", "datasource", "hit", "miss", "other",
        cells.counted("requests"), cells.counted("failed_requests"), "grouped",
    )  # fmt: skip
    list_select_related = ("client", "title", "datasource")
    list_filter = (("datasource", RelatedFilter),)

    @admin.display(description="First completion")
    def began(self, burst: Burst) -> SafeString:
        return cells.second(burst.first)

    @admin.display(description="To the last")
    def lasted(self, burst: Burst) -> SafeString:
        return cells.duration(burst.last - burst.first)


@admin.register(TrafficBucket)
class TrafficBucketAdmin(SumCells, ReadOnlyAdmin):
    ordering = ("-at", "-id")
    list_display = (
        "since", "client", "title", "datasource", "hit", "miss", "other",
        cells.counted("requests"),
    )  # fmt: skip
    list_select_related = ("client", "title", "datasource")
    list_filter = (
        TimeFilter,
        ("client", AutocompleteFilter),
        ("datasource", RelatedFilter),
    )

    @admin.display(description="Ten seconds from", ordering="at")
    def since(self, bucket: TrafficBucket) -> SafeString:
        return cells.second(bucket.at)


@admin.register(TrafficQuarter)
class TrafficQuarterAdmin(ExportMixin, SumCells, ReadOnlyAdmin):
    export_columns = QUARTERS
    ordering = ("-at", "-id")
    list_display = (
        "since", "client", "service_name", "datasource", "hit", "miss", "other",
        cells.counted("requests"), cells.counted("failed_requests"),
    )  # fmt: skip
    list_select_related = ("client", "datasource")
    list_filter = (
        TimeFilter,
        ("client", AutocompleteFilter),
        ("datasource", RelatedFilter),
        HiddenClientsFilter,
    )

    @admin.display(description="Quarter of an hour from", ordering="at")
    def since(self, quarter: TrafficQuarter) -> SafeString:
        return cells.second(quarter.at)

    @admin.display(description="Service")
    def service_name(self, quarter: TrafficQuarter) -> str:
        return quarter.service or "unknown"


@admin.register(Counter)
class CounterAdmin(ReadOnlyAdmin):
    ordering = ("name", "service", "kind", "id")
    list_display = ("name", "datasource", "service", "kind", "shown")
    list_select_related = ("datasource",)
    list_filter = (("datasource", RelatedFilter),)
    search_fields = ("name", "service", "kind")

    @admin.display(description="Value", ordering="value")
    def shown(self, counter: Counter) -> SafeString | str:
        if "bytes" in counter.name:
            return cells.with_title(
                quantities.size(counter.value), f"{counter.value:,} bytes"
            )
        return f"{counter.value:,}"


@admin.register(DownloadAlias)
class DownloadAliasAdmin(ReadOnlyAdmin):
    ordering = ("-id",)
    list_display = ("id", "download")
    list_select_related = ("download__client", "download__title")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DownloadAlias]:
        return super().get_queryset(request).select_related(*self.list_select_related)
