"""Lines that no format fits, and where in each the format failed."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter

from downloads.admin import cells
from downloads.admin.base import ReadOnlyAdmin
from ingest.admin.files import breakable
from ingest.escaping import original, printable
from ingest.models import RejectedLine

if TYPE_CHECKING:
    from ingest.formats.explaining import Misfit

BEGINNING = 80  # characters of a text that lists show
KEPT = 500  # characters of a line that are kept: what fails may lie behind them


@admin.register(RejectedLine)
class RejectedLineAdmin(ReadOnlyAdmin):
    ordering = ("-id",)
    list_select_related = ("datasource",)
    list_display = ("seen", "datasource", "path", "position", "reason", "beginning")
    list_filter = (("datasource", RelatedDropdownFilter),)
    search_fields = ("path", "reason", "text")
    fields = (
        ("cache", "seen"), ("log", "position"), "reason", "closest", "line"
    )  # fmt: skip
    readonly_fields = ("cache", "log", "seen", "closest", "line")

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

    @admin.display(description="Datasource")
    def cache(self, line: RejectedLine) -> SafeString:
        return cells.link(line.datasource.get_absolute_url(), line.datasource)

    @admin.display(description="File")
    def log(self, line: RejectedLine) -> SafeString:
        if line.file is None:
            return breakable(line.path)
        return cells.link(line.file.get_absolute_url(), breakable(line.path))

    @admin.display(description="Closest format")
    def closest(self, line: RejectedLine) -> str:
        return _misfit(line).format

    @admin.display(description="Where it failed")
    def line(self, line: RejectedLine) -> SafeString:
        text = original(line.text)
        misfit = _misfit(line)
        return cells.rendered(
            "admin/ingest/misfit.html",
            fits=printable(text[: misfit.position]),
            fails=printable(text[misfit.position :]),
            misfit=misfit,
            cut=len(text) >= KEPT,
        )


def _misfit(line: RejectedLine) -> "Misfit":
    # Every page loads this module: what knows the formats takes 25 MB.
    from ingest.formats.explaining import explain

    return explain(original(line.text), _kind(line))


def _kind(line: RejectedLine) -> str:
    return line.file.kind if line.file else ""
