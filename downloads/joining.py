"""New bursts joined with the stored ones that they touch.

In the transaction of recording, which holds the datasource's lock: two that join the
same bursts at once would each leave half of them.
"""

import polars as pl
from django.db import connection

from downloads import bulk, bursts
from downloads.bursts import FIELDS
from downloads.models import Burst, Datasource

# (client, title)
Key = tuple[int, int]
Stored = tuple[int, bursts.Burst]  # with its primary key
KEYS = 200  # in one query


def record(datasource: Datasource, new: pl.DataFrame) -> None:
    """Record ``new``: client_id, title_id and the fields of bursts.Burst."""
    by_key: dict[Key, list[bursts.Burst]] = {}
    for client, title, *facts in new.select(
        "client_id", "title_id", *FIELDS
    ).iter_rows():
        by_key.setdefault((client, title), []).append(bursts.Burst(*facts))
    stored = _stored(datasource, by_key)
    created: list[bulk.Row] = []
    changed: list[bulk.Row] = []
    absorbed: list[int] = []
    for key, fresh in by_key.items():
        old = stored.get(key, [])
        known = {facts for _, facts in old}
        for burst in bursts.join([*fresh, *(facts for _, facts in old)]):
            within = [pk for pk, b in old if burst.first <= b.first <= burst.last]
            if within and burst in known:
                continue  # nothing came to it
            facts = [getattr(burst, name) for name in FIELDS]
            if within:
                changed.append((*facts, False, within[0]))
                absorbed.extend(within[1:])
            else:
                created.append((datasource.pk, *key, *facts, False))
    names = ["datasource", "client", "title", *FIELDS, "grouped"]
    bulk.insert(Burst, names, created)
    bulk.update_rows(Burst, [*FIELDS, "grouped"], changed)
    for some in bulk.chunks(absorbed):
        Burst.objects.filter(pk__in=some).delete()


def _stored(
    datasource: Datasource, new: dict[Key, list[bursts.Burst]]
) -> dict[Key, list[Stored]]:
    """Return the stored bursts that a new one may join, oldest row first."""
    near = bursts.LONGEST_SILENCE
    ranges = [
        (*key, min(b.first for b in some) - near, max(b.last for b in some) + near)
        for key, some in new.items()
    ]
    table = connection.ops.quote_name(Burst._meta.db_table)
    facts = ", ".join(f"b.{name}" for name in FIELDS)
    stored: dict[Key, list[Stored]] = {}
    for some in bulk.chunks(ranges, KEYS):
        wanted = ", ".join(["(%s, %s, %s, %s)"] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(
                "WITH near (client_id, title_id, low, high) AS"
                f" (VALUES {wanted})"
                f" SELECT b.id, b.client_id, b.title_id, {facts} FROM near"
                f" JOIN {table} b ON b.datasource_id = %s"
                " AND b.client_id = near.client_id AND b.title_id = near.title_id"
                " AND b.last >= near.low AND b.first <= near.high ORDER BY b.id",
                [*(value for row in some for value in row), datasource.pk],
            )
            for pk, client, title, *values in cursor.fetchall():
                of_key = stored.setdefault((client, title), [])
                of_key.append((pk, bursts.Burst(*values)))
    return stored
