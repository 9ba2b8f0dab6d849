"""The one writer of facts: what a slice of a log says, added to what is known.

Everything here runs in the transaction of the caller, who moves the log's cursor in
it: that is what makes a line count exactly once.
"""

import polars as pl
from django.db import connection

from downloads import (
    bulk,
    clock,
    columns,
    counters,
    identifying,
    joining,
    services,
)
from downloads.models import (
    Datasource,
    StreamSession,
    TrafficBucket,
    TrafficQuarter,
)

KEY = ["client_id", "title_id"]
BYTES = ["hit_bytes", "miss_bytes", "other_bytes"]
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
    newest = int(seconds["at"].max())  # type: ignore[arg-type]
    horizon = clock.bucket_horizon(max(datasource.newest_stamp, newest))
    clients = identifying.client_ids(seconds["address"])
    titles = identifying.title_ids(seconds.select("service", "title").unique())
    known = (
        seconds.lazy()
        .join(clients.lazy(), on="address")
        .join(titles.lazy(), on=["service", "title"])
        .collect(engine="in-memory")
        .lazy()
    )
    new, buckets, quarters = pl.collect_all(
        [
            columns.of_seconds(known, KEY),
            columns.buckets(
                known.filter(pl.col("at") >= horizon), KEY, TrafficBucket.SECONDS
            ),
            columns.buckets(known, ["client_id", "service"], TrafficQuarter.SECONDS),
        ],
        engine="in-memory",
    )
    joining.record(datasource, new)
    _add_buckets(datasource, buckets)
    _add_quarters(datasource, quarters)
    if counts:
        counters.count_requests(datasource, statuses)
    clock.advance(datasource, newest)


def _add_buckets(datasource: Datasource, frame: pl.DataFrame) -> None:
    sums = [*BYTES, "requests"]
    rows = frame.select(pl.lit(datasource.pk), *KEY, "at", *sums).rows()
    bulk.add(TrafficBucket, ["datasource", "client", "title", "at"], sums, rows)


def _add_quarters(datasource: Datasource, frame: pl.DataFrame) -> None:
    sums = [*BYTES, "requests", "failed_requests"]
    rows = frame.select("at", pl.lit(datasource.pk), "client_id", "service", *sums)
    keys = ["at", "datasource", "client", "service"]
    bulk.add(TrafficQuarter, keys, sums, rows.rows())


def record_sessions(
    datasource: Datasource, sessions: pl.DataFrame, counts: bool
) -> int:
    """Insert the sessions of a slice (formats.SESSIONS, addresses folded)."""
    if sessions.is_empty():
        return 0
    clients = identifying.client_ids(sessions["address"])
    rows = sessions.join(clients, on="address", maintain_order="left").join(
        _services(sessions["host"]), on="host", maintain_order="left"
    )
    ended = pl.from_epoch("at")
    lasted = (pl.col("duration").fill_null(0) * 1_000_000).round().cast(pl.Int64)
    started = ended.cast(pl.Datetime("us")) - pl.duration(microseconds=lasted)
    frame = rows.with_columns(
        (pl.col("bytes_sent") + pl.col("bytes_received")).alias("total_bytes"),
        _stored(ended).alias("ended_at"),
        pl.when(pl.col("duration").is_not_null())
        .then(_stored(started))
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
        counters.count_sessions(datasource, rows)
    clock.advance(datasource, int(sessions["at"].max()))  # type: ignore[arg-type]
    return frame.height


def _services(hosts: pl.Series) -> pl.DataFrame:
    rows = [(host, services.of_host(host)) for host in hosts.unique()]
    return pl.DataFrame(
        rows, schema={"host": pl.String, "service": pl.String}, orient="row"
    )


def _stored(moments: pl.Expr) -> pl.Expr:
    """Write Datetime columns (UTC) as the database stores what Django would store."""
    if connection.vendor == "postgresql":
        return moments.dt.strftime("%Y-%m-%d %H:%M:%S%.6f+00:00")
    # Django leaves the fraction away where it is none, and SQLite compares text.
    return moments.dt.strftime("%Y-%m-%d %H:%M:%S%.6f").str.strip_suffix(".000000")
