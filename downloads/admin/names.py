"""Clients: what the operator calls them."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter

from downloads.admin import cells
from downloads.admin.base import BigListAdmin
from downloads.models import Client


class NamedByLogs(BigListAdmin):
    """Rows that logs brought, and go with all that hangs on them: never by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


@admin.register(Client)
class ClientAdmin(NamedByLogs):
    ordering = ("address",)
    list_display = ("address", "name", "person", "hidden", "excluded", "traffic")
    list_editable = ("name", "person", "hidden", "excluded")
    list_filter = (("hidden", BooleanRadioFilter), ("excluded", BooleanRadioFilter))
    search_fields = ("name", "address", "person")
    search_help_text = "Name, address or person"
    fields = ("address", "name", "person", "hidden", "excluded")
    readonly_fields = ("address",)

    @admin.display(description="See")
    def traffic(self, client: Client) -> SafeString:
        url = reverse("admin:downloads_download_changelist")
        return cells.link(f"{url}?client__id__exact={client.pk}", "downloads")
