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

STOCK_COLUMNS = 13
COLUMNS = 18
NAMES = {A1: "A1", A1T: "A1t", A5: "A5", A6: "A6"}

KEYS = ["c0", "request", "numbers", "cache_status", "host", "steam_agent", "shape"]


def parse(data: bytes, head: str) -> Parsed:
    """Group the quoted lines of ``data``; see REQUESTS for the columns.

    ``head`` is a pattern whose groups are the method and the part of the path that
    matters; lines are told apart by no more of it.
    """
    # Most logs hold the stock format only, and to look for what may stand behind it
    # costs as much as all the rest. Whoever guesses wrong reads again.
    if (known := _all_stock(data, head)) is not None:
        return Parsed(_requests(known, head), [], _formats(known))
    lines = _lines(data, head).collect()
    known = with_prefix(_grouped(lines.lazy()).collect())
    rest = lines.with_row_index().join(known, on=KEYS, how="anti", nulls_equal=True)
    leftover = rest["index"].sort().to_list()
    return Parsed(_requests(known, head), leftover, _formats(known))


def _all_stock(data: bytes, head: str) -> pl.DataFrame | None:
    """Return the groups of ``data``, or None if some line may be no stock one."""
    if not _looks_stock(data[: data.find(b"\n") + 1]):
        return None
    try:
        groups = _grouped(_stock_lines(data, head)).collect(engine="streaming")
    except pl.exceptions.ComputeError:  # not in UTF-8
        return None
    if BROKEN in groups["shape"]:
        return None
    known = with_prefix(groups)
    return known if known.height == groups.height else None


def _looks_stock(line: bytes) -> bool:
    return line.count(b'"') == STOCK_COLUMNS - 1 and line.endswith(b'"\n')


def _grouped(lines: pl.LazyFrame) -> pl.LazyFrame:
    return lines.group_by(KEYS).agg(
        pl.col("bytes").sum(),
        pl.len().cast(pl.Int64).alias("requests"),
        pl.col("seconds").max(),
    )


def _stock_lines(data: bytes, head: str) -> pl.LazyFrame:
    """Return a row a line: KEYS, bytes, and seconds, which A1 does not tell."""
    shape = pl.when(_sized() & _is_a1()).then(A1).otherwise(BROKEN)
    lines = fields(data, '"', STOCK_COLUMNS, encoding="utf8")
    return _with_bytes(lines).select(
        *_columns(head, pl.col("c7"), pl.col("c9")),
        shape=shape.cast(pl.Int8),
        seconds=pl.lit(None, pl.Float64),
    )


def _lines(data: bytes, head: str) -> pl.LazyFrame:
    """Return a row a line: KEYS, bytes, and seconds, the request's time."""
    c = {i: pl.col(f"c{i}") for i in range(COLUMNS)}
    after = c[12].str.extract(rf"^ ({SECONDS}) [^ ]")
    quoted = c[13].str.extract(rf"^({SECONDS})$")
    long = c[10] == " "
    shape = (
        pl.when(~_sized())
        .then(BROKEN)
        .when(_is_a1())
        .then(A1)
        .when(long & (c[13] == "") & after.is_not_null())
        .then(A1T)
        .when(long & (c[12] == " ") & (c[14] == " ") & (c[16] == "") & (c[17] == ""))
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
    return _with_bytes(fields(data, '"', COLUMNS)).select(
        *columns,
        shape=shape.cast(pl.Int8),
        seconds=pl.coalesce(after, quoted).cast(pl.Float64),
    )


def _with_bytes(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Read the size from ` $status $body_bytes_sent `; null if it is none."""
    size = pl.col("c2").str.slice(5).str.strip_suffix(" ")
    return lines.with_columns(bytes=size.cast(pl.Int64, strict=False))


def _columns(head: str, cache_status: pl.Expr, host: pl.Expr) -> list[pl.Expr]:
    return [
        pl.col("c0"),
        found_head(pl.col("c1"), head).alias("request"),
        pl.col("c2").str.head(5).alias("numbers"),
        cache_status.alias("cache_status"),
        host.alias("host"),
        pl.col("c5").str.starts_with(STEAM_AGENT).alias("steam_agent"),
        pl.col("bytes"),
    ]


def _is_a1() -> pl.Expr:
    """Tell whether a line ends with the sixth quoted field."""
    return (pl.col("c10") == " ") & (pl.col("c12") == "")


def _sized() -> pl.Expr:
    return pl.col("bytes").is_between(0, LARGEST).fill_null(False)


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
