"""Caches, and how far the logs of each are read."""

import time
from pathlib import Path
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from downloads import quantities
from downloads.admin import cells
from downloads.admin.base import BigListAdmin
from downloads.models import Datasource, Job, Logs
from ingest import checking, operations, standing
from ingest.admin.files import LogFileInline
from ingest.admin.forms import DatasourceForm
from ingest.admin.operations import OperationsAdmin
from ingest.standing import Standing

QUIET = 60  # seconds without a line


@admin.register(Datasource)
class DatasourceAdmin(OperationsAdmin, BigListAdmin):
    form = DatasourceForm
    list_display = ("name", "log_directory", "state", "reading", "newest", "files")
    search_fields = ("name", "log_directory")
    inlines = (LogFileInline,)
    add_fieldsets = (
        (None, {"fields": ("name", "log_directory", "save_anyway")}),
        ("How to read it", {"fields": ("history_days", "trusted_proxies")}),
    )
    fieldsets = (
        (
            "How it goes",
            {
                "fields": (
                    ("state", "reading"),
                    ("newest", "files", "runs"),
                    "error",
                    "unread",
                )
            },
        ),
        ("What it is", {"fields": ("name", "log_directory", "save_anyway")}),
        (
            "How to read it",
            {"fields": (("enabled", "reads"), "history_days", "trusted_proxies")},
        ),
        ("What its directory holds", {"fields": ("held",)}),
    )
    readonly_fields = (
        "state", "reading", "newest", "files", "runs", "error", "unread", "held"
    )  # fmt: skip
    list_before_template = "admin/ingest/offered.html"
    change_form_before_template = "admin/ingest/offered.html"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj else ()

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        # Millions of rows would go with it, one by one, within this request: a job
        # deletes it, see OperationsAdmin.
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: Datasource,
        form: "ModelForm[Datasource]",
        change: bool,
    ) -> None:
        # Reading writes to the same row: what the form did not ask for stays.
        changed = [name for name in form.changed_data if name != "save_anyway"]
        obj.save(update_fields=changed if change else None)

    def response_post_save_add(
        self, request: HttpRequest, obj: Datasource
    ) -> HttpResponseRedirect:
        # To what was found in its directory.
        return HttpResponseRedirect(obj.get_absolute_url())

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        empty = not Datasource.objects.exists()
        offered = _offered(request) if empty else []
        return super().changelist_view(
            request, {"offered": offered, **(extra_context or {})}
        )

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"offered": _offered(request), **(extra_context or {})}
        return super().add_view(request, form_url, context)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        found = super().get_changelist_instance(request)
        jobs = operations.all_under_way()
        standings = standing.of(found.result_list)
        for source in found.result_list:
            source.standing = standings[source.pk]
            source.job = jobs.get(source.pk)
        return found

    def get_object(self, *args: Any, **kwargs: Any) -> Any:
        source = super().get_object(*args, **kwargs)
        if source:
            source.standing = standing.of([source])[source.pk]
            source.job = operations.under_way(source)
        return source

    @admin.display(description="State")
    def state(self, datasource: Datasource) -> SafeString:
        label, why = _state(datasource)
        return cells.two_lines(cells.label(*label), why) if why else cells.label(*label)

    @admin.display(description="Reading")
    def reading(self, datasource: Datasource) -> SafeString | str:
        found = _standing(datasource)
        pace = (
            f"{found.lines_per_second:,.0f} lines/s of late"
            if found.lines_per_second
            else ""
        )
        if not found.files:
            return cells.unknown("no file was found yet")
        if found.is_read:
            read = cells.size(found.read)
            return cells.two_lines(format_html("all of {}", read), pace)
        parts = [f"{quantities.size(found.unread)} to go"] if found.unread else []
        if found.packed:
            parts.append(f"{found.packed:,} compressed files to go")
        if found.seconds_left is not None:
            parts.append(f"about {quantities.duration(found.seconds_left)}")
        return cells.two_lines(", ".join(parts), pace)

    @admin.display(description="Newest line")
    def newest(self, datasource: Datasource) -> SafeString:
        newest = cells.second(datasource.newest_stamp, "no line was read yet")
        if not datasource.newest_stamp:
            return newest
        behind = time.time() - datasource.newest_stamp
        if behind < -QUIET:
            return cells.two_lines(newest, "ahead of this host's clock")
        if behind < QUIET:
            return cells.two_lines(newest, "just now")
        quiet = _standing(datasource).is_read
        said = quantities.duration(behind)
        return cells.two_lines(newest, f"quiet for {said}" if quiet else f"{said} ago")

    @admin.display(description="Files")
    def files(self, datasource: Datasource) -> SafeString:
        url = reverse("admin:ingest_logfile_changelist")
        count = f"{_standing(datasource).files:,}"
        return cells.link(f"{url}?datasource__id__exact={datasource.pk}", count)

    @admin.display(description="Passes")
    def runs(self, datasource: Datasource) -> SafeString:
        url = reverse("admin:ingest_ingestrun_changelist")
        url = f"{url}?datasource__id__exact={datasource.pk}"
        return format_html(
            "{}, {}",
            cells.link(url, "the last ones"),
            cells.link(f"{url}&outcome=failed", "those that failed"),
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

    @admin.display(description="Now")
    def held(self, datasource: Datasource) -> SafeString:
        found = checking.check(
            Path(datasource.log_directory), datasource.preferred_series
        )
        rows = [
            [
                look.name,
                look.kind,
                look.format or cells.unknown("no format that is known"),
                cells.size(look.size),
                cells.second(look.first, "its first line tells no time"),
                cells.second(look.last, "its last line tells no time"),
            ]
            for look in found.looks
        ]
        headers = ["File", "Log", "Format", "Size", "First", "Last"]
        table = {"headers": headers, "rows": rows}
        return cells.rendered("admin/ingest/check.html", check=found, table=table)


def _standing(source: Datasource) -> Standing:
    found: Standing = getattr(source, "standing", None) or Standing()
    return found


def _state(source: Datasource) -> tuple[tuple[str, str], SafeString | str]:
    """Return the label of a datasource's state, and what there is to say of it."""
    job: Job | None = getattr(source, "job", None)
    if job:
        link = cells.link(job.get_absolute_url(), job.get_kind_display())
        return ("at work", "info"), link
    if source.forgetting:
        why = "its data is forgotten in part: read it again, or forget it"
        return ("reading rests", "danger"), why
    if not source.enabled:
        return ("paused", "info"), ""
    if source.last_error:
        error = cells.beginning(source.last_error, 80)
        moment = cells.moment(source.last_error_at)
        return ("failing", "danger"), format_html("{}: {}", moment, error)
    if source.unread_files:
        names = ", ".join(name for name, _reason in source.unread_files)
        return ("files not read", "warning"), cells.beginning(names, 80)
    if source.reads != Logs.BOTH:
        return ("read in part", "info"), f"only {Logs(source.reads).label}"
    if not source.newest_stamp:
        return ("nothing read yet", "info"), ""
    if not _standing(source).is_read:
        return ("being read", "info"), ""
    return ("read", "success"), ""


def _offered(request: HttpRequest) -> list[dict[str, str]]:
    """Return usual places that hold a cache's logs, and where each would be added."""
    if not request.user.has_perm("downloads.add_datasource"):
        return []
    used = list(Datasource.objects.values_list("log_directory", flat=True))
    add = reverse("admin:downloads_datasource_add")
    return [
        {
            "directory": str(place),
            "url": f"{add}?{urlencode({'name': _name(), 'log_directory': str(place)})}",
        }
        for place in checking.offered(used)
    ]


def _name() -> str:
    """Return a name for one more cache."""
    taken = set(Datasource.objects.values_list("name", flat=True))
    names = ("lancache", *(f"lancache-{n}" for n in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
