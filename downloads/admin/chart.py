"""The chart on a download's page: what came from the cache, and what did not."""

import json
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from downloads import quantities, timeline
from downloads.admin import cells
from downloads.models import Download

GREY = "#9ca3af"  # as unfold's own charts, in light and in dark
SERIES = (
    ("From cache", "hit_bytes", "var(--color-primary-600)"),
    ("From the internet", "miss_bytes", "var(--color-orange-400)"),
    ("Neither", "other_bytes", "var(--color-base-400)"),
)


def of_download(download: Download) -> SafeString:
    line = timeline.of_download(download)
    one, unit = quantities.mega_rate()
    named = [(name, getattr(line, field), colour) for name, field, colour in SERIES]
    data = {
        "labels": [_label(line, place) for place in range(len(line.hit_bytes))],
        "datasets": [
            {
                "label": name,
                "data": [round(size / line.step / one, 3) for size in sizes],
                "backgroundColor": colour,
            }
            for name, sizes, colour in named
            if any(sizes)
        ],
    }
    return cells.rendered(
        "admin/download_chart.html",
        data=json.dumps(data) if data["datasets"] else "",
        options=json.dumps(options(unit)),
        step=quantities.duration(line.step),
        pruned=line.pruned,
    )


def options(unit: str) -> dict[str, Any]:
    """Return Chart.js's: unfold's own stack nothing."""
    return {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "barPercentage": 1,
        "categoryPercentage": 1,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {
            "legend": {"align": "end", "labels": {"color": GREY, "boxWidth": 12}}
        },
        "scales": {
            "x": {
                "stacked": True,
                "grid": {"display": False},
                "ticks": {"color": GREY, "maxTicksLimit": 8, "maxRotation": 0},
            },
            "y": {
                "stacked": True,
                "beginAtZero": True,
                "grid": {"tickWidth": 0},
                "ticks": {"color": GREY, "maxTicksLimit": 6},
                "title": {"display": True, "text": unit, "color": GREY},
            },
        },
    }


def _label(line: timeline.Timeline, place: int) -> str:
    since = datetime.fromtimestamp(line.since + place * line.step, UTC)
    long = len(line.hit_bytes) * line.step > 86400
    return date_format(timezone.localtime(since), "j M H:i" if long else "H:i:s")
