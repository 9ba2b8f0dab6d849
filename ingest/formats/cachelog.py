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
    LARGEST,
    SECONDS,
    STEAM_AGENT,
    Parsed,
    fields,
    found_head,
    requests,
)
from ingest.formats.prefixes import A1, A1T, A5, A6, BROKEN, with_prefix

COLUMNS = 18
NAMES = {A1: "A1", A1T: "A1t", A5: "A5", A6: "A6"}

KEYS = ["c0", "request", "status", "cache_status", "host", "steam_agent", "shape"]


def parse(data: bytes, head: str) -> Parsed:
    """Group the quoted lines of ``data``; see REQUESTS for the columns.

    ``head`` is a pattern whose groups are the method and the part of the path that
    matters; lines are told apart by no more of it.
    """
    lines = _lines(data, head)
    groups = lines.group_by(KEYS).agg(
        pl.col("bytes").sum(),
        pl.len().cast(pl.Int64).alias("requests"),
        pl.col("seconds").max(),
    )
    known = with_prefix(groups)
    leftover: list[int] = []
    if known.height < groups.height:
        rest = lines.with_row_index().join(known, on=KEYS, how="anti", nulls_equal=True)
        leftover = rest["index"].sort().to_list()
    return Parsed(_requests(known, head), leftover, _formats(known))


def _lines(data: bytes, head: str) -> pl.DataFrame:
    """Return a row a line: KEYS, bytes, and seconds, the request's time."""
    # The stock format ends with its range. Most logs hold no other, and to look for
    # what could stand behind it costs as much as all the rest.
    texts = fields(data, '"', COLUMNS)
    stock = texts.select(f"c{i}" for i in (*range(11), 12, 13) if i != 3).collect()
    c = {i: pl.col(f"c{i}") for i in range(COLUMNS)}
    plain = (c[4] == " ") & (c[6] == " ") & (c[8] == " ") & (c[10] == " ")
    is_a1 = plain & (c[12] == "") & (c[13] == "")
    if stock.select(is_a1.all()).item():
        shape = pl.when(_sized(c[2])).then(A1).otherwise(BROKEN)
        seconds = pl.lit(None, pl.Float64)
        columns = _columns(head, c[7], c[9])
        return stock.select(*columns, shape=shape.cast(pl.Int8), seconds=seconds)
    after = c[12].str.extract(rf"^ ({SECONDS}) [^ ]")
    quoted = c[13].str.extract(rf"^({SECONDS})$")
    shape = (
        pl.when(~_sized(c[2]))
        .then(BROKEN)
        .when(is_a1)
        .then(A1)
        .when(plain & (c[13] == "") & after.is_not_null())
        .then(A1T)
        .when(plain & (c[12] == " ") & (c[14] == " ") & (c[16] == "") & (c[17] == ""))
        .then(A6)
        .when((c[4] == " ") & (c[6] == "") & (c[7] == ""))
        .then(A5)
        .otherwise(BROKEN)
    )
    short = c[6] == ""
    columns = _columns(
        head,
        pl.when(short).then(c[3]).otherwise(c[7]),
        pl.when(short).then(c[5]).otherwise(c[9]),
    )
    return texts.select(
        *columns,
        shape=shape.cast(pl.Int8),
        seconds=pl.coalesce(after, quoted).cast(pl.Float64),
    ).collect()


def _columns(head: str, cache_status: pl.Expr, host: pl.Expr) -> list[pl.Expr]:
    return [
        pl.col("c0"),
        found_head(pl.col("c1"), head).alias("request"),
        pl.col("c2").str.slice(1, 3).alias("status"),
        cache_status.alias("cache_status"),
        host.alias("host"),
        pl.col("c5").str.starts_with(STEAM_AGENT).alias("steam_agent"),
        _size(pl.col("c2")).alias("bytes"),
    ]


def _size(numbers: pl.Expr) -> pl.Expr:
    return numbers.str.slice(5).str.strip_suffix(" ").cast(pl.Int64, strict=False)


def _sized(numbers: pl.Expr) -> pl.Expr:
    """Tell whether ` $status $body_bytes_sent ` stands between the quoted fields."""
    return (
        _size(numbers).is_between(0, LARGEST).fill_null(False)
        & numbers.str.starts_with(" ")
        & (numbers.str.slice(4, 1) == " ")
    )


def _requests(known: pl.DataFrame, head: str) -> pl.DataFrame:
    end_ms = pl.col("at") * 1000
    lasted_ms = (pl.col("seconds") * 1000).round().cast(pl.Int64)
    timed = pl.col("seconds").is_not_null()
    return requests(
        known.with_columns(
            first_start_ms=end_ms - lasted_ms,
            last_end_ms=pl.when(timed).then(end_ms),
        ),
        head,
    )


def _formats(known: pl.DataFrame) -> dict[str, int]:
    counts = known.group_by("shape").agg(pl.col("requests").sum())
    return {NAMES[shape]: count for shape, count in counts.iter_rows()}
