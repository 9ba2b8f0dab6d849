"""Where names of clients are looked up: off until the operator turns it on."""

from django.contrib import admin, messages
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from unfold.decorators import action

from downloads import jobs
from downloads.admin.base import BigListAdmin
from downloads.clients import leases
from downloads.models import ClientNaming, Job


@admin.register(ClientNaming)
class ClientNamingAdmin(BigListAdmin):
    """One row, so its list is its page."""

    fieldsets = (
        ("From DHCP", {"fields": ("lease_file",)}),
        ("From DNS", {"fields": (("reverse_dns", "public_addresses"),)}),
    )
    actions_detail = ("look_up",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, str] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(
            reverse(
                "admin:downloads_clientnaming_change", args=[ClientNaming.current().pk]
            )
        )

    def save_model(
        self,
        request: HttpRequest,
        obj: ClientNaming,
        form: "ModelForm[ClientNaming]",
        change: bool,
    ) -> None:
        super().save_model(request, obj, form, change)
        if not obj.lease_file:
            return
        try:
            found = leases.read(obj.lease_file)
        except leases.Unreadable as problem:
            # The worker may be another machine, or another user.
            note = f"From here, {problem}. The worker will try by itself."
            self.message_user(request, note, messages.WARNING)
        else:
            note = f"The lease file has {len(found):,} addresses with a name."
            self.message_user(request, note)

    @action(  # type: ignore[untyped-decorator]
        description="Look up now", icon="sync", permissions=["look_up"]
    )
    def look_up(self, request: HttpRequest, object_id: int) -> HttpResponse:
        page = reverse("admin:downloads_clientnaming_change", args=[object_id])
        if not ClientNaming.current().is_on:
            note = "Nothing is turned on: save a lease file, or DNS, first."
            self.message_user(request, note, messages.WARNING)
            return HttpResponseRedirect(page)
        if request.method != "POST":
            return render(
                request,
                "admin/confirm.html",
                {
                    **self.admin_site.each_context(request),
                    "title": "Look up names of clients now?",
                    "consequences": [
                        "Names that were given by hand or in a list stay.",
                        "It is done every hour, too: see Schedules.",
                    ],
                    "back": page,
                    "verb": "Look up now",
                    "opts": self.opts,
                },
            )
        job = jobs.ask(Job.Kind.NAME_CLIENTS, by=request.user)
        self.message_user(request, f"Queued: {job}.")
        allowed = request.user.has_perm("downloads.view_job")
        return HttpResponseRedirect(job.get_absolute_url() if allowed else page)

    def has_look_up_permission(
        self, request: HttpRequest, object_id: int | str | None = None
    ) -> bool:
        return self.has_change_permission(request)
