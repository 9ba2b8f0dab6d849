"""Correlating again: the rows that were ticked at once, everything as a job."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from unfold.decorators import action

from downloads import jobs, linking
from downloads.linking import Changed
from downloads.models import Download, Job, StreamSession

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
else:
    ModelAdmin = object

MOST = 1000  # rows at once, while somebody waits


class CorrelatesAgain(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    """Actions of a list of sessions, or of downloads, whose sessions are meant."""

    actions = ("correlate_again",)
    actions_list = ("correlate_everything",)

    @admin.action(description="Correlate again", permissions=["correlate"])
    def correlate_again(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        rows = list(queryset[: MOST + 1])
        if len(rows) > MOST:
            self.message_user(
                request,
                f"At most {MOST:,} at once. For more there is: Correlate everything.",
                messages.ERROR,
            )
            return
        count = reopen(rows)
        noun = "session" if count == 1 else "sessions"
        self.message_user(request, f"{count:,} {noun} will be looked at again.")

    @action(description="Correlate everything", permissions=["correlate"])  # type: ignore[untyped-decorator]
    def correlate_everything(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            asker = request.user if request.user.is_authenticated else None
            job = jobs.ask(Job.Kind.CORRELATE, "everything", by=asker)
            return HttpResponseRedirect(job.get_absolute_url())
        return render(
            request,
            "admin/confirm.html",
            {
                **self.admin_site.each_context(request),
                "title": "Correlate every session again?",
                "consequences": [
                    "Each keeps its link until it has been looked at anew.",
                    "With millions of sessions that takes minutes; new ones come"
                    " first meanwhile.",
                ],
                "back": reverse(f"admin:downloads_{self.opts.model_name}_changelist"),
                "verb": "Correlate everything",
                "opts": self.opts,
            },
        )

    def has_correlate_permission(
        self, request: HttpRequest, object_id: int | str | None = None
    ) -> bool:
        return request.user.has_perm("downloads.change_streamsession")


def reopen(rows: list[Download] | list[StreamSession]) -> int:
    """Queue these sessions, or those around these downloads; return how many."""
    sessions = [row.pk for row in rows if isinstance(row, StreamSession)]
    changed = [
        Changed(
            row.datasource_id, row.client_id, row.service, row.started_at, row.ended_at
        )
        for row in rows
        if isinstance(row, Download)
    ]
    return linking.reopen_these(sessions) + linking.reopen_many(changed)
