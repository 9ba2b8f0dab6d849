"""How a download's bytes came over time, as its buckets tell."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Sum

from downloads.clock import bucket_horizon
from downloads.models import Burst, Download, TrafficBucket

MOST_POINTS = 300
# What a point may stand for: steps that a person can count in.
STEPS = (10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)


class Timeline(NamedTuple):
    """Bytes that completed in each ``step`` seconds, the first from ``since`` on."""

    step: int
    since: int
    hit_bytes: list[int]
    miss_bytes: list[int]
    other_bytes: list[int]
    # Of some of its time, or of all, buckets are not kept any more.
    pruned: bool


def step_for(seconds: int) -> int:
    """Return the smallest step that leaves at most ``MOST_POINTS`` points or so."""
    fitting = (step for step in STEPS if seconds <= MOST_POINTS * step)
    return next(fitting, STEPS[-1])


def of_download(download: Download) -> Timeline:
    first, last = _second(download.started_at), _second(download.ended_at)
    step = step_for(last - first)
    since = first - first % step
    points = (last - since) // step + 1
    titles = Burst.objects.filter(download=download).values("title").distinct()
    sums = (
        TrafficBucket.objects.filter(
            datasource=download.datasource_id,
            client=download.client_id,
            title__in=list(titles.values_list("title", flat=True)),
            at__gte=since,
            at__lte=last,
        )
        .values(point=(F("at") - since) / step)
        .annotate(
            hit=Sum("hit_bytes"), miss=Sum("miss_bytes"), other=Sum("other_bytes")
        )
        .values_list("point", "hit", "miss", "other")
    )
    hit, miss, other = ([0] * points for _ in range(3))
    for point, *sizes in sums:
        for series, size in zip((hit, miss, other), sizes, strict=True):
            series[point] = int(size)
    pruned = since < bucket_horizon(download.datasource.newest_stamp)
    return Timeline(step, since, hit, miss, other, pruned)


def _second(moment: datetime) -> int:
    return int(moment.timestamp())
