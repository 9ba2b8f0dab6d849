"""Log files: how far each is read, and which of two that tell the same is."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action

from downloads.admin import cells
from downloads.admin.base import ReadOnlyAdmin, ReadOnlyInline
from ingest import operations
from ingest.admin import consequences
from ingest.discovery import DirectoryProblem, series_of
from ingest.models import LogFile

REJECTED = "admin:ingest_rejectedline_changelist"


def breakable(text: str) -> SafeString:
    """Return a long word that a narrow page may break anywhere."""
    return format_html('<span style="word-break: break-all">{}</span>', text)


class FileCells:
    """Columns that the list of files and a datasource's page share."""

    @admin.display(description="Read")
    def read(self, file: LogFile) -> SafeString:
        return cells.size(file.history_offset + file.offset - file.live_start)

    @admin.display(description="On disk", ordering="size")
    def on_disk(self, file: LogFile) -> SafeString:
        return cells.size(file.size)

    @admin.display(description="Oldest line")
    def oldest(self, file: LogFile) -> SafeString:
        return cells.second(file.first_stamp, "no line with a time was read")

    @admin.display(description="Newest line")
    def newest(self, file: LogFile) -> SafeString:
        return cells.second(file.last_stamp, "no line with a time was read")


class LogFileInline(FileCells, ReadOnlyInline):
    model = LogFile
    ordering = ("path",)
    fields = (
        "name_and_path", "kind", "state", "format", "read", "on_disk", "what",
        "newest", "note",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="File")
    def name_and_path(self, file: LogFile) -> SafeString:
        return cells.link(file.get_absolute_url(), file.name)

    @admin.display(description="Lines")
    def what(self, file: LogFile) -> str:
        rejected = f", {file.rejected:,} rejected" if file.rejected else ""
        return f"{file.lines:,}{rejected}"


@admin.register(LogFile)
class LogFileAdmin(FileCells, ReadOnlyAdmin):
    ordering = ("datasource", "path")
    list_select_related = ("datasource",)
    list_display = (
        "path_and_kind", "datasource", "short_state", "read", "on_disk",
        cells.counted("requests"), cells.counted("sessions"), cells.counted("skipped"),
        cells.counted("rejected"), "newest",
    )  # fmt: skip
    list_filter = (
        ("datasource", RelatedDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
    )
    search_fields = ("path",)
    fieldsets = (
        (None, {"fields": ("place", ("cache", "kind", "format"), "state", "note")}),
        ("How far", {"fields": (("read", "on_disk"), ("oldest", "newest"), "seen_at")}),
        (
            "What its lines were",
            {
                "fields": (
                    "lines",
                    ("requests", "sessions"),
                    ("skipped", "rejected", "rejected_lines"),
                )
            },
        ),
        (
            "How it is known again",
            {
                "fields": (
                    ("live_start", "history_offset", "offset"),
                    ("counted_offset", "counted_history"),
                    ("inode", "device", "head_len"),
                    "hashes",
                ),
            },
        ),
    )
    readonly_fields = (
        "cache", "read", "on_disk", "oldest", "newest", "rejected_lines", "hashes",
        "place",
    )  # fmt: skip
    actions_detail = ("read_instead",)

    @action(description="Read this one instead", permissions=["choose"])  # type: ignore[untyped-decorator]
    def read_instead(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Of two logs that tell the same traffic, read the one that was set aside."""
        file = get_object_or_404(LogFile, pk=object_id, state=LogFile.State.ASIDE)
        source, series = file.datasource, series_of(file.name)
        try:
            told = consequences.of_preferring(source, series)
            if request.method == "POST":
                user = request.user if request.user.is_authenticated else None
                job = operations.prefer(source, series, user)
                self.log_change(request, file, f"Chosen to be read: {series}.")
                return HttpResponseRedirect(job.get_absolute_url())
        except (DirectoryProblem, operations.Busy) as problem:
            self.message_user(request, str(problem), messages.WARNING)
            return HttpResponseRedirect(file.get_absolute_url())
        context = {
            **self.admin_site.each_context(request),
            "title": f"Read {series} instead?",
            "consequences": told,
            "back": file.get_absolute_url(),
            "verb": "Read it instead",
            "opts": self.opts,
        }
        return render(request, "admin/confirm.html", context)

    def has_choose_permission(
        self, request: HttpRequest, pk: int | str | None = None
    ) -> bool:
        """Whether this may be chosen here: only what is set aside can be."""
        if not request.user.has_perm("downloads.change_datasource"):
            return False
        aside = LogFile.objects.filter(state=LogFile.State.ASIDE)
        return pk is None or request.method == "POST" or aside.filter(pk=pk).exists()

    @admin.display(description="Path", ordering="path")
    def path_and_kind(self, file: LogFile) -> SafeString:
        return cells.two_lines(file.path, f"{file.get_kind_display()}, {file.format}")

    @admin.display(description="State", ordering="state")
    def short_state(self, file: LogFile) -> SafeString:
        return cells.with_title(file.state, file.get_state_display())

    @admin.display(description="Datasource")
    def cache(self, file: LogFile) -> SafeString:
        return cells.link(file.datasource.get_absolute_url(), file.datasource)

    @admin.display(description="Hashes of head and tail")
    def hashes(self, file: LogFile) -> SafeString:
        return breakable(f"{file.head_hash} {file.tail_hash}")

    @admin.display(description="Path")
    def place(self, file: LogFile) -> SafeString:
        return breakable(file.path)

    @admin.display(description="Samples")
    def rejected_lines(self, file: LogFile) -> SafeString:
        url = f"{reverse(REJECTED)}?file__id__exact={file.pk}"
        return cells.link(url, "rejected lines of it")
