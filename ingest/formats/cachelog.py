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
    REQUESTS,
    STAMP,
    STEAM_AGENT,
    Parsed,
    epoch_seconds,
    fields,
)

COLUMNS = 17
LARGEST = 10**15  # bytes; sums of it still fit in 64 bits
BROKEN, A1, A1T, A5, A6 = range(5)
NAMES = {A1: "A1", A1T: "A1t", A5: "A5", A6: "A6"}

# The last time before the request is nginx's own: what stands before it may have been
# written by a stranger.
STAMP_AT_END = rf"\[({STAMP})\] $"
STAMP_LENGTH = len("[23/Nov/2026:20:45:43 +0000] ")
WHO = {
    A1: r"^\[(?<identifier>[^ ]*)\] (?<address>\S+) / (?<rest>.*) $",
    A5: r"^(?<identifier>)(?<address>\S+)(?<rest>) - $",
    A6: r"^\[(?<identifier>[^ ]*)\] (?<address>\S+)(?<rest>) - .* $",
}
# A request that nginx refused before it knew the host: the identifier may hold spaces.
REFUSED = r"^(?<identifier>)(?<address>)(?<rest>)\["
REFUSED_STATUSES = ("400", "408", "414")
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
    known = _with_prefix(groups)
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
    stock = texts.select(f"c{i}" for i in (0, 1, 2, 5, 7, 8, 9, 10, 12)).collect()
    c = {i: pl.col(f"c{i}") for i in range(COLUMNS)}
    size = c[2].str.slice(5).str.strip_suffix(" ").cast(pl.Int64, strict=False)
    sized = (
        size.is_between(0, LARGEST)
        & c[2].str.starts_with(" ")
        & (c[2].str.slice(4, 1) == " ")
    )
    is_a1 = (c[8] == " ") & (c[10] == " ") & (c[12] == "")
    if stock.select(is_a1.all()).item():
        return stock.select(
            *_columns(head, size, c[7], c[9]),
            pl.when(sized).then(A1).otherwise(BROKEN).cast(pl.Int8).alias("shape"),
            pl.lit(None, pl.Float64).alias("seconds"),
        )
    short = c[6] == ""
    seconds = pl.coalesce(c[12].str.extract(r"^ ([0-9.]+) "), c[13])
    return texts.select(
        *_columns(
            head,
            size,
            pl.when(short).then(c[3]).otherwise(c[7]),
            pl.when(short).then(c[5]).otherwise(c[9]),
        ),
        _shape(c, sized).cast(pl.Int8).alias("shape"),
        seconds.cast(pl.Float64, strict=False).alias("seconds"),
    ).collect()


def _columns(
    head: str, size: pl.Expr, cache_status: pl.Expr, host: pl.Expr
) -> list[pl.Expr]:
    request = pl.col("c1").str.extract_all(_uncaptured(head)).list.first()
    return [
        pl.col("c0"),
        # Finding is three times as fast as capturing.
        request.alias("request"),
        pl.col("c2").str.slice(1, 3).alias("status"),
        cache_status.alias("cache_status"),
        host.alias("host"),
        pl.col("c5").str.starts_with(STEAM_AGENT).alias("steam_agent"),
        size.alias("bytes"),
    ]


def _shape(c: dict[int, pl.Expr], sized: pl.Expr) -> pl.Expr:
    """Tell the format of a line from which of its fields are filled."""
    plain = (c[4] == " ") & (c[6] == " ") & (c[8] == " ") & (c[10] == " ")
    return (
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
    )


def _uncaptured(pattern: str) -> str:
    return pattern.replace("(", "(?:").replace("(?:?", "(?")


def _with_prefix(groups: pl.DataFrame) -> pl.DataFrame:
    """Add what the text before the request says; drop groups where it says nothing.

    A log has few different clients and one stamp a second: each is read once.
    """
    cut = groups.with_columns(
        pl.col("c0").str.head(-STAMP_LENGTH).alias("who"),
        pl.col("c0").str.tail(STAMP_LENGTH).alias("stamp"),
    )
    stamps = (
        cut.select(pl.col("stamp").unique())
        .with_columns(
            epoch_seconds(pl.col("stamp").str.extract(STAMP_AT_END)).alias("at")
        )
        .filter(pl.col("at").is_not_null())
    )
    refused = pl.col("status").is_in(REFUSED_STATUSES)
    people = _people(
        cut.filter(pl.col("shape") != BROKEN)
        .select("who", "shape", refused.alias("refused"))
        .unique()
    )
    return cut.join(stamps, on="stamp").join(
        people,
        left_on=["who", "shape", refused],
        right_on=["who", "shape", "refused"],
    )


def _people(prefixes: pl.DataFrame) -> pl.DataFrame:
    """Return identifier, address and forwarded_for of the prefixes that have them."""
    found = []
    for pattern, wanted in (
        (WHO[A1], pl.col("shape").is_in([A1, A1T])),
        (WHO[A5], pl.col("shape") == A5),
        (WHO[A6], pl.col("shape") == A6),
    ):
        some = prefixes.filter(wanted)
        if some.height:
            found.append(_matched(some, pattern))
    known = pl.concat(found) if found else _matched(prefixes, WHO[A1])
    refused = prefixes.filter("refused").join(
        known, on=["who", "shape", "refused"], how="anti"
    )
    return pl.concat([known, _matched(refused, REFUSED)]) if refused.height else known


def _matched(prefixes: pl.DataFrame, pattern: str) -> pl.DataFrame:
    forwarded = pl.col("rest").str.split(" - ")
    return (
        prefixes.with_columns(pl.col("who").str.extract_groups(pattern).alias("found"))
        .unnest("found")
        .filter(pl.col("address").is_not_null())
        .select(
            "who",
            "shape",
            "refused",
            "identifier",
            "address",
            # A second " - " means that a stranger wrote one: then no part of it can
            # be told from the rest, and none is believed.
            pl.when(forwarded.list.len() == 2)
            .then(forwarded.list.first())
            .otherwise(pl.lit("-"))
            .alias("forwarded_for"),
        )
    )


def _requests(known: pl.DataFrame, head: str) -> pl.DataFrame:
    heads = known.select(pl.col("request").unique()).with_columns(
        pl.col("request").str.extract(head, 1).alias("method"),
        pl.col("request").str.extract(head, 2).alias("path"),
    )
    end_ms = pl.col("at") * 1000
    lasted_ms = (pl.col("seconds") * 1000).round().cast(pl.Int64)
    return (
        known.join(heads, on="request", nulls_equal=True)
        .with_columns(
            pl.col("status").cast(pl.Int64, strict=False),
            (end_ms - lasted_ms).alias("first_start_ms"),
            pl.when(pl.col("seconds").is_not_null()).then(end_ms).alias("last_end_ms"),
            pl.col("cache_status", "host", "forwarded_for").replace("-", ""),
        )
        .select(REQUESTS.names())
        .cast(REQUESTS)
    )


def _formats(known: pl.DataFrame) -> dict[str, int]:
    counts = known.group_by("shape").agg(pl.col("requests").sum())
    return {NAMES[shape]: count for shape, count in counts.iter_rows()}
