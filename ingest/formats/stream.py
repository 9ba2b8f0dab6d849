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

from ingest.formats.addresses import with_folded_address
from ingest.formats.frames import (
    NUMBER,
    SECONDS,
    SESSIONS,
    STAMP,
    Parsed,
    epoch_seconds,
    fields,
)

START = rf"(?<address>[^ ]+) \[(?<stamp>{STAMP})\]"
STATUS = "(?<protocol>TCP|UDP) (?<status>[0-9]{3})"
BYTES = rf"(?<bytes_sent>{NUMBER}) (?<bytes_received>{NUMBER})"
DURATION = rf"(?<duration>{SECONDS})"
QUOTED = r'"(?<host>[^"]*)"'
PATTERNS = {
    "S1": rf"^{START} {STATUS} (?<host>.*) {BYTES} {DURATION}$",
    "S2": rf"^{START} {STATUS} {BYTES} {DURATION} {QUOTED}$",
    "S3": rf"^\[(?<stamp>{STAMP})\] (?<address>[^ ]+) {STATUS} (?<host>.*) {BYTES}"
    rf" {DURATION}$",
    "S4": rf"^{START} {STATUS} {BYTES}(?<duration>) {QUOTED}$",
}


def parse(data: bytes) -> Parsed:
    """Read the sessions in ``data``; see SESSIONS for the columns."""
    rest = fields(data, "\n", 1).with_row_index().collect()
    found, formats = [SESSIONS.to_frame()], {}
    for name, pattern in PATTERNS.items():
        known = _matched(rest, pattern)
        if known.height:
            formats[name] = known.height
            found.append(known)
            rest = rest.join(known, on="index", how="anti")
        if rest.is_empty():
            break
    # In the order of the log: rows of one second keep their place.
    frame = pl.concat(found, how="diagonal").sort("index") if formats else found[0]
    return Parsed(
        frame.select(SESSIONS.names()), rest["index"].sort().to_list(), formats
    )


def _matched(lines: pl.DataFrame, pattern: str) -> pl.DataFrame:
    found = (
        lines.select("index", pl.col("c0").str.extract_groups(pattern).alias("found"))
        .unnest("found")
        .filter(pl.col("address").is_not_null())
    )
    stamps = (
        found.select(pl.col("stamp").unique())
        .with_columns(epoch_seconds(pl.col("stamp")).alias("at"))
        .filter(pl.col("at").is_not_null())
    )
    return (
        with_folded_address(found)
        .join(stamps, on="stamp")
        .with_columns(
            _folded(pl.col("host")),
            pl.col("duration").replace("", None).cast(pl.Float64),
        )
        .select("index", *[pl.col(name).cast(as_) for name, as_ in SESSIONS.items()])
    )


def _folded(host: pl.Expr) -> pl.Expr:
    """Names come with case and a trailing dot; `-` is a missing one."""
    return host.replace("-", "").str.to_lowercase().str.strip_chars_end(".")
