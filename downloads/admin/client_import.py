"""The upload of a list of names: shown first, then done."""

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminFileFieldWidget

from downloads.clients import importing, lists
from downloads.clients.importing import Plan
from downloads.clients.lists import Found, Named

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
else:
    ModelAdmin = object

MOST = 4_000_000  # bytes of a list: some 100,000 clients
SHOWN = 20  # bad rows, and names that are replaced
AN_HOUR = 3600
SALT = "downloads.client_import"


class ListForm(forms.Form):
    names = forms.FileField(
        label="List of names",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,.tsv,.json"}),
        help_text="CSV with address, name and, if you like, person; any separator, with"
        " or without a header. Or JSON: a list of objects with these keys.",
    )

    def clean_names(self) -> Found:
        upload: UploadedFile[bytes] = self.cleaned_data["names"]
        if (upload.size or 0) > MOST:
            raise forms.ValidationError(f"It is larger than {MOST:,} bytes.")
        try:
            return lists.read(upload.read())
        except lists.NotAList as error:
            raise forms.ValidationError(str(error)) from error


class ClientImport(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    @action(  # type: ignore[untyped-decorator]
        description="Import names",
        icon="upload",
        url_path="import-names",
        permissions=["change"],
    )
    def import_names(self, request: HttpRequest) -> HttpResponse:
        if "rows" in request.POST:
            return self._import(request)
        form = ListForm(request.POST or None, request.FILES or None)
        if not form.is_valid():
            return self._page(request, form=form, verb="Look at it first")
        found: Found = form.cleaned_data["names"]
        plan = importing.planned(found.rows)
        if not plan.new and not plan.changed:
            return self._page(
                request, form=ListForm(), verb="Look at another",
                consequences=told(plan, found),
            )  # fmt: skip
        rows = signing.dumps(found.rows, salt=SALT, compress=True)
        return self._page(
            request, verb="Import", consequences=told(plan, found),
            carried=[("rows", rows)],
        )  # fmt: skip

    def _import(self, request: HttpRequest) -> HttpResponse:
        try:
            signed = signing.loads(request.POST["rows"], salt=SALT, max_age=AN_HOUR)
        except signing.BadSignature:
            note = "That was too long ago: please choose the file again."
            self.message_user(request, note, messages.ERROR)
            return HttpResponseRedirect(request.path)
        touched = importing.carry_out([Named(*row) for row in signed])
        LogEntry.objects.log_actions(
            request.user.pk,  # type: ignore[arg-type]  # who is here has signed in
            touched,
            CHANGE,
            [{"changed": {"fields": ["name, from a list"]}}],
        )
        self.message_user(request, f"{len(touched):,} clients were named.")
        return HttpResponseRedirect(reverse("admin:downloads_client_changelist"))

    def _page(self, request: HttpRequest, **context: object) -> HttpResponse:
        return render(
            request,
            "admin/confirm.html",
            {
                **self.admin_site.each_context(request),
                "title": "Import names of clients",
                "back": reverse("admin:downloads_client_changelist"),
                "opts": self.opts,
                **context,
            },
        )


def told(plan: Plan, found: Found) -> list[str]:
    """Return what an import will do, and what of the list it leaves out and why."""
    lines = [
        f"New, not seen in a log yet: {len(plan.new):,}.",
        f"Changed: {len(plan.changed):,}.",
        f"As they are already: {plan.unchanged:,}.",
    ]
    if plan.pseudonymous:
        lines.append(f"Left out, because they have a pseudonym: {plan.pseudonymous:,}.")
    if plan.hand_given:
        lines.append(
            f"Names given by hand that are replaced: {len(plan.hand_given):,}."
        )
        lines += [
            f"{row.address}: {old} becomes {row.name}"
            for old, row in plan.hand_given[:SHOWN]
        ]
    if found.bad:
        lines.append(f"Rows that can't be used and are left out: {len(found.bad):,}.")
        lines += [
            f"Row {bad.row}: {bad.reason} ({bad.text})" for bad in found.bad[:SHOWN]
        ]
    return lines
