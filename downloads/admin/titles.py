"""Titles: what the operator and lists call them."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from import_export.admin import ImportMixin
from import_export.formats.base_formats import CSV, JSON
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.contrib.import_export.forms import ImportForm as ImportTableForm
from unfold.decorators import action
from unfold.widgets import UnfoldAdminFileFieldWidget

from downloads import bulk, importing, naming
from downloads.admin import cells
from downloads.admin.base import NamedByLogs
from downloads.admin.export import ExportMixin
from downloads.admin.export_columns import TITLES
from downloads.admin.filters import ServiceFilter
from downloads.admin.title_resource import TitleResource
from downloads.models import Job, ListAddress, Title
from downloads.title_lists import MOST_BYTES, NotAList

COLOURS = {"list": "success", "hand": "info", "back": "warning"}
AT_ONCE = 10_000  # titles that an action takes


class ImportForm(forms.Form):
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget,
        help_text="lancache-pics JSON or SteamDepotFinder CSV, of at most"
        f" {MOST_BYTES // 1_000_000} MB.",
    )


@admin.register(Title)
class TitleAdmin(ExportMixin, ImportMixin, NamedByLogs):  # type: ignore[misc]  # Any
    """Lists of depots come by a job; a table of names as people keep it, by the package
    that shows it before it is done."""

    export_columns = TITLES
    resource_classes = (TitleResource,)
    import_form_class = ImportTableForm
    import_formats = (CSV, JSON)
    import_export_change_list_template = "admin/change_list_titles.html"
    ordering = ("service", "raw")
    list_display = ("in_logs", "service_name", "name", "source", "traffic")
    list_editable = ("name",)
    sortable_by = ()  # by service, then what logs say: what an index serves
    list_filter = (ServiceFilter, ("named_by", ChoicesDropdownFilter))
    search_fields = ("name", "raw")
    search_help_text = "Name, or what the logs say"
    fields = ("service_name", "in_logs", "name", "source", "traffic")
    readonly_fields = ("service_name", "in_logs", "source", "traffic")
    actions = ("name_as_listed",)
    actions_list = ("import_names",)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        url = reverse("admin:downloads_title_import")
        context = {"import_url": url, **(extra_context or {})}
        view: HttpResponse = super().changelist_view(request, context)
        return view

    @admin.display(description="In the logs")
    def in_logs(self, title: Title) -> str:
        return title.raw or "(none)"

    @admin.display(description="Service")
    def service_name(self, title: Title) -> str:
        return title.service or "unknown"

    @admin.display(description="Named")
    def source(self, title: Title) -> SafeString:
        if not title.named_by:
            return cells.unknown("no list names it, and nobody has")
        return cells.label(title.get_named_by_display(), COLOURS[title.named_by])

    @admin.display(description="See")
    def traffic(self, title: Title) -> SafeString:
        # A download bears any of its game's titles: ask by name, if it has one.
        wanted = {"title__id__exact": str(title.pk)}
        if title.name:
            wanted = {"service": title.service or "unknown", "q": title.name}
        url = reverse("admin:downloads_download_changelist")
        return cells.link(f"{url}?{urlencode(wanted)}", "downloads")

    def save_model(
        self, request: HttpRequest, obj: Title, form: "ModelForm[Title]", change: bool
    ) -> None:
        if "name" in form.changed_data:
            naming.name_by_hand(obj)

    @admin.action(description="Name as the lists do", permissions=["change"])
    def name_as_listed(
        self, request: HttpRequest, queryset: QuerySet[Title]
    ) -> HttpResponse | None:
        by_hand = queryset.filter(named_by__in=Title.BY_HAND).order_by("pk")
        keys = list(by_hand.values_list("pk", flat=True)[:AT_ONCE])
        if not keys:
            self.message_user(request, "None of them was named by hand.")
            return None
        if "confirmed" not in request.POST:
            return self._asked_whether(request, len(keys))
        done = sum(naming.name_as_listed(some) for some in bulk.chunks(keys))
        self.message_user(request, f"{done:,} titles are named as lists do again.")
        return None

    def _asked_whether(self, request: HttpRequest, count: int) -> HttpResponse:
        kept = ("action", "select_across", "index", "_selected_action")
        carried = [(key, v) for key in kept for v in request.POST.getlist(key)]
        return render(
            request,
            "admin/confirm.html",
            {
                **self.admin_site.each_context(request),
                "title": "Name as the lists do?",
                "consequences": [
                    f"{count:,} of the chosen titles lose what was given by hand.",
                    "Those that no list names have no name then.",
                    "Their downloads are grouped anew.",
                ],
                "carried": [*carried, ("confirmed", "yes")],
                "back": request.get_full_path(),
                "verb": "Name them",
                "opts": self.opts,
            },
        )

    @action(  # type: ignore[untyped-decorator]
        description="Import names",
        url_path="lists",
        icon="upload_file",
        permissions=["change"],
    )
    def import_names(self, request: HttpRequest) -> HttpResponse:
        form = ImportForm()
        if request.method == "POST":
            form = ImportForm(request.POST, request.FILES)
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                importing.ask_for_upload(
                    file.chunks(), file.name or "a file", by=request.user
                )
            except NotAList as problem:
                form.add_error("file", str(problem))
            else:
                messages.success(request, f"{file.name} is being imported.")
                return HttpResponseRedirect(request.path)
        imports = Job.objects.filter(kind=Job.Kind.IMPORT_TITLES).order_by("-id")
        return render(
            request,
            "admin/import_titles.html",
            {
                **self.admin_site.each_context(request),
                "title": "Import names",
                "upload": form,  # `form` is a word of unfold's buttons
                "jobs": imports[:5],
                "addresses": ListAddress.objects.all()[:20],
                "opts": self.opts,
            },
        )
