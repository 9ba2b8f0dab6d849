"""Time ranges of a key, and which rows touch them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, models

from downloads import bulk
from downloads.correlating import SLACK_MS

RANGES = 150  # in one query
# A row is fetched a millisecond too early rather than lost to rounding.
REACH = timedelta(milliseconds=SLACK_MS + 1)
# Plain SQL: a queryset takes longer to write down a hundred ranges than the database to
# find what touches them.
_TOUCHING = """
WITH span (datasource_id, client_id, service, low, high) AS (VALUES {places})
SELECT t.id FROM span JOIN {table} t
  ON t.datasource_id = span.datasource_id AND t.client_id = span.client_id
 AND t.service = span.service AND t.ended_at >= span.low AND t.started_at <= span.high
"""


class Changed(NamedTuple):
    """A time range in which the downloads of one key are not what they were."""

    datasource_id: int
    client_id: int
    service: str
    start: datetime
    end: datetime


def touching(
    model: type[models.Model], ranges: Iterable[Changed], gap: timedelta
) -> set[int]:
    """Return the keys of the sessions, or the downloads, that touch any of ``ranges``.

    Slack included. Ranges of one key with up to ``gap`` between them are asked for
    as one.
    """
    found: set[int] = set()
    as_stored = connection.ops.adapt_datetimefield_value
    for some in bulk.chunks(_fused(ranges, gap), RANGES):
        values: list[Any] = []
        for one in some:
            low, high = as_stored(one.start - REACH), as_stored(one.end + REACH)
            values += [*one[:3], low, high]
        statement = _TOUCHING.format(
            places=", ".join(["(%s, %s, %s, %s, %s)"] * len(some)),
            table=connection.ops.quote_name(model._meta.db_table),
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            found.update(pk for (pk,) in cursor.fetchall())
    return found


def _fused(ranges: Iterable[Changed], gap: timedelta) -> list[Changed]:
    fused: list[Changed] = []
    for one in sorted(ranges):
        last = fused[-1] if fused else None
        if last and last[:3] == one[:3] and one.start <= last.end + gap:
            fused[-1] = last._replace(end=max(last.end, one.end))
        else:
            fused.append(one)
    return fused
