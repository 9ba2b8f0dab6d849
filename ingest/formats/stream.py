"""The stream log: one line a TCP session of TLS that passed through. S1 to S4.

    S1  $remote_addr [$time_local] $protocol $status $ssl_preread_server_name
        $bytes_sent $bytes_received $session_time
    S2  $remote_addr [$time_local] $protocol $status $bytes_sent $bytes_received
        $session_time "$ssl_preread_server_name"
    S3  [$time_local] $remote_addr and on as S1
    S4  S2 without $session_time

In S1 and S3 the name is a stranger's and unquoted, may hold spaces, and may be
missing: the numbers are taken from the right.
"""

import polars as pl

from ingest.formats.frames import (
    NUMBER,
    SESSIONS,
    STAMP,
    Parsed,
    epoch_seconds,
    fields,
)

# Cannot occur in a line that nginx wrote: it escapes bytes below 0x20.
NO_SEPARATOR = "\x1e"
SECONDS = r"\d{1,9}(?:\.\d{1,6})?"
START = rf"(?<address>\S+) \[(?<stamp>{STAMP})\]"
STATUS = r"(?<protocol>TCP|UDP) (?<status>\d{3})"
BYTES = rf"(?<bytes_sent>{NUMBER}) (?<bytes_received>{NUMBER})"
PATTERNS = {
    "S1": rf"^{START} {STATUS} (?<host>.*) {BYTES} (?<duration>{SECONDS})$",
    "S2": rf'^{START} {STATUS} {BYTES} (?<duration>{SECONDS}) "(?<host>[^"]*)"$',
    "S3": rf"^\[(?<stamp>{STAMP})\] (?<address>\S+) {STATUS} (?<host>.*) {BYTES}"
    rf" (?<duration>{SECONDS})$",
    "S4": rf'^{START} {STATUS} {BYTES}(?<duration>) "(?<host>[^"]*)"$',
}


def parse(data: bytes) -> Parsed:
    """Read the sessions in ``data``; see SESSIONS for the columns."""
    rest = fields(data, NO_SEPARATOR, 2).with_row_index().collect()
    found, formats = [], {}
    for name, pattern in PATTERNS.items():
        if rest.is_empty():
            break
        known = _matched(rest, pattern)
        if known.is_empty():
            continue
        formats[name] = known.height
        found.append(known)
        rest = rest.join(known, on="index", how="anti")
    if not found:
        return Parsed(SESSIONS.to_frame(), rest["index"].to_list())
    # In the order of the log: rows of one second keep their place.
    frame = pl.concat(found).sort("index").select(SESSIONS.names())
    return Parsed(frame, rest["index"].sort().to_list(), formats)


def _matched(lines: pl.DataFrame, pattern: str) -> pl.DataFrame:
    found = (
        lines.lazy()
        .filter(pl.col("c1") == "")
        .select("index", pl.col("c0").str.extract_groups(pattern).alias("found"))
        .unnest("found")
        .filter(pl.col("address").is_not_null())
        .collect()
    )
    stamps = (
        found.select(pl.col("stamp").unique())
        .with_columns(epoch_seconds(pl.col("stamp")).alias("at"))
        .filter(pl.col("at").is_not_null())
    )
    return (
        found.join(stamps, on="stamp", how="inner", maintain_order="left")
        .with_columns(
            _folded(pl.col("host")).alias("host"),
            pl.col("duration").replace("", None).cast(pl.Float64),
        )
        .select("index", *SESSIONS.names())
        .cast(pl.Schema({"index": pl.UInt32(), **dict(SESSIONS)}))
    )


def _folded(host: pl.Expr) -> pl.Expr:
    """Names come with case and a trailing dot; `-` is a missing one."""
    return host.replace("-", "").str.to_lowercase().str.strip_suffix(".")
