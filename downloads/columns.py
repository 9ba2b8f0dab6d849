"""Requests in columns to bursts and buckets. Pure.

Apart from ``bursts`` because polars takes a third of a second and 40 MB to load, which
processes that read no log can do without.
"""

import polars as pl

from downloads.bursts import LONGEST_SILENCE

_SUMS = ["hit_bytes", "miss_bytes", "other_bytes", "requests", "failed_requests"]


def of_seconds(seconds: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    """The bursts of each key: ``keys`` and the fields of Burst, ordered by both.

    ``seconds`` has ``keys``, ``at`` (the second), the five sums of Burst, and
    first_start_ms and last_end_ms; rows of one key and second add up.
    """
    at = pl.col("at")
    pause = at - at.shift(1) > LONGEST_SILENCE
    changed = pl.any_horizontal(
        pl.col(key).ne_missing(pl.col(key).shift(1)) for key in keys
    )
    size = pl.sum_horizontal("hit_bytes", "miss_bytes", "other_bytes")
    return (
        seconds.sort(*keys, "at")
        .with_columns((pause | changed).fill_null(True).cum_sum().alias("burst"))
        .group_by(*keys, "burst", maintain_order=True)
        .agg(
            at.first().alias("first"),
            at.last().alias("last"),
            pl.col(_SUMS).sum(),
            size.filter(at == at.first()).sum().alias("bytes_in_first_second"),
            size.filter(at == at.last()).sum().alias("bytes_in_last_second"),
            pl.col("first_start_ms").min(),
            pl.col("last_end_ms").max(),
        )
        .drop("burst")
    )


def buckets(seconds: pl.LazyFrame, keys: list[str], width: int) -> pl.LazyFrame:
    """Sums per key and ``at``, rounded down to ``width`` seconds; in no order."""
    at = pl.col("at").floordiv(width) * width
    return seconds.group_by(*keys, at).agg(pl.col(_SUMS).sum())
