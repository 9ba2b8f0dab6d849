"""What Prometheus counts, added up in the transaction of recording."""

import time
from collections.abc import Iterable

import polars as pl

from downloads import bulk
from downloads.models import Counter, Datasource

# A line this much older than the wall clock when it is read counts under a name of its
# own: a year's log read at once would be one step in rate().
BACKFILL_AFTER = 600


def count_lines(datasource: Datasource, outcomes: dict[str, int]) -> None:
    """Count lines by outcome: request, session, skipped, rejected."""
    _count(
        datasource, [("log_lines", "", kind, n) for kind, n in outcomes.items() if n]
    )


def count_requests(datasource: Datasource, statuses: pl.DataFrame) -> None:
    """Count requests and their bytes; see ingest.counting.Counted.statuses."""
    totals = (
        statuses.lazy()
        .group_by(_age(), "service", "cache_status")
        .agg(pl.col("bytes", "requests").sum())
        .collect(engine="in-memory")
    )
    rows = []
    for age, service, status, size, requests in totals.iter_rows():
        rows.append((f"{age}http_bytes", service, status[:32], size))
        rows.append((f"{age}http_requests", service, status[:32], requests))
    _count(datasource, rows)


def count_sessions(datasource: Datasource, sessions: pl.DataFrame) -> None:
    """Count sessions (formats.SESSIONS and `service`) and their bytes."""
    totals = (
        sessions.lazy()
        .group_by(_age(), "service")
        .agg(pl.col("bytes_sent", "bytes_received").sum(), pl.len())
        .collect(engine="in-memory")
    )
    rows = []
    for age, service, sent, received, number in totals.iter_rows():
        rows.append((f"{age}stream_bytes", service, "sent", sent))
        rows.append((f"{age}stream_bytes", service, "received", received))
        rows.append((f"{age}stream_sessions", service, "", number))
    _count(datasource, rows)


def _age() -> pl.Expr:
    old = pl.col("at") < int(time.time()) - BACKFILL_AFTER
    return pl.when(old).then(pl.lit("backfill_")).otherwise(pl.lit("")).alias("age")


def _count(datasource: Datasource, rows: Iterable[tuple[str, str, str, int]]) -> None:
    bulk.add(
        Counter,
        ["datasource", "name", "service", "kind"],
        ["value"],
        [(datasource.pk, *row) for row in rows],
    )
