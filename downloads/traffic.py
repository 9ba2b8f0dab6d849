"""What the buckets say of stretches of time."""

from collections.abc import Sequence

from django.db import connection

from downloads.clock import bucket_horizon
from downloads.models import Datasource, TrafficBucket
from downloads.rates import PureBuckets

# (datasource, client, title, first second, last second)
Stretch = tuple[int, int, int, int, int]
# Of one kind: at least so much of a bucket's bytes.
PURE = 0.9
STRETCHES = 200  # in one query

# Buckets wholly inside a stretch: its first and last second may be cut short. Those
# of several titles at once are one bucket.
_INSIDE = """
WITH stretch (place, datasource_id, client_id, title_id, low, high) AS (
    VALUES {places}
),
bucket AS (
    SELECT place, at, SUM(hit_bytes) AS hit, SUM(miss_bytes) AS miss,
           SUM(hit_bytes + miss_bytes + other_bytes) AS total
    FROM stretch JOIN {table} t
      ON t.datasource_id = stretch.datasource_id AND t.client_id = stretch.client_id
     AND t.title_id = stretch.title_id AND t.at > low AND t.at + {width} <= high
    GROUP BY place, at
)
SELECT place, MAX(total),
       SUM(CASE WHEN hit >= {pure} * total THEN total ELSE 0 END),
       SUM(CASE WHEN hit >= {pure} * total AND total > 0 THEN {width} ELSE 0 END),
       SUM(CASE WHEN miss >= {pure} * total THEN total ELSE 0 END),
       SUM(CASE WHEN miss >= {pure} * total AND total > 0 THEN {width} ELSE 0 END)
FROM bucket GROUP BY place
"""


def pure_buckets(downloads: Sequence[Sequence[Stretch]]) -> list[PureBuckets | None]:
    """Return for each download, given by its stretches, what its buckets sum to.

    None where buckets of its time are no longer kept.
    """
    horizons = {
        source: bucket_horizon(newest)
        for source, newest in Datasource.objects.values_list("pk", "newest_stamp")
    }
    figures: list[PureBuckets | None] = [
        None
        if any(s[3] < horizons[s[0]] for s in stretches)
        else PureBuckets(0, 0, 0, 0, 0)
        for stretches in downloads
    ]
    rows = [
        (place, *stretch)
        for place, stretches in enumerate(downloads)
        if figures[place] is not None
        for stretch in stretches
        if stretch[4] - stretch[3] > TrafficBucket.SECONDS
    ]
    # All titles of one stretch in one query: their buckets are one. A download may
    # have more stretches than a query takes.
    rows.sort(key=lambda row: (row[0], row[4], row[5]))
    start = 0
    while start < len(rows):
        end = min(start + STRETCHES, len(rows))
        while end < len(rows) and _same_stretch(rows[end], rows[end - 1]):
            end += 1
        for place, *sums in _summed(rows[start:end]):
            figures[place] = _added(figures[place], *map(int, sums))
        start = end
    return figures


def _same_stretch(one: Sequence[int], other: Sequence[int]) -> bool:
    return (one[0], *one[4:]) == (other[0], *other[4:])


def _added(
    before: PureBuckets | None,
    peak: int,
    hit: int,
    hit_seconds: int,
    miss: int,
    miss_seconds: int,
) -> PureBuckets:
    before = before or PureBuckets(0, 0, 0, 0, 0)
    return PureBuckets(
        before.hit_bytes + hit,
        before.hit_seconds + hit_seconds,
        before.miss_bytes + miss,
        before.miss_seconds + miss_seconds,
        max(before.peak_bytes, peak),
    )


def _summed(rows: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    statement = _INSIDE.format(
        places=", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(rows)),
        table=connection.ops.quote_name(TrafficBucket._meta.db_table),
        width=TrafficBucket.SECONDS,
        pure=PURE,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for row in rows for value in row])
        return list(cursor.fetchall())
