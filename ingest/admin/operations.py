"""What an operator may do to a datasource, each asked about once more before it is."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.html import format_html
from unfold.decorators import action

from downloads.admin import cells
from downloads.models import Datasource, Job, Logs
from ingest import operations
from ingest.admin import consequences
from ingest.admin.forms import DaysForm, LogsForm
from ingest.discovery import DirectoryProblem

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin

# (datasource, what the form said): does it, and says so, or gives the job that does.
Deed = Callable[[Datasource, dict[str, Any]], "str | Job"]


class OperationsAdmin(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    """Everything long is a job, and leads to its bar."""

    # No menu: unfold's can't be opened by keyboard.
    actions_detail = (
        "read_now", "pause", "resume", "read_days", "read_again", "forget", "remove"
    )  # fmt: skip

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        source = Datasource.objects.filter(pk=object_id).first()
        idle = {
            "pause": source is not None and source.enabled,
            "resume": source is not None
            and not (source.enabled and source.reads == Logs.BOTH),
        }
        found = super().get_actions_detail(request, object_id)  # type: ignore[misc]  # unfold's
        return [
            one for one in found if idle.get(one.method.original_function_name, True)
        ]

    def has_remove_permission(self, request: HttpRequest, pk: object = None) -> bool:
        return request.user.has_perm("downloads.delete_datasource")

    @action(description="Read now", icon="sync", permissions=["change"])  # type: ignore[untyped-decorator]
    def read_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._asked(
            request, object_id, "Read {} now?", "Read now",
            consequences.of_reading_now, _job(Job.Kind.READ_NOW, request), LogsForm,
        )  # fmt: skip

    @action(description="Read again", permissions=["change"])  # type: ignore[untyped-decorator]
    def read_again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._asked(
            request, object_id, "Read {} again from the start?", "Read again",
            consequences.of_reading_again, _job(Job.Kind.READ_AGAIN, request), LogsForm,
        )  # fmt: skip

    @action(description="Forget", permissions=["remove"])  # type: ignore[untyped-decorator]
    def forget(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._asked(
            request, object_id, "Forget the data of {}?", "Forget",
            consequences.of_forgetting, _job(Job.Kind.FORGET_DATASOURCE, request),
            LogsForm,
        )  # fmt: skip

    @action(description="Delete", permissions=["remove"])  # type: ignore[untyped-decorator]
    def remove(self, request: HttpRequest, object_id: int) -> HttpResponse:
        deed = _job(Job.Kind.FORGET_DATASOURCE, request, remove=True)
        return self._asked(
            request, object_id, "Delete {} and its data?", "Delete",
            consequences.of_deleting, deed,
        )  # fmt: skip

    @action(description="Pause", icon="pause", permissions=["change"])  # type: ignore[untyped-decorator]
    def pause(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._asked(
            request, object_id, "Pause reading {}?", "Pause",
            lambda _: consequences.PAUSING, _pause, LogsForm,
        )  # fmt: skip

    @action(description="Go on", icon="play_arrow", permissions=["change"])  # type: ignore[untyped-decorator]
    def resume(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._asked(
            request, object_id, "Go on reading {}?", "Go on",
            lambda _: consequences.GOING_ON, _resume, LogsForm,
        )  # fmt: skip

    @action(description="Last days", permissions=["change"])  # type: ignore[untyped-decorator]
    def read_days(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._asked(
            request, object_id, "Read only the last days of {}?", "Save",
            lambda _: consequences.READING_DAYS, _read_days, DaysForm,
        )  # fmt: skip

    def _asked(
        self,
        request: HttpRequest,
        pk: int,
        title: str,
        verb: str,
        consequences_of: Callable[[Datasource], list[str]],
        deed: Deed,
        form_class: type[forms.Form] = forms.Form,
    ) -> HttpResponse:
        """Say what would come of it, and do it once that is confirmed."""
        source = get_object_or_404(Datasource, pk=pk)
        back = source.get_absolute_url()
        asked = request.POST if request.method == "POST" else None
        form = form_class(asked, initial={"days": source.history_days})
        try:
            if request.method == "POST" and form.is_valid():
                return self._done(request, source, deed(source, form.cleaned_data))
            told = consequences_of(source)
        except operations.Busy as busy:
            self.message_user(request, _busy(busy.job), messages.WARNING)
            return HttpResponseRedirect(back)
        except DirectoryProblem as problem:
            text = f"Nothing could be read again: {problem}"
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": title.format(source),
            "consequences": told,
            "form": form if form.fields else None,
            "back": back,
            "verb": verb,
            "opts": self.opts,
        }
        return render(request, "admin/confirm.html", context)

    def _done(
        self, request: HttpRequest, source: Datasource, done: str | Job
    ) -> HttpResponse:
        if isinstance(done, Job):
            self.log_change(request, source, f"Asked for: {done}.")
            return HttpResponseRedirect(done.get_absolute_url())
        self.log_change(request, source, done)
        self.message_user(request, done)
        return HttpResponseRedirect(source.get_absolute_url())


def _job(kind: Job.Kind, request: HttpRequest, remove: bool = False) -> Deed:
    def ask(source: Datasource, said: dict[str, Any]) -> Job:
        logs = said.get("logs", Logs.BOTH)
        if kind == Job.Kind.READ_AGAIN:
            consequences.of_reading_again(source)  # refuses what would only forget
        user = request.user if request.user.is_authenticated else None
        return operations.ask(kind, source, logs, user, remove)

    return ask


def _pause(source: Datasource, said: dict[str, Any]) -> str:
    logs: Logs = said["logs"]
    left = Logs.of(source.kinds_read - logs.kinds)
    source.enabled = left is not None
    source.reads = left or source.reads
    source.save(update_fields=["enabled", "reads"])
    return f"Paused: {logs.label}."


def _resume(source: Datasource, said: dict[str, Any]) -> str:
    logs: Logs = said["logs"]
    source.reads = Logs.of(source.kinds_read | logs.kinds) or Logs.BOTH
    source.enabled = True
    source.save(update_fields=["enabled", "reads"])
    return f"Reading goes on: {logs.label}."


def _read_days(source: Datasource, said: dict[str, Any]) -> str:
    source.history_days = said["days"]
    source.save(update_fields=["history_days"])
    if source.history_days is None:
        return "All lines are read, however old."
    return f"Lines of the last {source.history_days:,} days are read."


def _busy(job: Job) -> str:
    what = cells.link(job.get_absolute_url(), job)
    return format_html("Under way already: {}. Wait for it, or stop it.", what)
