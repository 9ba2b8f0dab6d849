"""Sources: added, changed and tested. What they told is in lancache_site.admin."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from unfold.decorators import action

from bandwidth import answers
from bandwidth.models import BandwidthSource
from bandwidth.opening import opened
from bandwidth.sources import SourceProblem

if TYPE_CHECKING:
    # Unfold's class is this, but for its skin, and has no types.
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin


class SourceForm(ModelForm):  # type: ignore[type-arg]  # none at runtime
    def clean(self) -> dict[str, Any] | None:
        """Refuse what can never be read; what does not answer now may do later."""
        cleaned = super().clean()
        if cleaned and not self.errors:
            names = [field.name for field in BandwidthSource._meta.fields]
            values = {name: cleaned[name] for name in names if name in cleaned}
            try:
                opened(BandwidthSource(**values))
            except SourceProblem as problem:
                raise ValidationError(str(problem)) from problem
        return cleaned


@admin.register(BandwidthSource)
class BandwidthSourceAdmin(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    form = SourceForm
    list_before_template = "admin/bandwidth_live.html"
    list_display = ("name", "kind", "address", "wanted", "to_clients", "enabled")
    list_fullwidth = True
    search_fields = ("name", "address")
    fieldsets = (
        (None, {"fields": (("name", "enabled"), "kind", "address", "wanted")}),
        ("How to read it", {"fields": (("to_clients", "timeout_ms"),)}),
        (
            "For a Prometheus server",
            {"fields": ("received_expression", "transmitted_expression")},
        ),
    )
    actions_detail = ("test_it",)

    @action(description="Test it", permissions=["test"])  # type: ignore[untyped-decorator]
    def test_it(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask the source once, now, and say what it answers."""
        row = get_object_or_404(BandwidthSource, pk=object_id)
        try:
            told, level = asyncio.run(answers.answer(row)), messages.SUCCESS
        except SourceProblem as problem:
            told, level = str(problem), messages.ERROR
        self.message_user(request, f"{row}: {told}", level)
        url = reverse("admin:bandwidth_bandwidthsource_change", args=[row.pk])
        return HttpResponseRedirect(url)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.watch_instead)
        name = "bandwidth_bandwidthsource_watch_instead"
        own = path("<int:object_id>/watch-instead/", view, name=name)
        return [own, *super().get_urls()]

    def watch_instead(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask whether to watch another interface, and do so; hints lead here."""
        row = get_object_or_404(BandwidthSource, pk=object_id)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        back = reverse("admin:bandwidth_bandwidthsource_change", args=[row.pk])
        interface = request.GET.get("interface", "")
        try:
            rivals = [one.name for one in asyncio.run(answers.rivals(row))]
        except SourceProblem as problem:
            self.message_user(request, f"{row}: {problem}", messages.ERROR)
            return HttpResponseRedirect(back)
        if interface not in rivals:
            told = f"{row} can't watch {interface or 'nothing'} instead"
            self.message_user(request, told, messages.ERROR)
            return HttpResponseRedirect(back)
        if request.method != "POST":
            watched = row.wanted or settings.LANCACHE_INTERFACE or "the default route"
            context = {
                **self.admin_site.each_context(request),
                "title": f"{row}: watch {interface} instead?",
                "consequences": [
                    f"Until now it watches {watched}. What was stored of that stays.",
                ],
                "back": back,
                "verb": f"Watch {interface}",
                "opts": self.opts,
            }
            return render(request, "admin/confirm.html", context)
        row.wanted = interface
        row.save(update_fields=["wanted"])
        self.log_change(request, row, f"Watches {interface} instead.")
        self.message_user(request, f"{row}: watches {interface} from now on.")
        return HttpResponseRedirect(back)

    def has_test_permission(
        self, request: HttpRequest, object_id: int | str | None = None
    ) -> bool:
        return request.user.has_perm("bandwidth.change_bandwidthsource")


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # none at runtime
    """Counts so many rows and no more: to count millions takes seconds."""

    MOST = 10_000
    template_name = "admin/pagination_bounded.html"

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[: self.MOST].count()

    @property
    def at_bound(self) -> bool:
        return self.count >= self.MOST


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    show_full_result_count = False
    paginator = BoundedPaginator
    list_select_related = ("source",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False
