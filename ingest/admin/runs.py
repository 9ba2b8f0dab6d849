"""Passes: what each read, and what came of it."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter

from downloads.admin import cells
from downloads.admin.base import ReadOnlyAdmin
from downloads.admin.filters import OptionsFilter
from ingest.models import IngestRun

BEGINNING = 80  # characters of a text that lists show


class FailedFilter(OptionsFilter):
    title = "outcome"
    parameter_name = "outcome"
    options = (("failed", "failed"), ("well", "went well"))

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Model]
    ) -> QuerySet[Model]:
        if self.value() == "failed":
            return queryset.filter(failed=True)
        return queryset.filter(failed=False) if self.value() == "well" else queryset


@admin.register(IngestRun)
class IngestRunAdmin(ReadOnlyAdmin):
    ordering = ("-id",)
    list_select_related = ("datasource",)
    list_display = (
        "started", "datasource", "outcome", "took", "size", "speed",
        cells.counted("requests"), cells.counted("sessions"), cells.counted("skipped"),
        cells.counted("rejected"), "beginning",
    )  # fmt: skip
    list_filter = (("datasource", RelatedDropdownFilter), FailedFilter)
    fieldsets = (
        (None, {"fields": (("cache", "started", "outcome"), "error")}),
        ("How fast", {"fields": (("took", "size"), ("speed", "bytes_a_second"))}),
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
    readonly_fields = (
        "cache", "started", "outcome", "took", "size", "speed", "bytes_a_second",
        "reasons",
    )  # fmt: skip

    @admin.display(description="Started", ordering="id")
    def started(self, run: IngestRun) -> SafeString:
        return cells.moment(run.started_at, exact=True)

    @admin.display(description="Took")
    def took(self, run: IngestRun) -> SafeString:
        return cells.duration(run.seconds)

    @admin.display(description="Read")
    def size(self, run: IngestRun) -> SafeString:
        return cells.size(run.bytes)

    @admin.display(description="Lines a second")
    def speed(self, run: IngestRun) -> SafeString | str:
        if run.lines_per_second is None:
            return cells.unknown("nothing was read")
        return f"{run.lines_per_second:,.0f}"

    @admin.display(description="Bytes a second")
    def bytes_a_second(self, run: IngestRun) -> SafeString:
        speed = run.bytes / run.seconds if run.bytes and run.seconds else None
        return cells.rate(speed, "nothing was read")

    @admin.display(description="Outcome")
    def outcome(self, run: IngestRun) -> SafeString:
        if run.failed:
            return cells.label("failed", "danger")
        return cells.label("went well", "success")

    @admin.display(description="Datasource")
    def cache(self, run: IngestRun) -> SafeString:
        return cells.link(run.datasource.get_absolute_url(), run.datasource)

    @admin.display(description="Why lines were skipped or rejected")
    def reasons(self, run: IngestRun) -> str:
        return ", ".join(f"{why}: {n:,}" for why, n in run.skipped_by_reason.items())

    @admin.display(description="Error")
    def beginning(self, run: IngestRun) -> SafeString | str:
        return cells.beginning(run.error, BEGINNING)
