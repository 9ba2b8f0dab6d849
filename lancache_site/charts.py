"""Charts as unfold's script draws them: data and options for Chart.js, as JSON."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from downloads import quantities
from downloads.overview import Hour

# The same in the dark and in the light.
FROM_CACHE, FROM_THE_INTERNET, NEITHER = "#0d9488", "#f59e0b", "#9ca3af"
TEXT = "#9ca3af"


def traffic_by_hour(hours: Sequence[Hour]) -> dict[str, Any]:
    """Return stacked bars: an hour each, by where its bytes came from."""
    step, unit = quantities.axis(max((h.total_bytes for h in hours), default=0))
    series = [
        ("From cache", FROM_CACHE, [h.hit_bytes for h in hours]),
        ("From the internet", FROM_THE_INTERNET, [h.miss_bytes for h in hours]),
        ("Neither", NEITHER, [h.other_bytes for h in hours]),
    ]
    data = {
        "labels": [_clock(hour.at) for hour in hours],
        "datasets": [
            {
                "label": f"{name} ({unit})",
                "data": [round(count / step, 2) for count in counts],
                "backgroundColor": colour,
            }
            for name, colour, counts in series
            if any(counts) or name != "Neither"
        ],
    }
    return {
        "any": any(hour.total_bytes for hour in hours),
        "data": json.dumps(data),
        "options": json.dumps(_stacked(unit)),
    }


def _clock(at: int) -> str:
    return f"{timezone.localtime(datetime.fromtimestamp(at, UTC)):%H:%M}"


def _stacked(unit: str) -> dict[str, Any]:
    ticks = {"color": TEXT}
    return {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "interaction": {"mode": "index"},
        "plugins": {
            "legend": {
                "align": "end",
                "labels": {"color": TEXT, "boxWidth": 8, "boxHeight": 8},
            }
        },
        "scales": {
            "x": {
                "stacked": True,
                "grid": {"display": False},
                "ticks": {**ticks, "maxRotation": 0},
            },
            "y": {
                "stacked": True,
                "beginAtZero": True,
                "grid": {"lineWidth": 0.5},
                "ticks": ticks,
                "title": {"display": True, "text": unit, "color": TEXT},
            },
        },
    }
