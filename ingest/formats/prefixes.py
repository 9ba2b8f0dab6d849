"""What stands around the request in a quoted line: who asked, when, and the status."""

import re

import polars as pl

from ingest.formats.addresses import folded_address
from ingest.formats.frames import STAMP, epoch_seconds

# The shapes of quoted lines, after what stands between their quotes.
BROKEN, A1, A1T, A5, A6 = range(5)

# The last time before the request is nginx's own: what stands before it may have been
# written by a stranger.
STAMP_AT_END = rf"^\[({STAMP})\] $"
STAMP_LENGTH = len("[23/Nov/2026:20:45:43 +0000] ")
# Groups: identifier, address, and what a stranger wrote (X-Forwarded-For, " - ", the
# Basic user).
_A1_WHO = re.compile(r"\[([^ ]*)\] ([^ ]+) / (.* - .*) ")
_A5_WHO = re.compile(r"()([^ ]+)() - ")
_A6_WHO = re.compile(r"\[([^ ]*)\] ([^ ]+)() - .* ")
WHO = {A1: _A1_WHO, A1T: _A1_WHO, A5: _A5_WHO, A6: _A6_WHO}
STATUS = "^ ([0-9]{3}) $"
REFUSED_STATUSES = ("400", "408", "414")

PERSON = {
    "who": pl.String, "shape": pl.Int8, "refused": pl.Boolean, "identifier": pl.String,
    "address": pl.String, "forwarded_for": pl.String,
}  # fmt: skip


def with_prefix(groups: pl.DataFrame) -> pl.DataFrame:
    """Add what the text around the request says; drop groups where it says nothing.

    A log has few different clients and one stamp a second: each is read once.
    """
    cut = groups.with_columns(
        pl.col("c0").str.head(-STAMP_LENGTH).alias("who"),
        pl.col("c0").str.tail(STAMP_LENGTH).alias("stamp"),
        pl.col("numbers").str.extract(STATUS).alias("status"),
    ).with_columns(pl.col("status").is_in(REFUSED_STATUSES).alias("refused"))
    people = [
        (*key, *person)
        for key in cut.select("who", "shape", "refused").unique().iter_rows()
        if (person := _person(*key))
    ]
    stamp = pl.col("stamp").str.extract(STAMP_AT_END)
    stamps = cut.lazy().select(pl.col("stamp").unique())
    return (
        cut.lazy()
        .filter(pl.col("status").is_not_null())
        .join(
            pl.LazyFrame(people, schema=PERSON, orient="row"),
            on=["who", "shape", "refused"],
        )
        .join(stamps.with_columns(at=epoch_seconds(stamp)), on="stamp")
        .filter(pl.col("at").is_not_null())
        .collect(engine="in-memory")
    )


def _person(who: str, shape: int, refused: bool) -> tuple[str, str, str] | None:
    """Return identifier, address and forwarded_for, or None if ``who`` is none."""
    found = WHO[shape].fullmatch(who) if shape in WHO else None
    if found and (address := folded_address(found[2])):
        before, *after = found[3].split(" - ")
        # A second " - " means that a stranger wrote one: then no part of it can be
        # told from the rest, and none is believed.
        return found[1], address, before if len(after) == 1 else "-"
    # A request that nginx refused before it knew the host: the identifier may hold
    # spaces, and who asked is not to be known.
    return ("", "", "") if shape in WHO and refused and who.startswith("[") else None
