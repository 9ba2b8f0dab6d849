"""Passes, and the lines that they could not take in."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter

from downloads.admin import cells
from downloads.admin.base import ReadOnlyAdmin
from downloads.admin.filters import OptionsFilter
from ingest.models import IngestRun, RejectedLine

BEGINNING = 80  # characters of a text that lists show


class FailedFilter(OptionsFilter):
    title = "outcome"
    parameter_name = "outcome"
    options = (("failed", "failed"), ("well", "went well"))

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Model]
    ) -> QuerySet[Model]:
        if self.value() == "failed":
            return queryset.exclude(error="")
        return queryset.filter(error="") if self.value() == "well" else queryset


@admin.register(IngestRun)
class IngestRunAdmin(ReadOnlyAdmin):
    ordering = ("-id",)
    list_select_related = ("datasource",)
    list_display = (
        "started", "datasource", "took", "size", cells.counted("requests"),
        cells.counted("sessions"), cells.counted("skipped"), cells.counted("rejected"),
        "beginning",
    )  # fmt: skip
    list_filter = (("datasource", RelatedDropdownFilter), FailedFilter)
    fieldsets = (
        (None, {"fields": (("datasource", "started", "took"), "size", "error")}),
        (
            "What its lines were",
            {
                "fields": (
                    "lines",
                    ("requests", "sessions"),
                    ("skipped", "rejected"),
                    "reasons",
                )
            },
        ),
    )
    readonly_fields = ("started", "took", "size", "reasons")

    @admin.display(description="Started", ordering="id")
    def started(self, run: IngestRun) -> SafeString:
        return cells.moment(run.started_at, exact=True)

    @admin.display(description="Took")
    def took(self, run: IngestRun) -> SafeString:
        return cells.duration(run.seconds)

    @admin.display(description="Read")
    def size(self, run: IngestRun) -> SafeString:
        return cells.size(run.bytes)

    @admin.display(description="Why lines were skipped")
    def reasons(self, run: IngestRun) -> str:
        return ", ".join(f"{why}: {n:,}" for why, n in run.skipped_by_reason.items())

    @admin.display(description="Error")
    def beginning(self, run: IngestRun) -> SafeString | str:
        return cells.beginning(run.error, BEGINNING)


@admin.register(RejectedLine)
class RejectedLineAdmin(ReadOnlyAdmin):
    ordering = ("-id",)
    list_select_related = ("datasource",)
    list_display = ("seen", "datasource", "path", "position", "reason", "beginning")
    list_filter = (("datasource", RelatedDropdownFilter),)
    search_fields = ("path", "reason", "text")
    fields = (("datasource", "seen"), ("path", "position"), "reason", "line")
    readonly_fields = ("seen", "line")

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        # Samples for whoever looks into them: done with, they may go.
        return super(ReadOnlyAdmin, self).has_delete_permission(request, obj)

    @admin.display(description="Seen", ordering="id")
    def seen(self, line: RejectedLine) -> SafeString:
        return cells.moment(line.seen_at, exact=True)

    @admin.display(description="Line")
    def beginning(self, line: RejectedLine) -> SafeString:
        return cells.beginning(line.text, BEGINNING)

    @admin.display(description="Line")
    def line(self, line: RejectedLine) -> SafeString:
        return format_html('<code class="break-words">{}</code>', line.text)
