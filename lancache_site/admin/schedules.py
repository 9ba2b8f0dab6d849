"""Schedules: what runs how often, how it last went, and the way back."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import PeriodicTask
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from downloads.admin import cells
from lancache_site import outcomes, schedules
from lancache_site.admin.others import dress

if TYPE_CHECKING:
    TheirAdmin = admin.ModelAdmin[PeriodicTask]
else:
    TheirAdmin = object  # the package's own comes after ours

NEVER = "not since the broker was started"
LIST = "admin:django_celery_beat_periodictask_changelist"


class TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]  # Any
    """The names of all tasks, as the package finds them."""


class TaskForm(PeriodicTaskForm):  # type: ignore[misc]  # Any
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "task" in self.fields:  # a default keeps its task
            self.fields["regtask"].widget = TaskSelect()
            self.fields["task"].widget = UnfoldAdminTextInputWidget()

    def clean(self) -> dict[str, Any]:
        self.cleaned_data.setdefault("task", self.instance.task)
        cleaned: dict[str, Any] = super().clean()
        return cleaned


class ScheduleCells:
    """Columns of the list. Each row has its record, which one look-up brought."""

    @admin.display(description="Schedule", ordering="name")
    def title(self, task: PeriodicTask) -> SafeString:
        return cells.two_lines(task.name, task.task)

    @admin.display(description="Last run")
    def last_run(self, task: PeriodicTask) -> SafeString:
        last = self._record(task)["last"]
        return cells.second(int(last["at"]) if last else None, NEVER)

    @admin.display(description="Took")
    def took(self, task: PeriodicTask) -> SafeString:
        last = self._record(task)["last"]
        return cells.duration(round(last["seconds"], 3) if last else None, NEVER)

    @admin.display(description="Ended")
    def ended(self, task: PeriodicTask) -> SafeString:
        record = self._record(task)
        last, failed = record["last"], record["failed"]
        if last is None:
            return cells.label("has not run", "warning" if task.enabled else "default")
        if failed is None:
            return cells.label("well", "success")
        label = cells.label(
            *(("failed", "danger") if last["error"] else ("well", "success"))
        )
        when = cells.moment(datetime.fromtimestamp(failed["at"], UTC))
        why = cells.beginning(failed["error"], 80)
        return cells.two_lines(label, cells.joined("failed", when, why))

    def _record(self, task: PeriodicTask) -> outcomes.Record:
        unknown = outcomes.Record(last=None, failed=None)
        record: outcomes.Record = getattr(task, "record", unknown)
        return record


class ScheduleAdmin(ScheduleCells, TheirAdmin):
    """A default may be changed and switched off; its name, task and row stay."""

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        listed: ChangeList = super().get_changelist_instance(request)
        records = outcomes.records(task.name for task in listed.result_list)
        for task in listed.result_list:
            task.record = records[task.name]
        return listed

    def get_fieldsets(
        self, request: HttpRequest, obj: PeriodicTask | None = None
    ) -> Any:
        (_none, first), *rest = super().get_fieldsets(request, obj)
        if is_default(obj):
            fields = tuple(name for name in first["fields"] if name != "regtask")
            first = {**first, "fields": fields}
        return [(None, first), *rest]

    def get_readonly_fields(
        self, request: HttpRequest, obj: PeriodicTask | None = None
    ) -> tuple[str, ...]:
        fixed = ("name", "task") if is_default(obj) else ()
        return (*fixed, *super().get_readonly_fields(request, obj))

    def has_delete_permission(
        self, request: HttpRequest, obj: PeriodicTask | None = None
    ) -> bool:
        # Asked of each row, too, before chosen ones, or an interval of theirs, go.
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and not is_default(obj)

    @action(  # type: ignore[untyped-decorator]
        description="Put the defaults back", icon="restore", permissions=["change"]
    )
    def put_back(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            names = ", ".join(default.name for default in schedules.DEFAULTS)
            context = {
                **self.admin_site.each_context(request),
                "title": "Put the default schedules back?",
                "consequences": [
                    f"These run again as they came: {names}.",
                    "What you have added stays as it is.",
                ],
                "back": reverse(LIST),
                "verb": "Put them back",
                "opts": PeriodicTask._meta,
            }
            return render(request, "admin/confirm.html", context)
        changed = schedules.put_back()
        for task, made in changed:
            log = self.log_addition if made else self.log_change
            log(request, task, "Put back as it came.")
        if changed:
            names = ", ".join(task.name for task, _made in changed)
            messages.success(request, f"Put back: {names}.")
        else:
            messages.info(request, "They were as they came.")
        return HttpResponseRedirect(reverse(LIST))


def is_default(task: PeriodicTask | None) -> bool:
    return task is not None and task.name in schedules.NAMES


dress(
    "django_celery_beat.PeriodicTask",
    ScheduleAdmin,
    form=TaskForm,
    change_form_template=None,  # theirs has an inline script, which the policy forbids
    date_hierarchy=None,  # it runs a Python function over every row on SQLite
    list_display=("title", "enabled", "scheduler", "last_run", "took", "ended"),
    list_filter=("enabled",),
    actions_list=("put_back",),
)
