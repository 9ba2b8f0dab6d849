"""The list of downloads, and the page of one with its sessions."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)

from downloads import quantities
from downloads.admin import cells
from downloads.admin.base import ReadOnlyAdmin, Unknowns
from downloads.admin.export import ExportMixin
from downloads.admin.export_columns import DOWNLOADS
from downloads.admin.filters import (
    EmptyDownloadsFilter,
    HiddenClientsFilter,
    ServiceFilter,
)
from downloads.admin.sessions import SessionInline
from downloads.models import Download, DownloadAlias

NO_UPLOAD = "no linked session tells how fast its client sent"


@admin.register(Download)
class DownloadAdmin(ExportMixin, ReadOnlyAdmin):
    export_columns = DOWNLOADS
    ordering = ("-started_at", "-id")
    list_select_related = ("client", "title")
    list_display = (
        "name", "client_name", "started", "lasted", "total", "rate_and_basis",
        "hit_rate", "miss_rate", "hit_share", "peak", cells.counted("requests"),
    )  # fmt: skip
    list_filter = (
        ("datasource", RelatedDropdownFilter),
        ServiceFilter,
        ("client", AutocompleteSelectFilter),
        ("basis", ChoicesDropdownFilter),
        EmptyDownloadsFilter,
        HiddenClientsFilter,
    )
    search_fields = (
        "client__name", "client__address", "client__person", "title__name",
        "title__raw",
    )  # fmt: skip
    search_help_text = "Client, address or title"
    inlines = (SessionInline,)
    fieldsets = (
        (None, {"fields": (("title", "service_name"), ("client", "datasource"))}),
        ("When", {"fields": (("began", "ended"), ("lasted", "pauses"))}),
        (
            "How much",
            {"fields": (("total", "asked"), ("hit", "miss"), ("hit_share", "other"))},
        ),
        (
            "How fast, while bytes moved",
            {
                "fields": (
                    ("rate", "peak"),
                    "how",
                    ("hit_rate", "miss_rate"),
                    "split_how",
                    ("up_rate", "implausible"),
                )
            },
        ),
    )
    readonly_fields = (
        "service_name", "began", "ended", "lasted", "pauses", "total", "asked", "hit",
        "miss", "other", "hit_share", "rate", "peak", "hit_rate", "miss_rate",
        "up_rate", "how", "split_how",
    )  # fmt: skip

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

    @admin.display(description="Title", ordering="title__name")
    def name(self, download: Download) -> SafeString:
        return cells.two_lines(str(download.title), self.service_name(download))

    @admin.display(description="Service")
    def service_name(self, download: Download) -> str:
        return download.service or "unknown"

    @admin.display(description="Client", ordering="client__address")
    def client_name(self, download: Download) -> SafeString:
        return cells.with_title(str(download.client), download.client.address)

    @admin.display(description="Started", ordering="started_at")
    def started(self, download: Download) -> SafeString:
        return cells.moment(download.started_at)

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

    @admin.display(description="↓ Rate", ordering=Unknowns("bytes_per_second"))
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

    @admin.display(description="↓ Hits", ordering=Unknowns("hit_bytes_per_second"))
    def hit_rate(self, download: Download) -> SafeString:
        why_not = "nothing came from the cache"
        if download.hit_bytes:
            why_not = download.get_split_basis_display()
        return cells.rate(download.hit_bytes_per_second, why_not)

    @admin.display(description="↓ Misses", ordering=Unknowns("miss_bytes_per_second"))
    def miss_rate(self, download: Download) -> SafeString:
        why_not = "nothing came from the internet"
        if download.miss_bytes:
            why_not = download.get_split_basis_display()
        return cells.rate(download.miss_bytes_per_second, why_not)

    @admin.display(description="Hit share")
    def hit_share(self, download: Download) -> SafeString:
        both = download.hit_bytes + download.miss_bytes
        if not both:
            return cells.unknown("neither hits nor misses")
        title = "bytes from cache, of those from cache and from the internet"
        return cells.with_title(quantities.share(download.hit_bytes, both), title)

    @admin.display(description="↓ Peak", ordering=Unknowns("peak_bytes_per_second"))
    def peak(self, download: Download) -> SafeString:
        return cells.rate(
            download.peak_bytes_per_second, "no ten seconds of it are known as a whole"
        )

    @admin.display(description="↑ Rate")
    def up_rate(self, download: Download) -> SafeString:
        return cells.rate(download.upload_bytes_per_second, NO_UPLOAD)

    @admin.display(description="How the rate was got")
    def how(self, download: Download) -> str:
        return download.get_basis_display()

    @admin.display(description="How hits and misses were told apart")
    def split_how(self, download: Download) -> str:
        return download.get_split_basis_display()
