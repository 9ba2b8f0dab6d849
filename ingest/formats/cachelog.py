"""Access formats whose text fields are quoted: A1, A1t, A5, A6.

nginx escapes a double quote inside a field, so the quote is a safe separator: the
odd columns are the quoted fields, the even ones what stands between them.

    A1   [$cacheidentifier] $remote_addr / $http_x_forwarded_for - $remote_user
         [$time_local] "$request" $status $body_bytes_sent "$http_referer"
         "$http_user_agent" "$upstream_cache_status" "$host" "$http_range"
    A1t  A1 and ` $request_time $upstream_response_time`
    A5   $remote_addr - [$time_local] "$request" $status $body_bytes_sent
         "$upstream_cache_status" "$host"
    A6   [$server_name] $remote_addr - $remote_user [$time_local] and on as A1, then
         "$request_time" "$upstream_response_time"
"""

import polars as pl

from ingest.formats.frames import (
    NUMBER,
    REQUESTS,
    STAMP,
    STEAM_AGENT,
    Parsed,
    epoch_seconds,
    fields,
)

COLUMNS = 17
BROKEN, A1, A1T, A5, A6 = range(5)
NAMES = {A1: "A1", A1T: "A1t", A5: "A5", A6: "A6"}

# The last time before the request is nginx's own; what stands before it may have been
# written by a stranger.
PREFIX = {
    A1: rf"^\[(?<identifier>[^ ]*)\] (?<address>\S+) / (?<rest>.*) \[(?<stamp>{STAMP})\] $",
    A5: rf"^(?<identifier>)(?<address>\S+)(?<rest>) - \[(?<stamp>{STAMP})\] $",
    A6: rf"^\[(?<identifier>[^ ]*)\] (?<address>\S+)(?<rest>) - .* \[(?<stamp>{STAMP})\] $",
}
# A request that nginx refused before it knew the host: the identifier may hold spaces.
REFUSED = rf"^(?<identifier>)(?<address>)(?<rest>)\[.*\[(?<stamp>{STAMP})\] $"
REFUSED_STATUSES = (400, 408, 414)


def parse(data: bytes, head: str) -> Parsed:
    """Group the quoted lines of ``data``; see REQUESTS for the columns.

    ``head`` is a pattern whose groups are the method and the part of the path that
    matters; lines are told apart by no more of it.
    """
    lines = _lines(data, head)
    keys = ["c0", "request", "status", "cache_status", "host", "steam_agent", "shape"]
    groups = (
        lines.group_by(keys)
        .agg(
            pl.col("bytes").sum(),
            pl.len().cast(pl.Int64).alias("requests"),
            pl.col("seconds").max(),
        )
        .collect()
    )
    prefixes = _prefixes(groups)
    known = groups.join(prefixes, on=["c0", "shape"], how="inner")
    count = int(known["requests"].sum())
    leftover = []
    if count < int(groups["requests"].sum()):
        leftover = _leftover(lines, prefixes)
    return Parsed(_requests(known, head), leftover, _formats(known))


def _lines(data: bytes, head: str) -> pl.LazyFrame:
    c = [pl.col(f"c{i}") for i in range(COLUMNS)]
    body = c[2].str.slice(5).str.strip_suffix(" ")
    size = body.cast(pl.Int64, strict=False)
    plain = (c[4] == " ") & (c[6] == " ") & (c[8] == " ") & (c[10] == " ")
    sized = c[2].str.contains(rf"^ \d{{3}} {NUMBER} ?$")
    shape = (
        pl.when(~sized)
        .then(BROKEN)
        .when(plain & (c[12] == ""))
        .then(A1)
        .when(plain & (c[13] == "") & c[12].str.contains(r"^ [0-9.]+ \S"))
        .then(A1T)
        .when(plain & (c[12] == " ") & (c[14] == " ") & (c[16] == ""))
        .then(A6)
        .when((c[4] == " ") & (c[6] == "") & (c[7] == ""))
        .then(A5)
        .otherwise(BROKEN)
        .cast(pl.Int8)
    )
    short = c[6] == ""
    return fields(data, '"', COLUMNS).select(
        "c0",
        # Finding is three times as fast as capturing.
        c[1].str.extract_all(_uncaptured(head)).list.first().alias("request"),
        c[2].str.slice(1, 3).alias("status"),
        pl.when(short).then(c[3]).otherwise(c[7]).alias("cache_status"),
        pl.when(short).then(c[5]).otherwise(c[9]).alias("host"),
        c[5].str.starts_with(STEAM_AGENT).fill_null(False).alias("steam_agent"),
        shape.alias("shape"),
        size.alias("bytes"),
        pl.coalesce(c[12].str.extract(r"^ ([0-9.]+) "), c[13])
        .cast(pl.Float64, strict=False)
        .alias("seconds"),
    )


def _uncaptured(pattern: str) -> str:
    return pattern.replace("(", "(?:").replace("(?:?", "(?")


def _prefixes(groups: pl.DataFrame) -> pl.DataFrame:
    """Return what the text before the request says, for each that is understood."""
    found = [
        _matched(groups.filter(pl.col("shape").is_in(shapes)), PREFIX[shapes[0]])
        for shapes in ([A1, A1T], [A5], [A6])
    ]
    refused = groups.filter(
        (pl.col("shape") != BROKEN)
        & pl.col("status").is_in([str(status) for status in REFUSED_STATUSES])
    ).join(pl.concat(found), on=["c0", "shape"], how="anti")
    return pl.concat([*found, _matched(refused, REFUSED)])


def _matched(groups: pl.DataFrame, pattern: str) -> pl.DataFrame:
    forwarded = pl.col("rest").str.split(" - ")
    return (
        groups.select("c0", "shape")
        .unique()
        .with_columns(pl.col("c0").str.extract_groups(pattern).alias("found"))
        .unnest("found")
        .with_columns(
            epoch_seconds(pl.col("stamp")).alias("at"),
            # A second " - " means that a stranger wrote one: then no part of it
            # can be told from the rest, and none is believed.
            pl.when(forwarded.list.len() == 2)
            .then(forwarded.list.first())
            .otherwise(pl.lit("-"))
            .alias("forwarded_for"),
        )
        .filter(pl.col("at").is_not_null())
        .select("c0", "shape", "identifier", "address", "forwarded_for", "at")
    )


def _leftover(lines: pl.LazyFrame, prefixes: pl.DataFrame) -> list[int]:
    rest = (
        lines.with_row_index()
        .select("index", "c0", "shape")
        .collect()
        .join(prefixes, on=["c0", "shape"], how="anti")
    )
    return rest["index"].sort().to_list()


def _requests(known: pl.DataFrame, head: str) -> pl.DataFrame:
    end_ms = pl.col("at") * 1000
    return (
        known.with_columns(
            pl.col("request").str.extract(head, 1).alias("method"),
            pl.col("request").str.extract(head, 2).alias("path"),
            pl.col("status").cast(pl.Int64),
            pl.when(pl.col("seconds").is_not_null())
            .then(end_ms - (pl.col("seconds") * 1000).round().cast(pl.Int64))
            .alias("first_start_ms"),
            pl.when(pl.col("seconds").is_not_null()).then(end_ms).alias("last_end_ms"),
            pl.col("cache_status", "host", "forwarded_for").replace("-", ""),
        )
        .select(REQUESTS.names())
        .cast(dict(REQUESTS))
    )


def _formats(known: pl.DataFrame) -> dict[str, int]:
    counts = known.group_by("shape").agg(pl.col("requests").sum())
    return {NAMES[shape]: count for shape, count in counts.iter_rows()}
