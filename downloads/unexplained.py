"""What an interface carried to the clients and no log tells of: headers and packets
sent again, what else the host serves, and what runs still and is logged when it ends.

Logged are bodies of requests and bytes of TLS sessions, at the moment when each was
over. So a range says the less the shorter it is: of the last minute of one large file
the interface tells all, and the log nothing; of the minute in which it ended the log
may tell more than the interface, and the difference is negative.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import F, QuerySet, Sum

from bandwidth.models import BandwidthSample, BandwidthSource
from downloads.clock import bucket_horizon
from downloads.models import Datasource, StreamSession, TrafficBucket, TrafficQuarter

QUARTER, MINUTE, TEN = 900, 60, 10
# Of so many steps it does not matter that the first and the last are whole ones.
ENOUGH = 90
# Neither the last reading nor the last line is stored before that.
LATE = 30  # seconds
COVERED = 0.95
BODIES = F("hit_bytes") + F("miss_bytes") + F("other_bytes")


@dataclass(frozen=True, slots=True)
class Unexplained:
    """``since`` to ``until`` is the range that was asked for, widened to whole steps,
    as far as it is over. Bytes to the clients are null where they are not known; then
    ``why`` says why.
    """

    since: int
    until: int
    step: int  # seconds
    interface_bytes: int | None
    logged_bytes: int | None
    why: str = ""

    @property
    def bytes(self) -> int | None:
        if self.interface_bytes is None or self.logged_bytes is None:
            return None
        return self.interface_bytes - self.logged_bytes

    @property
    def share(self) -> float | None:
        """Return which part of the interface's bytes that is, at most 1."""
        if self.bytes is None or not self.interface_bytes:
            return None
        return self.bytes / self.interface_bytes


def unexplained(
    source: BandwidthSource,
    datasources: Collection[Datasource],
    first: int,
    last: int,
    *,
    is_read: bool,
) -> Unexplained:
    """Compare what ``source`` carried with what the logs of ``datasources`` tell, from
    epoch second ``first`` to ``last``. ``is_read``: whether those logs are read to
    their end; reading knows, and this does not.
    """
    now = int(time.time())
    step = _step(first, last, now, datasources)
    since = first - first % step
    until = min(last + -last % step, (now - LATE) // step * step)
    if until <= since:
        why = f"the range is not over: here {step} seconds are told at once"
        return Unexplained(since, since, step, None, None, why)
    carried, why_not_carried = _carried(source, since, until, step)
    logged, why_not_logged = _logged(datasources, since, until, step, is_read)
    why = "; ".join(filter(None, (why_not_carried, why_not_logged)))
    return Unexplained(since, until, step, carried, logged, why)


def _step(first: int, last: int, now: int, datasources: Collection[Datasource]) -> int:
    """Return the finest resolution that both sides still have and that matters."""
    buckets = max((bucket_horizon(one.newest_stamp) for one in datasources), default=0)
    if last - first >= ENOUGH * QUARTER or first < buckets:
        return QUARTER
    tens = now - settings.TEN_SECONDS_RETENTION_HOURS * 3600
    slow = settings.BANDWIDTH_SAMPLE_INTERVAL > 1000 * TEN
    if last - first >= ENOUGH * MINUTE or first < tens or slow:
        return MINUTE
    return TEN


def _carried(
    source: BandwidthSource, since: int, until: int, step: int
) -> tuple[int | None, str]:
    """Return the bytes that went to the clients, over all interfaces of the source."""
    transmits = source.to_clients == BandwidthSource.Direction.TRANSMIT
    rows = BandwidthSample.objects.filter(
        source=source, seconds=min(step, MINUTE), at__gte=since, at__lt=until
    )
    sums = list(
        rows.values("interface")
        .annotate(
            size=Sum("transmitted_bytes" if transmits else "received_bytes"),
            covered=Sum("covered_ms"),
        )
        .values_list("size", "covered")
    )
    covered = max((one for _, one in sums), default=0) / (1000 * (until - since))
    if covered < COVERED:
        return None, f"{source} was read for {100 * covered:.0f} % of the time only"
    return sum(int(size) for size, _ in sums), ""


def _logged(
    datasources: Collection[Datasource],
    since: int,
    until: int,
    step: int,
    is_read: bool,
) -> tuple[int | None, str]:
    """Return the bytes that the logs tell of, of clients left out elsewhere, too."""
    if not datasources:
        return None, "there is no cache whose logs could tell"
    if not is_read:
        return None, "the logs are not read to their end"
    quarters = TrafficQuarter.objects.filter(datasource__in=datasources)
    begun = quarters.order_by("at").values_list("at", flat=True).first()
    if begun is None or begun > since:
        return None, "the logs begin later"
    traffic: QuerySet[TrafficBucket] | QuerySet[TrafficQuarter] = quarters
    if step != QUARTER:
        traffic = TrafficBucket.objects.filter(datasource__in=datasources)
    bodies = traffic.filter(at__gte=since, at__lt=until).aggregate(size=Sum(BODIES))
    sessions = StreamSession.objects.filter(
        datasource__in=datasources,
        ended_at__gte=datetime.fromtimestamp(since, UTC),
        ended_at__lt=datetime.fromtimestamp(until, UTC),
    ).aggregate(size=Sum("bytes_sent"))
    return int(bodies["size"] or 0) + int(sessions["size"] or 0), ""
