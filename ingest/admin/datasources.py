"""Caches, their files, and how far each is read."""

from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.widgets import UnfoldAdminTextareaWidget

from downloads.admin import cells
from downloads.admin.base import BigListAdmin, ReadOnlyAdmin, ReadOnlyInline
from downloads.models import Datasource
from ingest.models import LogFile


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
        "path", "kind", "state", "format", "read", "on_disk", "what", "newest", "note",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="Lines")
    def what(self, file: LogFile) -> str:
        rejected = f", {file.rejected:,} rejected" if file.rejected else ""
        return f"{file.lines:,}{rejected}"


class DatasourceForm(ModelForm):  # type: ignore[type-arg]  # none at runtime
    class Meta:
        widgets = {"trusted_proxies": UnfoldAdminTextareaWidget(attrs={"rows": 3})}


@admin.register(Datasource)
class DatasourceAdmin(BigListAdmin):
    form = DatasourceForm
    list_display = ("name", "log_directory", "state", "files", "newest", "enabled")
    search_fields = ("name", "log_directory")
    inlines = (LogFileInline,)
    fieldsets = (
        (None, {"fields": (("name", "enabled"), "log_directory")}),
        ("How to read it", {"fields": ("history_days", "trusted_proxies")}),
        ("How it goes", {"fields": (("newest", "runs"), "error", "unread")}),
    )
    readonly_fields = ("newest", "runs", "error", "unread")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Datasource]:
        datasources: QuerySet[Datasource] = super().get_queryset(request)
        return datasources.annotate(file_count=Count("logfile"))

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        # Millions of rows would go with it, one by one, within this request.
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: Datasource,
        form: "ModelForm[Datasource]",
        change: bool,
    ) -> None:
        # Reading writes to the same row: what the form did not ask for stays.
        obj.save(update_fields=form.changed_data if change else None)

    @admin.display(description="State")
    def state(self, datasource: Datasource) -> SafeString:
        if not datasource.enabled:
            return cells.label("paused", "info")
        if datasource.last_error:
            error = cells.beginning(datasource.last_error, 80)
            return cells.two_lines(cells.label("failing", "danger"), error)
        if datasource.unread_files:
            names = ", ".join(name for name, _reason in datasource.unread_files)
            label = cells.label("files not read", "warning")
            return cells.two_lines(label, cells.beginning(names, 80))
        if not datasource.newest_stamp:
            return cells.label("nothing read yet", "info")
        return cells.label("read", "success")

    @admin.display(description="Files")
    def files(self, datasource: Datasource) -> SafeString:
        url = reverse("admin:ingest_logfile_changelist")
        count = getattr(datasource, "file_count", 0)
        return cells.link(f"{url}?datasource__id__exact={datasource.pk}", count)

    @admin.display(description="Newest line")
    def newest(self, datasource: Datasource) -> SafeString:
        return cells.second(datasource.newest_stamp, "no line was read yet")

    @admin.display(description="Passes")
    def runs(self, datasource: Datasource) -> SafeString:
        url = reverse("admin:ingest_ingestrun_changelist")
        return cells.link(
            f"{url}?datasource__id__exact={datasource.pk}", "the last ones"
        )

    @admin.display(description="Last error")
    def error(self, datasource: Datasource) -> SafeString | str:
        if not datasource.last_error:
            return "none"
        return format_html(
            "{}: {}", cells.moment(datasource.last_error_at), datasource.last_error
        )

    @admin.display(description="Files that are not read")
    def unread(self, datasource: Datasource) -> SafeString | str:
        listed = format_html_join(
            "", "<li><b>{}</b>: {}</li>", map(tuple, datasource.unread_files)
        )
        return format_html("<ul>{}</ul>", listed) if listed else "none"


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
        (None, {"fields": ("path", ("datasource", "kind", "format"), "state", "note")}),
        ("How far", {"fields": (("read", "on_disk"), ("oldest", "newest"), "seen_at")}),
        (
            "What its lines were",
            {"fields": ("lines", ("requests", "sessions"), ("skipped", "rejected"))},
        ),
        (
            "How it is known again",
            {
                "fields": (
                    ("live_start", "history_offset", "offset"),
                    ("counted_offset", "counted_history"),
                    ("head_len", "head_hash", "tail_hash"),
                    ("inode", "device"),
                ),
            },
        ),
    )
    readonly_fields = ("read", "on_disk", "oldest", "newest")

    @admin.display(description="Path", ordering="path")
    def path_and_kind(self, file: LogFile) -> SafeString:
        return cells.two_lines(file.path, f"{file.get_kind_display()}, {file.format}")

    @admin.display(description="State", ordering="state")
    def short_state(self, file: LogFile) -> SafeString:
        return cells.with_title(file.state, file.get_state_display())
