"""Pages in the units and the time zone of who reads them."""

import zoneinfo
from collections.abc import Callable
from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelect2Widget

from downloads.quantities import written_in
from lancache_site.models import Preferences

if TYPE_CHECKING:
    PreferencesModelForm = forms.ModelForm[Preferences]
else:
    PreferencesModelForm = forms.ModelForm

# What programs read is in bytes and UTC, whoever signed in.
FOR_PROGRAMS = ("/api/", "/metrics", "/healthz")


def of(request: HttpRequest) -> Preferences:
    """Return what the user chose, or what holds for who chose nothing.

    No query of its own: ``accounts.Backend`` reads it together with the user.
    """
    user = request.user
    if not user.is_authenticated:
        return Preferences()
    if not hasattr(user, "preferences"):
        return Preferences(user=user)
    chosen: Preferences = user.preferences
    return chosen


def as_preferred(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: answer in the user's units and time zone, and leave no trace."""

    def respond(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(FOR_PROGRAMS):
            return get_response(request)
        preferences = of(request)
        with written_in(preferences.units), timezone.override(preferences.zone):
            return get_response(request)

    return respond


def time_zones() -> list[tuple[str, str]]:
    names = sorted(zoneinfo.available_timezones())
    return [
        ("", f"the server's ({settings.TIME_ZONE})"),
        *((name, name) for name in names),
    ]


class PreferencesForm(PreferencesModelForm):
    time_zone = forms.ChoiceField(
        choices=time_zones,
        required=False,
        widget=UnfoldAdminSelect2Widget,
        help_text="Nothing is stored in it: it is how times are shown to you.",
    )

    class Meta:
        model = Preferences
        fields = ("rates_in", "prefixes", "time_zone")
        labels = {"rates_in": "Speeds in", "prefixes": "Units"}
        help_texts = {
            "prefixes": "Of sizes and of speeds. A size is always in bytes.",
        }
        widgets = {
            "rates_in": UnfoldAdminRadioSelectWidget,
            "prefixes": UnfoldAdminRadioSelectWidget,
        }


def page(request: HttpRequest) -> HttpResponse:
    """Show and keep what the user prefers; for everyone, each their own."""
    form = PreferencesForm(request.POST or None, instance=of(request))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "From now on pages are shown to you like this.")
        return HttpResponseRedirect(reverse("preferences"))
    context = {**admin.site.each_context(request), "title": "Units and time zone"}
    return render(request, "admin/preferences.html", context | {"form": form})
