"""What lists say, and the addresses that they are fetched from."""

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import action

from downloads import importing
from downloads.admin import cells
from downloads.admin.base import BigListAdmin, ReadOnlyAdmin
from downloads.models import ListAddress, ListedName


@admin.register(ListedName)
class ListedNameAdmin(ReadOnlyAdmin):
    ordering = ("service", "raw")
    list_display = ("raw", "service", "name")
    search_fields = ("name", "raw")
    search_help_text = "Name or depot"
    fields = list_display


@admin.register(ListAddress)
class ListAddressAdmin(BigListAdmin):
    ordering = ("url",)
    list_display = ("url", "state", "checked", "kept")
    fields = ("url", "enabled", "state", ("checked", "kept"))
    readonly_fields = ("state", "checked", "kept")
    actions_detail = ("fetch_now",)

    def save_model(
        self,
        request: HttpRequest,
        obj: ListAddress,
        form: "ModelForm[ListAddress]",
        change: bool,
    ) -> None:
        changed = list(form.changed_data)
        if "url" in changed:
            # The list that is kept is another one's.
            obj.etag, obj.last_modified, obj.kept_at = "", "", None
            changed += ["etag", "last_modified", "kept_at"]
        # Fetching writes to the same row: what the form did not ask for stays.
        obj.save(update_fields=changed if change else None)
        if obj.enabled and form.changed_data:
            importing.ask_for_address(obj, by=request.user)
            messages.info(request, "It is fetched now, and then weekly.")

    @action(description="Fetch it now", permissions=["fetch"])  # type: ignore[untyped-decorator]
    def fetch_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        address = get_object_or_404(ListAddress, pk=object_id)
        if not address.enabled:
            messages.warning(request, "Turn it on first: until then nothing is asked.")
            return HttpResponseRedirect(address.get_absolute_url())
        if request.method != "POST":
            return render(
                request,
                "admin/confirm.html",
                {
                    **self.admin_site.each_context(request),
                    "title": "Fetch the list now?",
                    "consequences": [f"{address.url} is asked for its list."],
                    "back": address.get_absolute_url(),
                    "verb": "Fetch it",
                    "opts": self.opts,
                },
            )
        importing.ask_for_address(address, by=request.user)
        messages.success(request, f"{address.url} is being fetched.")
        return HttpResponseRedirect(reverse("admin:downloads_title_import_names"))

    def has_fetch_permission(
        self, request: HttpRequest, object_id: int | str | None = None
    ) -> bool:
        return request.user.has_perm("downloads.change_listaddress")

    @admin.display(description="How it goes")
    def state(self, address: ListAddress) -> SafeString:
        return cells.rendered("admin/list_address_state.html", address=address)

    @admin.display(description="Asked last")
    def checked(self, address: ListAddress) -> SafeString:
        return cells.moment(address.checked_at, "never asked")

    @admin.display(description="List in use, of")
    def kept(self, address: ListAddress) -> SafeString:
        return cells.moment(address.kept_at, "no list was fetched yet")
