"""The list of TLS sessions, and what a download shows of its own."""

from datetime import datetime

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from downloads import correlating, linking, quantities
from downloads.admin import cells
from downloads.admin.again import CorrelatesAgain
from downloads.admin.base import ReadOnlyAdmin, ReadOnlyInline
from downloads.admin.export import ExportMixin
from downloads.admin.export_columns import SESSIONS
from downloads.admin.filters import (
    AutocompleteFilter,
    HiddenClientsFilter,
    LinkedFilter,
    RelatedFilter,
    ServiceFilter,
    StatusFilter,
    TitleOfDownloadFilter,
)
from downloads.admin.indexes import Known
from downloads.admin.ranges import (
    DurationFilter,
    SizeFilter,
    SpeedFilter,
    session_rate,
)
from downloads.admin.searching import SearchesNames
from downloads.admin.times import TimeFilter
from downloads.models import Download, StreamSession

NO_DURATION = "the log tells no duration"
CONFIDENCE = "how likely it is that the session belongs to this download"


def why_no_rate(session: StreamSession) -> str:
    if session.status != 200:
        return f"it failed with status {session.status}"
    if session.duration is None:
        return NO_DURATION
    if not session.duration:
        return "shorter than the log can tell"
    return "it carried nothing"


def confidence(session: StreamSession) -> SafeString:
    if session.confidence is None:
        return cells.unknown(why_not_linked(session))
    return cells.with_title(f"{100 * session.confidence:.0f} %", CONFIDENCE)


def why_not_linked(session: StreamSession) -> str:
    if not session.correlated:
        return "not looked at yet"
    return session.get_unlinked_display() or "not linked"


def why_linked(session: StreamSession, download: Download) -> str:
    """Return what speaks for and against a link, as correlating weighs it."""
    start = session.started_at or session.ended_at
    evidence = correlating.weigh(
        correlating.Session(_ms(start), _ms(session.ended_at), session.host),
        [
            correlating.Candidate(
                download.pk, _ms(download.started_at), _ms(download.ended_at), ""
            )
        ],
    )
    if evidence is None:
        return "they do not overlap any more: to be looked at again"
    early = ", opened before it" if evidence.early else ""
    share = f"{100 * min(evidence.covered, 1):.0f} % of it during the download"
    kind = evidence.kind.value.partition(":")[0]
    return f"{share}{early}; host {kind}"


def _ms(when: datetime) -> int:
    return round(when.timestamp() * 1000)


class SessionCells:
    """Columns that the list and a download's page share."""

    @admin.display(description="Ended", ordering="ended_at")
    def ended(self, session: StreamSession) -> SafeString:
        return cells.moment(session.ended_at, exact=True)

    @admin.display(description="↓ to client", ordering="bytes_sent")
    def down(self, session: StreamSession) -> SafeString:
        rate = cells.rate(session.download_bytes_per_second, why_no_rate(session))
        return cells.two_lines(cells.size(session.bytes_sent), rate)

    @admin.display(description="↑ from client", ordering="bytes_received")
    def up(self, session: StreamSession) -> SafeString:
        rate = cells.rate(session.upload_bytes_per_second, why_no_rate(session))
        return cells.two_lines(cells.size(session.bytes_received), rate)

    @admin.display(description="↓ Rate", ordering=Known("down_bytes_per_second"))
    def down_rate(self, session: StreamSession) -> SafeString:
        return cells.rate(session.download_bytes_per_second, why_no_rate(session))

    @admin.display(description="↑ Rate", ordering=Known("up_bytes_per_second"))
    def up_rate(self, session: StreamSession) -> SafeString:
        return cells.rate(session.upload_bytes_per_second, why_no_rate(session))

    @admin.display(description="Total", ordering="total_bytes")
    def total(self, session: StreamSession) -> SafeString:
        both = (
            f"{quantities.size(session.bytes_sent)} to the client,"
            f" {quantities.size(session.bytes_received)} from it"
        )
        return cells.with_title(quantities.size(session.total_bytes), both)

    @admin.display(description="Duration", ordering=Known("duration"))
    def lasted(self, session: StreamSession) -> SafeString:
        return cells.duration(session.duration, NO_DURATION)

    @admin.display(description="Confidence", ordering=Known("confidence"))
    def sure(self, session: StreamSession) -> SafeString:
        return confidence(session)


class SessionInline(SessionCells, ReadOnlyInline):
    model = StreamSession
    verbose_name_plural = "TLS sessions linked to it"
    ordering = ("-ended_at", "-id")
    fields = (
        "ended", "host_link", "down", "up", "lasted", "sure", "why",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[StreamSession]:
        return super().get_queryset(request).select_related("download")

    @admin.display(description="Host")
    def host_link(self, session: StreamSession) -> SafeString:
        return cells.link(session.get_absolute_url(), session.host or "(no name)")

    @admin.display(description="Why")
    def why(self, session: StreamSession) -> str:
        return why_linked(session, session.download) if session.download else ""


@admin.register(StreamSession)
class StreamSessionAdmin(
    ExportMixin, CorrelatesAgain, SearchesNames, SessionCells, ReadOnlyAdmin
):
    export_columns = SESSIONS
    ordering = ("-ended_at", "-id")
    list_select_related = ("client", "download__title")
    list_display = (
        "ended", "client_name", "host_and_service", "down_rate", "up_rate", "lasted",
        "total", "status", "linked", "sure",
    )  # fmt: skip
    list_filter = (
        TimeFilter,
        ("client", AutocompleteFilter),
        ServiceFilter,
        ("download__title", TitleOfDownloadFilter),
        LinkedFilter,
        StatusFilter,
        ("datasource", RelatedFilter),
        SpeedFilter,
        SizeFilter,
        DurationFilter,
        HiddenClientsFilter,
    )
    indexed_filters = ("client", "status", "service", "datasource")
    search_fields = ("client", "host")
    search_help_text = "Client, address, person or host"
    fieldsets = (
        (None, {"fields": ("client", "service_name", "host", "datasource")}),
        (
            "What passed",
            {
                "fields": (
                    ("protocol", "status"),
                    ("began", "ended"),
                    "lasted",
                    ("down", "up"),
                )
            },
        ),
        (
            "What it was for",
            {"fields": (("download", "sure"), "why", "fetched_meanwhile")},
        ),
    )
    readonly_fields = (
        "began", "ended", "lasted", "service_name", "down", "up", "sure", "why",
        "fetched_meanwhile",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[StreamSession]:
        rows: QuerySet[StreamSession] = (
            super()
            .get_queryset(request)
            .alias(
                down_bytes_per_second=session_rate("bytes_sent"),
                up_bytes_per_second=session_rate("bytes_received"),
                seconds=F("duration"),
                size=F("total_bytes"),
            )
        )
        return rows

    @admin.display(description="Client")
    def client_name(self, session: StreamSession) -> SafeString:
        return cells.client(session.client)

    @admin.display(description="Host")
    def host_and_service(self, session: StreamSession) -> SafeString:
        host = session.host or "(no name)"
        return cells.two_lines(host, self.service_name(session))

    @admin.display(description="Service")
    def service_name(self, session: StreamSession) -> str:
        return session.service or "unknown"

    @admin.display(description="Started")
    def began(self, session: StreamSession) -> SafeString:
        return cells.moment(session.started_at, NO_DURATION, exact=True)

    @admin.display(description="Download")
    def linked(self, session: StreamSession) -> SafeString:
        if session.download is None:
            return cells.unknown(why_not_linked(session))
        url = session.download.get_absolute_url()
        return cells.link(url, session.download.title)

    @admin.display(description="Why")
    def why(self, session: StreamSession) -> str:
        if session.download is None:
            return why_not_linked(session)
        return why_linked(session, session.download)

    @admin.display(description="Fetched through the cache meanwhile")
    def fetched_meanwhile(self, session: StreamSession) -> SafeString | str:
        fetched = linking.fetched_during(session)
        if fetched is None:
            return cells.unknown("no service or time is known, or it is too long ago")
        return (
            f"{quantities.size(sum(fetched))} of this service by this client, to within"
            f" ten seconds ({quantities.size(fetched.hit_bytes)} from cache)"
        )
