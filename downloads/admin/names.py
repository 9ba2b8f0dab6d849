"""Titles: what the operator calls them."""

from django.contrib import admin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest

from downloads import grouping
from downloads.admin.base import BigListAdmin
from downloads.admin.export import ExportMixin
from downloads.admin.export_columns import TITLES
from downloads.admin.filters import ServiceFilter
from downloads.models import Title


class NamedByLogs(BigListAdmin):
    """Rows that logs brought, and go with all that hangs on them: never by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


@admin.register(Title)
class TitleAdmin(ExportMixin, NamedByLogs):
    export_columns = TITLES
    ordering = ("service", "raw")
    list_display = ("in_logs", "service_name", "name")
    list_editable = ("name",)
    list_filter = (ServiceFilter,)
    search_fields = ("name", "raw")
    search_help_text = "Name, or what the logs say"
    fields = ("service_name", "in_logs", "name")
    readonly_fields = ("service_name", "in_logs")

    @admin.display(description="In the logs", ordering="raw")
    def in_logs(self, title: Title) -> str:
        return title.raw or "(none)"

    @admin.display(description="Service", ordering="service")
    def service_name(self, title: Title) -> str:
        return title.service or "unknown"

    def save_model(
        self, request: HttpRequest, obj: Title, form: "ModelForm[Title]", change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        if "name" in form.changed_data:
            grouping.regroup_titles([obj])
