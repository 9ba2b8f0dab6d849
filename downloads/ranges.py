"""Time ranges of a key, and how rows around them are asked for."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from downloads.correlating import SLACK_MS

# In one query: SQLite refuses expressions 1000 deep.
MOST = 100
# A row is fetched a millisecond too early rather than lost to rounding.
REACH = timedelta(milliseconds=SLACK_MS + 1)


class Changed(NamedTuple):
    """A time range in which the downloads of one key are not what they were."""

    datasource_id: int
    client_id: int
    service: str
    start: datetime
    end: datetime


def around(ranges: Iterable[Changed], gap: timedelta) -> Iterator[Q]:
    """Yield what finds the sessions, or the downloads, that touch any of ``ranges``.

    Slack included. Ranges of one key with up to ``gap`` between them are asked for
    as one; a row can be found by several of what is yielded.
    """
    fused = _fused(ranges, gap)
    for first in range(0, len(fused), MOST):
        touching = Q()
        for one in fused[first : first + MOST]:
            touching |= Q(
                datasource=one.datasource_id,
                client=one.client_id,
                service=one.service,
                ended_at__gte=one.start - REACH,
                started_at__lte=one.end + REACH,
            )
        yield touching


def _fused(ranges: Iterable[Changed], gap: timedelta) -> list[Changed]:
    fused: list[Changed] = []
    for one in sorted(ranges):
        last = fused[-1] if fused else None
        if last and last[:3] == one[:3] and one.start <= last.end + gap:
            fused[-1] = last._replace(end=max(last.end, one.end))
        else:
            fused.append(one)
    return fused
