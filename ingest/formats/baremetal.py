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

from ingest.formats.frames import (
    NUMBER,
    REQUESTS,
    STAMP,
    STEAM_AGENT,
    Parsed,
    epoch_seconds,
    fields,
)

COLUMNS = 8
PREFIX = rf"^\[(?<stamp>{STAMP})\] (?<address>\S+) (?<method>[A-Z_-]{{1,32}}) $"
LIST = r"[0-9.-]+(?:,? :? ?[0-9.-]+)*"
STATUS = r"HIT|MISS|EXPIRED|BYPASS|STALE|UPDATING|REVALIDATED|-"
A3 = (
    rf"^ .* \S+ (?<status>\d{{3}}) (?<bytes>{NUMBER}) {LIST}"
    rf" (?<cache_status>{STATUS}) (?<host>\S+) {LIST} {LIST} $"
)
A4_STATUS = r"^ .* \S+ (\d{3}) $"
A4 = (
    rf"^ \d+ \d+ (?<bytes>{NUMBER}) (?<seconds>\d{{1,9}}(?:\.\d+)?) {LIST}"
    rf" (?<cache_status>{STATUS}) (?<host>\S+) {LIST} {LIST} $"
)


def parse(data: bytes, head: str) -> Parsed:
    """Group the lines of ``data`` in A3 or A4; see REQUESTS and cachelog.parse."""
    lines = _lines(data, head).with_row_index().collect()
    prefixes = _prefixes(lines["c0"])
    known = lines.filter(pl.col("format").is_not_null()).join(
        prefixes, on="c0", how="inner"
    )
    leftover = lines.join(known, on="index", how="anti")["index"].to_list()
    formats = dict(known["format"].value_counts().iter_rows())
    return Parsed(_requests(known), leftover, formats)


def _lines(data: bytes, head: str) -> pl.LazyFrame:
    c = [pl.col(f"c{i}") for i in range(COLUMNS)]
    is_a4 = c[6] == ""
    a3, a4 = c[2].str.extract_groups(A3), c[4].str.extract_groups(A4)

    def either(name: str) -> pl.Expr:
        return pl.when(is_a4).then(a4.struct[name]).otherwise(a3.struct[name])

    # The path is matched as a cachelog's request is, whose method it lacks.
    request = pl.concat_str(pl.lit("GET "), c[1])
    return (
        fields(data, '"', COLUMNS)
        .select(
            "c0",
            request.str.extract(head, 2).alias("path"),
            pl.when(is_a4)
            .then(c[2].str.extract(A4_STATUS))
            .otherwise(a3.struct["status"])
            .cast(pl.Int64)
            .alias("status"),
            either("cache_status").replace("-", "").alias("cache_status"),
            either("host").replace("-", "").alias("host"),
            pl.when(is_a4)
            .then(c[5])
            .otherwise(c[3])
            .str.starts_with(STEAM_AGENT)
            .alias("steam_agent"),
            either("bytes").cast(pl.Int64).alias("bytes"),
            a4.struct["seconds"].cast(pl.Float64).alias("seconds"),
            pl.when(is_a4 & a4.struct["bytes"].is_not_null())
            .then(pl.lit("A4"))
            .when((c[4] == "") & a3.struct["bytes"].is_not_null())
            .then(pl.lit("A3"))
            .alias("format"),
        )
        .with_columns(
            pl.when(pl.col("status").is_not_null()).then("format").alias("format")
        )
    )


def _prefixes(prefix: pl.Series) -> pl.DataFrame:
    return (
        prefix.drop_nulls()
        .unique()
        .to_frame("c0")
        .with_columns(pl.col("c0").str.extract_groups(PREFIX).alias("found"))
        .unnest("found")
        .with_columns(epoch_seconds(pl.col("stamp")).alias("at"))
        .filter(pl.col("at").is_not_null())
        .drop("stamp")
    )


def _requests(known: pl.DataFrame) -> pl.DataFrame:
    end_ms = pl.col("at") * 1000
    keys = REQUESTS.names()[: REQUESTS.names().index("bytes")]
    start_ms = end_ms - (pl.col("seconds") * 1000).round().cast(pl.Int64)
    timed = pl.col("seconds").is_not_null()
    return (
        known.with_columns(
            pl.lit("").alias("identifier"),
            pl.lit("").alias("forwarded_for"),
            pl.when(pl.col("path").is_not_null()).then("method").alias("method"),
            start_ms.alias("first_start_ms"),
            pl.when(timed).then(end_ms).alias("last_end_ms"),
        )
        .group_by(keys)
        .agg(
            pl.col("bytes").sum(),
            pl.len().alias("requests"),
            pl.col("first_start_ms").min(),
            pl.col("last_end_ms").max(),
        )
        .select(REQUESTS.names())
        .cast(REQUESTS)
    )
