"""The admin's skin: its colours, and a sidebar in the order of the operator's work."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

from lancache_site.version import VERSION


def entry(title: str, icon: str, model: str) -> dict[str, Any]:
    """Return a link to the list of ``model``, for who may look at it."""
    app, name = model.split(".")

    def allowed(request: HttpRequest) -> bool:
        rights = (f"{app}.{verb}_{name}" for verb in ("view", "change"))
        return any(request.user.has_perm(right) for right in rights)

    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": allowed,
    }


NAVIGATION: list[dict[str, Any]] = [
    {
        "title": "Watch",
        "items": [
            {
                "title": "Overview",
                "icon": "monitoring",
                "link": reverse_lazy("admin:index"),
            },
            {"title": "Live", "icon": "speed", "link": reverse_lazy("live")},
            entry("Downloads", "download", "downloads.download"),
            entry("Sessions", "lan", "downloads.streamsession"),
            entry("Connections", "swap_vert", "bandwidth.clientsample"),
            entry("Peaks", "vertical_align_top", "bandwidth.bandwidthpeak"),
        ],
    },
    {
        "title": "Name",
        "items": [
            entry("Clients", "devices", "downloads.client"),
            entry("Titles", "stadia_controller", "downloads.title"),
        ],
    },
    {
        "title": "Read",
        "items": [
            entry("Caches", "storage", "downloads.datasource"),
            entry("Log files", "description", "ingest.logfile"),
            entry("Passes", "sync", "ingest.ingestrun"),
            entry("Rejected lines", "report", "ingest.rejectedline"),
            entry("Jobs", "task_alt", "downloads.job"),
            entry("Bandwidth sources", "sensors", "bandwidth.bandwidthsource"),
        ],
    },
    {
        "title": "Run",
        "items": [
            entry("Schedules", "schedule", "django_celery_beat.periodictask"),
            entry("History", "history", "admin.logentry"),
            entry("Kiosk links", "tv", "lancache_site.kiosklink"),
            entry("Users", "person", "auth.user"),
            entry("Groups", "group", "auth.group"),
            entry("Failed sign-ins", "gpp_bad", "axes.accessattempt"),
            entry("Sign-ins", "login", "axes.accesslog"),
        ],
    },
    {
        "title": "Facts",
        "separator": True,
        "collapsible": True,
        "items": [
            entry("Bursts", "stacked_bar_chart", "downloads.burst"),
            entry("Ten seconds", "timer_10", "downloads.trafficbucket"),
            entry("Quarters of an hour", "av_timer", "downloads.trafficquarter"),
            entry("Bandwidth", "ssid_chart", "bandwidth.bandwidthsample"),
            entry("Disks", "hard_drive", "bandwidth.disksample"),
            entry("Counters", "123", "downloads.counter"),
            entry("Absorbed downloads", "merge", "downloads.downloadalias"),
        ],
    },
]
ACCOUNT = [
    {"title": "Units and time zone", "link": reverse_lazy("preferences")},
    {"title": "Change password", "link": reverse_lazy("admin:password_change")},
]
# A teal: red and green are for what failed and what went well.
PRIMARY = {
    "50": "oklch(98.4% .014 180.72)",
    "100": "oklch(95.3% .051 180.801)",
    "200": "oklch(91% .096 180.426)",
    "300": "oklch(85.5% .138 181.071)",
    "400": "oklch(77.7% .152 181.912)",
    "500": "oklch(70.4% .14 182.503)",
    "600": "oklch(52% .104 184.704)",
    "700": "oklch(45% .09 186.391)",
    "800": "oklch(40% .078 188.216)",
    "900": "oklch(36% .066 188.416)",
    "950": "oklch(27.7% .046 192.524)",
}
# Browsers ask for /favicon.ico where a page names none.
ICON = {
    "rel": "icon",
    "type": "image/svg+xml",
    "href": lambda request: static("lancache/icon.svg"),
}
UNFOLD = {
    "SITE_TITLE": "LANCache bandwidth",
    "SITE_HEADER": "LANCache bandwidth",
    "SITE_SUBHEADER": f"version {VERSION}",
    "SITE_URL": None,  # it is the admin itself
    "SITE_SYMBOL": "speed",
    "SITE_FAVICONS": [ICON],
    "STYLES": [lambda request: static("lancache/admin.css")],
    "SCRIPTS": [lambda request: static("lancache/keyboard.js")],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "lancache_site.overview.overview",
    "ACCOUNT": {"navigation": ACCOUNT},
    "COLORS": {"primary": PRIMARY},
    "SIDEBAR": {"show_search": True, "navigation": NAVIGATION},
}
