"""Clients: what they are called, whose they are, and what becomes of them."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    FieldTextFilter,
)
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from downloads.admin import cells
from downloads.admin.base import BigListAdmin
from downloads.admin.client_actions import ClientActions
from downloads.admin.client_import import ClientImport
from downloads.admin.export import ExportMixin
from downloads.admin.export_columns import CLIENTS
from downloads.admin.filters import LeftOutFilter
from downloads.models import Client, NameSource


class HiddenFilter(LeftOutFilter):
    title = "hidden clients"
    parameter_name = "hidden"

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Model]
    ) -> QuerySet[Model]:
        return self.split(queryset, Q(hidden=True))


@admin.register(Client)
class ClientAdmin(ExportMixin, ClientImport, ClientActions, BigListAdmin):
    """Logs bring clients, and a job takes them: neither is done in a form."""

    export_columns = CLIENTS
    ordering = ("address",)
    list_display = (
        "shown_address", "name", "named", "person", "hidden", "excluded", "traffic",
    )  # fmt: skip
    list_editable = ("name", "person", "hidden", "excluded")
    list_per_page = 25  # each row is a form of four fields
    list_max_show_all = 100  # and a form takes a thousand
    list_filter = (
        ("person", FieldTextFilter),
        ("name_source", ChoicesDropdownFilter),
        HiddenFilter,
        ("excluded", BooleanRadioFilter),
    )
    search_fields = ("name", "address", "person")
    search_help_text = "Name, address or person"
    actions_list = ("import_names", "automatic_names")
    fieldsets = (
        (None, {"fields": (("address", "traffic"), ("name", "named"))}),
        ("Whose it is", {"fields": ("person", "others")}),
        ("Where it counts", {"fields": (("hidden", "excluded"),)}),
        ("What it fetched", {"fields": ("fetched",)}),
    )
    readonly_fields = ("address", "named", "traffic", "others", "fetched")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        # All its data would go with it within this request; see forget.
        return False

    def save_model(
        self, request: HttpRequest, obj: Client, form: "ModelForm[Client]", change: bool
    ) -> None:
        changed = list(form.changed_data)
        if "name" in changed:
            # Taken back, it may be looked up again.
            obj.name_source = NameSource.HAND if obj.name else ""
            changed.append("name_source")
        # Lookups write to the same row: what the form did not ask for stays.
        obj.save(update_fields=changed)

    @action(  # type: ignore[untyped-decorator]
        description="Automatic names", icon="dns", permissions=["change"]
    )
    def automatic_names(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(
            reverse("admin:downloads_clientnaming_change", args=[1])
        )

    def get_changelist_form(
        self, request: HttpRequest, **kwargs: Any
    ) -> "type[ModelForm[Client]]":
        wide = UnfoldAdminTextInputWidget(attrs={"style": "min-width: 11rem"})
        kwargs["widgets"] = {"name": wide, "person": wide}
        form: type[ModelForm[Client]] = super().get_changelist_form(request, **kwargs)
        return form

    @admin.display(description="Address", ordering="address")
    def shown_address(self, client: Client) -> SafeString:
        # One of IPv6 may break anywhere, or it would not fit a phone.
        style = "overflow-wrap: anywhere; min-width: 8rem; display: inline-block"
        return format_html('<span style="{}">{}</span>', style, client.address)

    @admin.display(description="Named", ordering="name_source")
    def named(self, client: Client) -> SafeString | str:
        if client.address_hash:
            return cells.label("a pseudonym", "warning")
        if client.name_source in (NameSource.DNS, NameSource.LEASE):
            return cells.label(client.get_name_source_display(), "info")
        return client.get_name_source_display()

    @admin.display(description="See")
    def traffic(self, client: Client) -> SafeString:
        links = [
            (
                cells.LINK,
                reverse(f"admin:downloads_{model}_changelist"),
                client.pk,
                text,
            )
            for model, text in (
                ("download", "downloads"),
                ("streamsession", "sessions"),
            )
        ]
        return format_html_join(
            " ",
            '<a class="{} whitespace-nowrap" href="{}?client__id__exact={}">{}</a>',
            links,
        )

    @admin.display(description="Its other addresses")
    def others(self, client: Client) -> SafeString | str:
        links = [(cells.link(o.get_absolute_url(), o.address),) for o in client.others]
        return format_html_join(", ", "{}", links) or "none"

    @admin.display(description="Through the cache")
    def fetched(self, client: Client) -> SafeString:
        if not (sums := client.fetched):
            return cells.unknown("no log has shown a request of it yet")
        kinds = [sums[f"{kind}_bytes"] for kind in ("hit", "miss", "other")]
        return format_html(
            "{} since {}: {} from cache, {} from the internet, {} neither;"
            " {} requests, of which {} failed",
            cells.size(sum(kinds)),
            cells.second(sums["since"]),
            *map(cells.size, kinds),
            f"{sums['requests']:,}",
            f"{sums['failed_requests']:,}",
        )
