"""The figures of the overview: today's traffic, what runs, what was fast and slow."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import F, QuerySet, Sum
from django.db.models.expressions import CombinedExpression

from downloads.models import Client, Datasource, Download, TrafficQuarter

HOUR = 3600
# A download runs until its log has shown no line of it for so long.
RUNNING = 10  # seconds
# By a log whose newest line is older than that, nothing runs: nothing is logged.
QUIET = 60  # seconds
RUNNING_MOST = 500  # that one page can tell of
DAY = timedelta(hours=24)
# Below that a speed says little of the cache.
COMPARED = 100_000_000  # bytes
COMPARED_MOST = 5


@dataclass
class Hour:
    """Bytes by how they were served, in the hour from ``at``, in epoch seconds."""

    at: int
    hit_bytes: int = 0
    miss_bytes: int = 0
    other_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        return self.hit_bytes + self.miss_bytes + self.other_bytes


def hours(start: datetime, end: datetime) -> list[Hour]:
    """Return the traffic from ``start`` to ``end``, on quarters of an hour, by hours.

    Without clients that are left out of statistics.
    """
    first, last = int(start.timestamp()), int(end.timestamp())
    found = {at: Hour(at) for at in range(first, last, HOUR)}
    quarters = (
        TrafficQuarter.objects.filter(at__gte=first, at__lt=last)
        # Not by a join: that would look every row's client up.
        .exclude(client__in=Client.objects.filter(excluded=True))
        .values_list("at")
        .annotate(Sum("hit_bytes"), Sum("miss_bytes"), Sum("other_bytes"))
        .order_by()
    )
    for at, hit, miss, other in quarters:
        hour = found[at - (at - first) % HOUR]
        hour.hit_bytes += hit
        hour.miss_bytes += miss
        hour.other_bytes += other
    return list(found.values())


def running(datasources: Iterable[Datasource], now: datetime) -> list[Download]:
    """Return what runs by each log's own clock, the fastest first, then unknown ones.

    Of hidden clients, too: whoever counts them may, whoever names them may not.
    """
    since = {
        source.pk: min(source.newest_stamp, now.timestamp()) - RUNNING
        for source in datasources
        if now.timestamp() - source.newest_stamp <= QUIET
    }
    if not since:
        return []
    # By the end alone: with a datasource to go by, SQLite would walk all it ever had.
    ended = Download.objects.filter(
        ended_at__gte=datetime.fromtimestamp(min(since.values()), UTC),
        total_bytes__gt=0,
    )
    found = ended.select_related("client", "title").order_by("-ended_at")
    return sorted(
        (
            download
            for download in found[:RUNNING_MOST]
            if download.ended_at.timestamp()
            >= since.get(download.datasource_id, math.inf)
        ),
        key=lambda download: -(download.bytes_per_second or 0),
    )


def fastest(now: datetime) -> QuerySet[Download]:
    return _compared(now).order_by(_rate().desc(), "id")[:COMPARED_MOST]


def slowest(now: datetime) -> QuerySet[Download]:
    return _compared(now).order_by(_rate().asc(), "id")[:COMPARED_MOST]


def _compared(now: datetime) -> QuerySet[Download]:
    """Return the downloads of the last day whose speeds can be set side by side."""
    # Plus nothing it is no column with an index, for the same reason as the rate is.
    sized = Download.objects.alias(size=F("total_bytes") + 0)
    return sized.filter(
        ended_at__gte=now - DAY,
        bytes_per_second__isnull=False,
        size__gte=COMPARED,
        implausible=False,
        client__hidden=False,
        client__excluded=False,
    ).select_related("client", "title")


def _rate() -> CombinedExpression:
    # Times one it is no column with an index, through which the database might walk
    # years of downloads to find five of today.
    return F("bytes_per_second") * 1.0
