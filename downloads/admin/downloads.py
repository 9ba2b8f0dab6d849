"""The list of downloads, and the page of one with its sessions."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from downloads import quantities
from downloads.admin import cells, chart
from downloads.admin.again import CorrelatesAgain
from downloads.admin.base import ReadOnlyAdmin
from downloads.admin.export import ExportMixin
from downloads.admin.export_columns import DOWNLOADS
from downloads.admin.filters import (
    AutocompleteFilter,
    ChoicesFilter,
    EmptyDownloadsFilter,
    HiddenClientsFilter,
    RelatedFilter,
    ServiceFilter,
)
from downloads.admin.indexes import Known, Unindexed
from downloads.admin.ranges import (
    DurationFilter,
    HitShareFilter,
    Seconds,
    SizeFilter,
    SpeedFilter,
    hit_share,
)
from downloads.admin.searching import SearchesNames
from downloads.admin.sessions import SessionInline
from downloads.admin.times import TimeFilter
from downloads.models import Download, DownloadAlias

NO_UPLOAD = "no linked session tells how fast its client sent"


@admin.register(Download)
class DownloadAdmin(ExportMixin, CorrelatesAgain, SearchesNames, ReadOnlyAdmin):
    export_columns = DOWNLOADS
    ordering = ("-started_at", "-id")
    list_display = (
        "name", "client_name", "started", "total", "rate_and_basis",
        "hit_share", "hit_rate", "miss_rate", "peak", "up_rate",
    )  # fmt: skip
    list_filter = (
        TimeFilter,
        ("title", AutocompleteFilter),
        ("client", AutocompleteFilter),
        ServiceFilter,
        ("datasource", RelatedFilter),
        ("basis", ChoicesFilter),
        SpeedFilter,
        SizeFilter,
        HitShareFilter,
        DurationFilter,
        EmptyDownloadsFilter,
        HiddenClientsFilter,
    )
    indexed_filters = ("title", "client", "basis", "service", "datasource")
    indexed_sorts = frozenset(
        {
            "total_bytes",
            "bytes_per_second",
            "hit_bytes_per_second",
            "miss_bytes_per_second",
            "peak_bytes_per_second",
            "upload_bytes_per_second",
        }
    )
    search_fields = ("client", "title")
    search_help_text = "Client, address, person or title"
    inlines = (SessionInline,)
    fieldsets = (
        (None, {"fields": (("title", "service_name"), ("client", "datasource"))}),
        ("When", {"fields": (("began", "ended"), ("lasted", "pauses"))}),
        (
            "How much",
            {"fields": (("total", "asked"), ("hit", "miss"), ("hit_share", "other"))},
        ),
        ("Over time", {"fields": ("over_time",)}),
        (
            "How fast, while bytes moved",
            {
                "fields": (
                    ("rate", "peak"),
                    "how",
                    ("hit_rate", "miss_rate"),
                    "split_how",
                    "up_rate",
                )
            },
        ),
    )
    readonly_fields = (
        "service_name", "began", "ended", "lasted", "pauses", "total", "asked", "hit",
        "miss", "other", "hit_share", "rate", "peak", "hit_rate", "miss_rate",
        "up_rate", "how", "split_how", "over_time",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Download]:
        rows: QuerySet[Download] = (
            super()
            .get_queryset(request)
            .select_related("client", "title", "datasource")
            .alias(
                down_bytes_per_second=Unindexed("bytes_per_second"),
                size=Unindexed("total_bytes"),
                seconds=Seconds("ended_at", "started_at"),
                share=hit_share(),
            )
        )
        return rows

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show it; lead from an absorbed id to the download that has its bytes now."""
        if object_id.isascii() and object_id.isdigit() and len(object_id) < 19:
            aliases = DownloadAlias.objects.filter(pk=int(object_id))
            if alias := aliases.select_related("download").first():
                return HttpResponseRedirect(alias.download.get_absolute_url())
        return super().change_view(request, object_id, form_url, extra_context)

    @admin.display(description="Title")
    def name(self, download: Download) -> SafeString:
        return cells.two_lines(str(download.title), self.service_name(download))

    @admin.display(description="Service")
    def service_name(self, download: Download) -> str:
        return download.service or "unknown"

    @admin.display(description="Client")
    def client_name(self, download: Download) -> SafeString:
        return cells.client(download.client)

    @admin.display(description="Started", ordering="started_at")
    def started(self, download: Download) -> SafeString:
        when = cells.moment(download.started_at)
        return cells.two_lines(when, format_html("took {}", self.lasted(download)))

    @admin.display(description="Started")
    def began(self, download: Download) -> SafeString:
        return cells.moment(download.started_at, exact=True)

    @admin.display(description="Ended")
    def ended(self, download: Download) -> SafeString:
        return cells.moment(download.ended_at, exact=True)

    @admin.display(description="Took")
    def lasted(self, download: Download) -> SafeString:
        took = download.ended_at - download.started_at
        return cells.duration(took.total_seconds())

    @admin.display(description="Pauses")
    def pauses(self, download: Download) -> str:
        if not download.silences:
            return "none"
        silent = quantities.duration(download.silence_seconds)
        return f"{download.silences}, {silent} in all: no part of any rate"

    @admin.display(description="Total", ordering="total_bytes")
    def total(self, download: Download) -> SafeString:
        return cells.size(download.total_bytes)

    @admin.display(description="Requests")
    def asked(self, download: Download) -> str:
        return f"{download.requests:,}, of which {download.failed_requests:,} failed"

    @admin.display(description="From cache")
    def hit(self, download: Download) -> SafeString:
        return cells.size(download.hit_bytes)

    @admin.display(description="From the internet")
    def miss(self, download: Download) -> SafeString:
        return cells.size(download.miss_bytes)

    @admin.display(description="Neither")
    def other(self, download: Download) -> SafeString:
        return cells.size(download.other_bytes)

    @admin.display(description="↓ Rate", ordering=Known("bytes_per_second"))
    def rate_and_basis(self, download: Download) -> SafeString:
        how = cells.with_title(
            download.basis.replace("_", " "), download.get_basis_display()
        )
        if download.implausible:
            how = cells.with_title("not believed", "faster than the interface's link")
        return cells.two_lines(self.rate(download), how)

    @admin.display(description="↓ Rate")
    def rate(self, download: Download) -> SafeString:
        return cells.rate(download.bytes_per_second, download.get_basis_display())

    @admin.display(description="↓ Hits", ordering=Known("hit_bytes_per_second"))
    def hit_rate(self, download: Download) -> SafeString:
        why_not = "nothing came from the cache"
        if download.hit_bytes:
            why_not = download.get_split_basis_display()
        return cells.rate(download.hit_bytes_per_second, why_not)

    @admin.display(description="↓ Misses", ordering=Known("miss_bytes_per_second"))
    def miss_rate(self, download: Download) -> SafeString:
        why_not = "nothing came from the internet"
        if download.miss_bytes:
            why_not = download.get_split_basis_display()
        return cells.rate(download.miss_bytes_per_second, why_not)

    @admin.display(description="Hit share", ordering=Known("share"))
    def hit_share(self, download: Download) -> SafeString:
        both = download.hit_bytes + download.miss_bytes
        if not both:
            return cells.unknown("neither hits nor misses")
        title = "bytes from cache, of those from cache and from the internet"
        return cells.bar(download.hit_bytes, both, title)

    @admin.display(description="↓ Peak", ordering=Known("peak_bytes_per_second"))
    def peak(self, download: Download) -> SafeString:
        return cells.rate(
            download.peak_bytes_per_second, "no ten seconds of it are known as a whole"
        )

    @admin.display(description="↑ Rate", ordering=Known("upload_bytes_per_second"))
    def up_rate(self, download: Download) -> SafeString:
        return cells.rate(download.upload_bytes_per_second, NO_UPLOAD)

    @admin.display(description="By when requests were over")
    def over_time(self, download: Download) -> SafeString:
        return chart.of_download(download)

    @admin.display(description="How the rate was got")
    def how(self, download: Download) -> str:
        how = download.get_basis_display()
        if download.implausible:
            how += "; not believed, as it is faster than the interface's link"
        return how

    @admin.display(description="How hits and misses were told apart")
    def split_how(self, download: Download) -> str:
        return download.get_split_basis_display()
