"""What is done to the clients that were ticked; what can't be undone is asked first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from unfold.widgets import UnfoldAdminTextInputWidget

from downloads import bulk, jobs
from downloads.models import Client, Job

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
else:
    ModelAdmin = object

LISTED = 5  # names that a question tells
LATER = (
    "What is read from the logs later makes them anew. To prevent that, forget what is"
    " old and pseudonymise the rest."
)
TRACES = (
    "Samples of rejected lines with these addresses are deleted; the admin's history no"
    " longer says what they were called.",
    "Not touched: the cache's own logs, the record of who signed in to this admin, and"
    " what was exported or backed up before.",
    "This can't be undone.",
)


class PersonForm(forms.Form):
    person = forms.CharField(
        label="Person or machine",
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
        help_text="What they are called together. Each keeps its own address and name.",
    )


class ClientActions(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    actions = (
        "join", "take_apart", "hide", "show", "leave_out", "count", "pseudonymise",
        "forget",
    )  # fmt: skip

    @admin.action(description="These are one …", permissions=["change"])
    def join(
        self, request: HttpRequest, clients: QuerySet[Client]
    ) -> HttpResponse | None:
        known = clients.exclude(person="").values_list("person", flat=True)
        named = clients.exclude(name="").values_list("name", flat=True)
        guess = {"person": known.first() or named.first()}
        form = PersonForm(
            request.POST if "person" in request.POST else None, initial=guess
        )
        if not form.is_valid():
            return self._ask(request, clients, "join", "Make them one", form=form)
        self._change(request, clients, person=form.cleaned_data["person"])
        return None

    @admin.action(description="Take apart", permissions=["change"])
    def take_apart(self, request: HttpRequest, clients: QuerySet[Client]) -> None:
        self._change(request, clients, person="")

    @admin.action(description="Hide from lists", permissions=["change"])
    def hide(self, request: HttpRequest, clients: QuerySet[Client]) -> None:
        self._change(request, clients, hidden=True)

    @admin.action(description="Show in lists", permissions=["change"])
    def show(self, request: HttpRequest, clients: QuerySet[Client]) -> None:
        self._change(request, clients, hidden=False)

    @admin.action(description="Leave out of statistics", permissions=["change"])
    def leave_out(self, request: HttpRequest, clients: QuerySet[Client]) -> None:
        self._change(request, clients, excluded=True)

    @admin.action(description="Count in statistics", permissions=["change"])
    def count(self, request: HttpRequest, clients: QuerySet[Client]) -> None:
        self._change(request, clients, excluded=False)

    @admin.action(description="Pseudonymise …", permissions=["forget"])
    def pseudonymise(
        self, request: HttpRequest, clients: QuerySet[Client]
    ) -> HttpResponse | None:
        clients = clients.filter(address_hash="")
        if "sure" in request.POST:
            return self._queue(request, clients, Job.Kind.PSEUDONYMISE_CLIENT)
        consequences = (
            "Each address is replaced by a random token such as client-7f3a2c; name and"
            " person are emptied. Downloads, sessions and sums stay.",
            "Later lines of the same address join its token; the address is not shown"
            " again. This holds while SECRET_KEY stays the same.",
            "Lines that fit no format are still sampled as they are, from now on;"
            " REJECTED_LINES_KEPT=0 keeps none.",
            *TRACES,
        )
        return self._ask(request, clients, "pseudonymise", "Pseudonymise", consequences)

    @admin.action(description="Forget, with all data …", permissions=["forget"])
    def forget(
        self, request: HttpRequest, clients: QuerySet[Client]
    ) -> HttpResponse | None:
        if "sure" in request.POST:
            return self._queue(request, clients, Job.Kind.FORGET_CLIENT)
        consequences = (
            "Their downloads, TLS sessions, bursts, and sums of ten seconds and of"
            " quarters of an hour go; totals shrink by them. Prometheus counters stay.",
            LATER,
            *TRACES,
        )
        return self._ask(request, clients, "forget", "Forget", consequences)

    def has_forget_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("downloads.delete_client")

    def _change(
        self, request: HttpRequest, clients: QuerySet[Client], **changes: Any
    ) -> None:
        """Set one field of those that have it otherwise, and write it into history."""
        different = list(clients.exclude(**changes))
        for some in bulk.chunks(different):
            ids = [client.pk for client in some]
            Client.objects.filter(pk__in=ids).update(**changes)
            message = [{"changed": {"fields": list(changes)}}]
            LogEntry.objects.log_actions(
                request.user.pk,  # type: ignore[arg-type]  # who is here has signed in
                some,
                CHANGE,
                message,
            )
        if different:
            self.message_user(request, f"Changed: {_clients(len(different))}.")
        else:
            self.message_user(request, "They were so already.", messages.WARNING)

    def _ask(
        self,
        request: HttpRequest,
        clients: QuerySet[Client],
        name: str,
        verb: str,
        consequences: Sequence[str] = (),
        form: forms.Form | None = None,
    ) -> HttpResponse | None:
        """Return a page that asks, and posts the same action again if one is sure."""
        some = [str(client) for client in clients[: LISTED + 1]]
        if not some:
            self.message_user(request, "There is none to do it to.", messages.WARNING)
            return None
        number = clients.count()
        listed = ", ".join(some[:LISTED]) + (", …" if len(some) > LISTED else "")
        carried = [
            ("action", name),
            ("index", "0"),
            ("select_across", request.POST.get("select_across", "0")),
            *((ACTION_CHECKBOX_NAME, pk) for pk in _ticked(request)),
        ]
        if form is None:
            carried.append(("sure", "yes"))
        return render(
            request,
            "admin/confirm.html",
            {
                **self.admin_site.each_context(request),
                "title": f"{verb}: {_clients(number)}?",
                "consequences": (listed, *consequences),
                "carried": carried,
                "form": form,
                "back": request.get_full_path(),
                "verb": verb,
                "opts": self.opts,
            },
        )

    def _queue(
        self, request: HttpRequest, clients: QuerySet[Client], kind: Job.Kind
    ) -> HttpResponse | None:
        ids = list(clients.order_by("pk").values_list("pk", flat=True))
        if not ids:
            self.message_user(request, "There is none to do it to.", messages.WARNING)
            return None
        # The job outlives them: it does not say what they were called.
        job = jobs.ask(kind, _clients(len(ids)), by=request.user, clients=ids)
        self.message_user(request, f"Queued: {job}.")
        if not request.user.has_perm("downloads.view_job"):
            return None
        return HttpResponseRedirect(job.get_absolute_url())


def _ticked(request: HttpRequest) -> list[str]:
    return request.POST.getlist(ACTION_CHECKBOX_NAME)


def _clients(number: int) -> str:
    return "1 client" if number == 1 else f"{number:,} clients"
