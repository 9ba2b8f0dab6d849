"""The one writer of facts: what a slice of a log says, added to what is known.

Everything here runs in the transaction of the caller, who moves the log's cursor in
it: that is what makes a line count exactly once.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import polars as pl
from django.conf import settings
from django.db import connection
from django.db.models import Max

from downloads import bulk, bursts, services
from downloads.models import (
    Burst,
    Client,
    Counter,
    Datasource,
    StreamSession,
    Title,
    TrafficBucket,
    TrafficQuarter,
)

T = TypeVar("T")

# A line this much older than the wall clock when it is read counts under a name of its
# own: a year's log read at once would be one step in rate().
BACKFILL_AFTER = 600
KEY = ["client_id", "title_id"]
BYTES = ["hit_bytes", "miss_bytes", "other_bytes"]
FACTS = [
    "first", "last", *BYTES, "requests", "failed_requests", "bytes_in_first_second",
    "bytes_in_last_second", "first_start_ms", "last_end_ms",
]  # fmt: skip
SESSION = [
    "client", "service", "host", "protocol", "status", "bytes_sent", "bytes_received",
    "total_bytes", "duration", "started_at", "ended_at",
]  # fmt: skip


def record_requests(
    datasource: Datasource, seconds: pl.DataFrame, statuses: pl.DataFrame, counts: bool
) -> None:
    """Add the requests of a slice; see ingest.counting.Counted for the frames.

    ``counts``: whether these lines have yet to count for Prometheus.
    """
    if seconds.is_empty():
        return
    clients = _client_ids(seconds["address"])
    titles = _title_ids(seconds.select("service", "title").unique())
    known = seconds.join(clients, on="address").join(titles, on=["service", "title"])
    _record_bursts(datasource, known)
    _record_buckets(datasource, known)
    _record_quarters(datasource, known)
    if counts:
        _count_requests(datasource, statuses)
    _advance(datasource, int(seconds["at"].max()))  # type: ignore[arg-type]


def record_sessions(
    datasource: Datasource, sessions: pl.DataFrame, counts: bool
) -> int:
    """Insert the sessions of a slice (formats.SESSIONS, addresses folded)."""
    if sessions.is_empty():
        return 0
    clients = _client_ids(sessions["address"])
    rows = sessions.join(clients, on="address", maintain_order="left").join(
        _services(sessions["host"]), on="host", maintain_order="left"
    )
    ended = pl.from_epoch("at")
    lasted = (pl.col("duration").fill_null(0) * 1_000_000).round().cast(pl.Int64)
    started = ended.cast(pl.Datetime("us")) - pl.duration(microseconds=lasted)
    frame = rows.with_columns(
        (pl.col("bytes_sent") + pl.col("bytes_received")).alias("total_bytes"),
        bulk.stamps(ended).alias("ended_at"),
        pl.when(pl.col("duration").is_not_null())
        .then(bulk.stamps(started))
        .alias("started_at"),
        pl.col("host").str.slice(0, 255),
        pl.lit(datasource.pk).alias("datasource"),
        pl.lit(False).alias("correlated"),
        pl.lit("").alias("unlinked"),
        pl.col("client_id").alias("client"),
    )
    names = ["datasource", *SESSION, "unlinked", "correlated"]
    bulk.insert(StreamSession, names, frame.select(names).rows())
    if counts:
        _count_sessions(datasource, rows)
    _advance(datasource, int(sessions["at"].max()))  # type: ignore[arg-type]
    return frame.height


def count_lines(datasource: Datasource, outcomes: dict[str, int]) -> None:
    """Count lines by outcome: request, session, skipped, rejected."""
    _count(
        datasource, [("log_lines", "", kind, n) for kind, n in outcomes.items() if n]
    )


def _client_ids(addresses: pl.Series) -> pl.DataFrame:
    wanted = addresses.unique().to_list()
    found = _existing_clients(wanted)
    if missing := [address for address in wanted if address not in found]:
        Client.objects.bulk_create(
            [Client(address=address) for address in missing], ignore_conflicts=True
        )
        found |= _existing_clients(missing)
    return pl.DataFrame(
        {"address": list(found), "client_id": list(found.values())},
        schema={"address": pl.String, "client_id": pl.Int64},
    )


def _existing_clients(addresses: Sequence[str]) -> dict[str, int]:
    table = connection.ops.quote_name(Client._meta.db_table)
    found = _rows(f"SELECT address, id FROM {table} WHERE address IN", addresses)
    return dict(found)


def _rows(
    statement: str, values: Sequence[str], *before: str
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query that ends with IN, for many values.

    Plain SQL: a queryset takes longer to write this down than the database to answer.
    """
    with connection.cursor() as cursor:
        for some in _chunks(values):
            places = ", ".join(["%s"] * len(some))
            cursor.execute(f"{statement} ({places})", [*before, *some])
            yield from cursor.fetchall()


def _title_ids(pairs: pl.DataFrame) -> pl.DataFrame:
    wanted = list(pairs.iter_rows())
    found = _existing_titles(wanted)
    if missing := [pair for pair in wanted if pair not in found]:
        Title.objects.bulk_create(
            [Title(service=service, raw=raw) for service, raw in missing],
            ignore_conflicts=True,
        )
        found |= _existing_titles(missing)
    rows = [(service, raw, pk) for (service, raw), pk in found.items()]
    schema = {"service": pl.String, "title": pl.String, "title_id": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _existing_titles(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    by_service: dict[str, list[str]] = {}
    for service, raw in pairs:
        by_service.setdefault(service, []).append(raw)
    table = connection.ops.quote_name(Title._meta.db_table)
    statement = f"SELECT raw, id FROM {table} WHERE service = %s AND raw IN"
    return {
        (service, raw): pk
        for service, raws in by_service.items()
        for raw, pk in _rows(statement, raws, service)
    }


def _chunks(items: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _services(hosts: pl.Series) -> pl.DataFrame:
    rows = [(host, services.of_host(host)) for host in hosts.unique()]
    return pl.DataFrame(
        rows, schema={"host": pl.String, "service": pl.String}, orient="row"
    )


def _record_bursts(datasource: Datasource, seconds: pl.DataFrame) -> None:
    """Join the new bursts with the stored ones that they touch."""
    new = bursts.of_seconds(seconds, KEY)
    stored = _stored_bursts(datasource, new)
    by_key: dict[tuple[int, int], list[bursts.Burst]] = {}
    for client, title, *facts in new.select(*KEY, *FACTS).iter_rows():
        by_key.setdefault((client, title), []).append(bursts.Burst(*facts))
    created, changed, absorbed = [], [], []
    for key, fresh in by_key.items():
        old = stored.get(key, [])
        known = {facts for _, facts in old}
        for burst in bursts.join([*fresh, *(facts for _, facts in old)]):
            within = [pk for pk, b in old if burst.first <= b.first <= burst.last]
            if within and burst in known:
                continue  # nothing came to it
            facts = [getattr(burst, name) for name in FACTS]
            if within:
                changed.append((*facts, within[0]))
                absorbed.extend(within[1:])
            else:
                created.append((datasource.pk, *key, *facts, False))
    bulk.insert(Burst, ["datasource", "client", "title", *FACTS, "grouped"], created)
    _update_bursts(changed)
    for some in _chunks(absorbed):
        Burst.objects.filter(pk__in=some).delete()


def _stored_bursts(
    datasource: Datasource, new: pl.DataFrame
) -> dict[tuple[int, int], list[tuple[int, bursts.Burst]]]:
    """Return the stored bursts that a new one may join, oldest row first."""
    near = bursts.LONGEST_SILENCE
    ranges = new.group_by(KEY).agg(
        (pl.col("first").min() - near).alias("low"),
        (pl.col("last").max() + near).alias("high"),
    )
    table = connection.ops.quote_name(Burst._meta.db_table)
    facts = ", ".join(f"b.{name}" for name in FACTS)
    stored: dict[tuple[int, int], list[tuple[int, bursts.Burst]]] = {}
    for some in _chunks(list(ranges.iter_rows()), 200):
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
                stored.setdefault((client, title), []).append(
                    (pk, bursts.Burst(*values))
                )
    return stored


def _update_bursts(rows: Sequence[bulk.Row]) -> None:
    if not rows:
        return
    table = connection.ops.quote_name(Burst._meta.db_table)
    values = ", ".join(f"{name} = %s" for name in FACTS)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET {values}, grouped = false WHERE id = %s", rows
        )


def _record_buckets(datasource: Datasource, seconds: pl.DataFrame) -> None:
    newest = int(seconds["at"].max())  # type: ignore[arg-type]
    oldest = bucket_horizon(max(datasource.newest_stamp, newest))
    kept = seconds.filter(pl.col("at") >= oldest)
    if kept.is_empty():
        return
    sums = [*BYTES, "requests"]
    frame = bursts.buckets(kept, KEY, TrafficBucket.SECONDS)
    rows = frame.select(pl.lit(datasource.pk), *KEY, "at", *sums).rows()
    bulk.add(TrafficBucket, ["datasource", "client", "title", "at"], sums, rows)


def bucket_horizon(newest_stamp: int) -> int:
    """Return the second before which buckets are not kept, by the log's own clock.

    A stamp in the future does not throw away the present.
    """
    clock = min(newest_stamp, int(time.time()))
    kept = timedelta(days=settings.BUCKET_RETENTION_DAYS)
    horizon = clock - int(kept.total_seconds())
    return horizon - horizon % TrafficBucket.SECONDS


def _record_quarters(datasource: Datasource, seconds: pl.DataFrame) -> None:
    sums = [*BYTES, "requests", "failed_requests"]
    frame = bursts.buckets(seconds, ["client_id", "service"], TrafficQuarter.SECONDS)
    rows = frame.select("at", pl.lit(datasource.pk), "client_id", "service", *sums)
    keys = ["at", "datasource", "client", "service"]
    bulk.add(TrafficQuarter, keys, sums, rows.rows())


def _count_requests(datasource: Datasource, statuses: pl.DataFrame) -> None:
    prefixed = _by_age(statuses).group_by("age", "service", "cache_status")
    totals = prefixed.agg(pl.col("bytes", "requests").sum())
    rows = []
    for age, service, status, size, requests in totals.iter_rows():
        rows.append((f"{age}http_bytes", service, status[:32], size))
        rows.append((f"{age}http_requests", service, status[:32], requests))
    _count(datasource, rows)


def _count_sessions(datasource: Datasource, sessions: pl.DataFrame) -> None:
    columns = ["bytes_sent", "bytes_received"]
    totals = _by_age(sessions).group_by("age", "service")
    rows = []
    for age, service, sent, received, number in totals.agg(
        pl.col(columns).sum(), pl.len()
    ).iter_rows():
        rows.append((f"{age}stream_bytes", service, "sent", sent))
        rows.append((f"{age}stream_bytes", service, "received", received))
        rows.append((f"{age}stream_sessions", service, "", number))
    _count(datasource, rows)


def _by_age(frame: pl.DataFrame) -> pl.DataFrame:
    old = pl.col("at") < int(time.time()) - BACKFILL_AFTER
    age = pl.when(old).then(pl.lit("backfill_")).otherwise(pl.lit(""))
    return frame.with_columns(age.alias("age"))


def _count(datasource: Datasource, rows: Iterable[tuple[str, str, str, int]]) -> None:
    bulk.add(
        Counter,
        ["datasource", "name", "service", "kind"],
        ["value"],
        [(datasource.pk, *row) for row in rows],
    )


def _advance(datasource: Datasource, stamp: int) -> None:
    """Move the datasource's own clock on: the newest time that its logs have shown."""
    if stamp > datasource.newest_stamp:
        Datasource.objects.filter(pk=datasource.pk, newest_stamp__lt=stamp).update(
            newest_stamp=stamp
        )
        datasource.newest_stamp = stamp


def newest_stamp() -> int:
    """Return the newest time that any log has shown, in epoch seconds; 0 if none."""
    return Datasource.objects.aggregate(newest=Max("newest_stamp"))["newest"] or 0
