"""What stands before the request in a quoted line: who asked, and when."""

import polars as pl

from ingest.formats.addresses import with_folded_address
from ingest.formats.frames import STAMP, epoch_seconds

# The shapes of quoted lines, after what stands between their quotes.
BROKEN, A1, A1T, A5, A6 = range(5)

# The last time before the request is nginx's own: what stands before it may have been
# written by a stranger.
STAMP_AT_END = rf"^\[({STAMP})\] $"
STAMP_LENGTH = len("[23/Nov/2026:20:45:43 +0000] ")
WHO = (
    ([A1, A1T], r"^\[(?<identifier>[^ ]*)\] (?<address>[^ ]+) / (?<rest>.* - .*) $"),
    ([A5], r"^(?<identifier>)(?<address>[^ ]+)(?<rest>) - $"),
    ([A6], r"^\[(?<identifier>[^ ]*)\] (?<address>[^ ]+)(?<rest>) - .* $"),
)
# A request that nginx refused before it knew the host: the identifier may hold spaces.
REFUSED = r"^(?<identifier>)(?<address>)(?<rest>)\["
REFUSED_STATUSES = ("400", "408", "414")


def with_prefix(groups: pl.DataFrame) -> pl.DataFrame:
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
    cut = cut.filter(
        (pl.col("shape") != BROKEN) & pl.col("status").str.contains("^[0-9]{3}$")
    )
    people = _people(cut.select("who", "shape", refused.alias("refused")).unique())
    return cut.join(stamps, on="stamp").join(
        people,
        left_on=["who", "shape", refused],
        right_on=["who", "shape", "refused"],
    )


def _people(prefixes: pl.DataFrame) -> pl.DataFrame:
    """Return identifier, address and forwarded_for of the prefixes that have them."""
    found = [
        _matched(some, pattern)
        for shapes, pattern in WHO
        if (some := prefixes.filter(pl.col("shape").is_in(shapes))).height
    ]
    known = with_folded_address(pl.concat(found or [_matched(prefixes, REFUSED)]))
    refused = prefixes.filter("refused").join(
        known, on=["who", "shape", "refused"], how="anti"
    )
    return pl.concat([known, _matched(refused, REFUSED)], how="diagonal")


def _matched(prefixes: pl.DataFrame, pattern: str) -> pl.DataFrame:
    forwarded = pl.col("rest").str.split(" - ")
    # A second " - " means that a stranger wrote one: then no part of it can be told
    # from the rest, and none is believed.
    believed = pl.when(forwarded.list.len() == 2).then(forwarded.list.first())
    return (
        prefixes.with_columns(pl.col("who").str.extract_groups(pattern).alias("found"))
        .unnest("found")
        .filter(pl.col("address").is_not_null())
        .with_columns(believed.fill_null("-").alias("forwarded_for"))
        .drop("rest")
    )
