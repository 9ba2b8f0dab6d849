"""Access formats of caches without containers: A3 (14 fields) and A4 (18 fields).

    A3  [$time_local] $remote_addr $request_method "$request_uri" $http_range
        $slice_range $status $body_bytes_sent $upstream_response_length
        $upstream_cache_status $host $upstream_status $upstream_response_time
        "$http_user_agent"
    A4  [$time_local] $remote_addr $request_method "$request_uri" $http_range
        $server_protocol $status "$http_referer" $request_length $bytes_sent
        $body_bytes_sent $request_time $upstream_response_length
        $upstream_cache_status $host $upstream_status $upstream_response_time
        "$http_user_agent"

$http_range is a stranger's and unquoted: what follows it is taken from the right.
$upstream_* may be lists, `0.001, 0.250 : 0.002`.
"""

import polars as pl

from ingest.formats.addresses import with_folded_address
from ingest.formats.frames import (
    NUMBER,
    SECONDS,
    STAMP,
    STEAM_AGENT,
    Parsed,
    epoch_seconds,
    fields,
    found_head,
    requests,
)

COLUMNS = 8
PREFIX = rf"^\[(?<stamp>{STAMP})\] (?<address>[^ ]+) (?<method>[A-Z_-]+) $"
ITEM = "(?:[0-9.]+|-)"
LIST = f"{ITEM}(?:(?:, | : ){ITEM})*"
UPSTREAM = rf"{LIST} (?<cache_status>[A-Z]+|-) (?<host>[^ ]*) {LIST} {LIST} $"
A3 = rf"^ .* [^ ]* (?<status>[0-9]{{3}}) (?<bytes>{NUMBER}) {UPSTREAM}"
A4_STATUS = r"^ .* [^ ]* (?<status>[0-9]{3}) $"
A4 = rf"^ [0-9]+ [0-9]+ (?<bytes>{NUMBER}) (?<seconds>{SECONDS}) {UPSTREAM}"


def parse(data: bytes, head: str) -> Parsed:
    """Group the lines of ``data`` in A3 or A4; see frames.REQUESTS for the columns."""
    c = [pl.col(f"c{i}") for i in range(COLUMNS)]
    lines = fields(data, '"', COLUMNS).with_row_index().collect()
    found = {
        "A3": _matched(
            lines.filter(c[0] != "", c[4] == "", c[5] == ""), [(c[2], A3)], c[3]
        ),
        "A4": _matched(
            lines.filter(c[0] != "", c[4] != "", c[6] == "", c[7] == ""),
            [(c[2], A4_STATUS), (c[4], A4)],
            c[5],
        ),
    }
    known = pl.concat(found.values(), how="diagonal")
    leftover = lines.join(known, on="index", how="anti")["index"].sort().to_list()
    formats = {name: frame.height for name, frame in found.items() if frame.height}
    # Put together as a cachelog's request is.
    request = found_head(pl.concat_str("method", pl.lit(" "), "c1"), head)
    return Parsed(
        _grouped(known.with_columns(request=request), head), leftover, formats
    )


def _matched(
    lines: pl.DataFrame, texts: list[tuple[pl.Expr, str]], agent: pl.Expr
) -> pl.DataFrame:
    """Return the ``lines`` whose prefix is understood and whose ``texts`` match."""
    known = lines.select(
        "index",
        "c0",
        "c1",
        agent.str.starts_with(STEAM_AGENT).alias("steam_agent"),
        *[
            text.str.extract_groups(pattern).alias(f"found{i}")
            for i, (text, pattern) in enumerate(texts)
        ],
    )
    return (
        known.unnest(*[f"found{i}" for i in range(len(texts))])
        .drop_nulls(["status", "bytes"])
        .join(_prefixes(known["c0"]), on="c0")
        .with_columns(pl.col("bytes").cast(pl.Int64))
    )


def _prefixes(prefix: pl.Series) -> pl.DataFrame:
    return with_folded_address(
        prefix.unique()
        .to_frame("c0")
        .with_columns(pl.col("c0").str.extract_groups(PREFIX).alias("found"))
        .unnest("found")
        .with_columns(epoch_seconds(pl.col("stamp")).alias("at"))
        .filter(pl.col("at").is_not_null())
        .drop("stamp")
    )


def _grouped(known: pl.DataFrame, head: str) -> pl.DataFrame:
    end_ms = pl.col("at") * 1000
    seconds = pl.col("seconds").cast(pl.Float64)
    start_ms = end_ms - (seconds * 1000).round().cast(pl.Int64)
    keys = pl.exclude("index", "c0", "c1", "method", "bytes", "seconds")
    groups = known.group_by(keys).agg(
        pl.col("bytes").sum(),
        pl.len().alias("requests"),
        start_ms.min().alias("first_start_ms"),
        pl.when(seconds.is_not_null()).then(end_ms).max().alias("last_end_ms"),
    )
    missing = pl.lit("")
    return requests(
        groups.with_columns(identifier=missing, forwarded_for=missing), head
    )
