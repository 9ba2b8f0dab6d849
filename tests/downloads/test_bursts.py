from itertools import pairwise
from random import Random
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from downloads.bursts import Burst, join
from downloads.columns import buckets, of_seconds

SCHEMA = {
    "key": pl.String,
    "at": pl.Int64,
    "hit_bytes": pl.Int64,
    "miss_bytes": pl.Int64,
    "other_bytes": pl.Int64,
    "requests": pl.Int64,
    "failed_requests": pl.Int64,
    "first_start_ms": pl.Int64,
    "last_end_ms": pl.Int64,
}
Row = tuple[Any, ...]
size = st.integers(0, 1000)
milliseconds = st.none() | st.integers(0, 100_000)
second = st.tuples(
    st.sampled_from("ab"),
    st.integers(0, 100),
    size,
    size,
    size,
    st.integers(1, 9),
    st.integers(0, 1),
    milliseconds,
    milliseconds,
)
seconds = st.lists(second, max_size=30)


def burst_of(row: Row) -> Burst:
    _, at, hit, miss, other, requests, failed, start, end = row
    total = hit + miss + other
    return Burst(at, at, hit, miss, other, requests, failed, total, total, start, end)


def frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def at(second: int, size: int = 1) -> Burst:
    return burst_of(("a", second, size, 0, 0, 1, 0, None, None))


def test_ten_seconds_join_and_eleven_part():
    assert [(b.first, b.last) for b in join([at(0), at(10), at(21)])] == [
        (0, 10),
        (21, 21),
    ]


def test_a_burst_of_one_second_has_all_its_bytes_in_both_edges():
    [burst] = join([at(5, 3), at(5, 4)])
    assert burst.bytes_in_first_second == burst.bytes_in_last_second == 7
    assert burst.total_bytes == 7


def test_edges_stay_those_of_the_outermost_seconds():
    [burst] = join([at(5, 3), at(7, 20), at(6, 100), at(7, 1)])
    assert (burst.bytes_in_first_second, burst.bytes_in_last_second) == (3, 21)


def test_a_late_second_fuses_the_bursts_beside_it():
    parts = join([at(0), at(20)])
    assert len(parts) == 2
    assert len(join([*parts, at(10)])) == 1


def test_times_are_those_of_the_lines_that_have_any():
    timed = burst_of(("a", 3, 1, 0, 0, 1, 0, 1200, 3100))
    [burst] = join([at(2), timed])
    assert (burst.first_start_ms, burst.last_end_ms) == (1200, 3100)


@given(seconds, st.randoms(use_true_random=False), st.integers(1, 6))
def test_any_cut_order_and_nesting_joins_to_the_same(
    rows: list[Row], random: Random, parts: int
):
    whole = [burst_of(row) for row in rows]
    dealt: list[list[Burst]] = [[] for _ in range(parts)]
    for burst in random.sample(whole, len(whole)):
        random.choice(dealt).append(burst)
    joined: list[Burst] = []
    for part in dealt:
        joined = join([*join(part), *joined])
    assert joined == join(whole) == join(join(whole))


@given(seconds)
def test_sums_survive_and_no_two_bursts_could_still_join(rows: list[Row]):
    joined = join(burst_of(row) for row in rows)
    assert sum(b.total_bytes for b in joined) == sum(sum(row[2:5]) for row in rows)
    assert all(after.first - before.last > 10 for before, after in pairwise(joined))


@given(seconds)
def test_columns_give_what_join_gives(rows: list[Row]):
    found = of_seconds(frame(rows).lazy(), ["key"]).collect()
    expected = [
        {"key": key, **burst._asdict()}
        for key in "ab"
        for burst in join(burst_of(row) for row in rows if row[0] == key)
    ]
    assert found.to_dicts() == expected
    assert found.columns == ["key", *Burst._fields]


def test_keys_may_be_several_and_null():
    rows = frame([("a", 0, 1, 0, 0, 1, 0, None, None)] * 2).with_columns(
        host=pl.Series([None, "h"])
    )
    found = of_seconds(rows.lazy(), ["key", "host"]).collect()
    assert found["host"].to_list() == [None, "h"]


@given(seconds)
def test_buckets_hold_every_byte_at_their_own_ten_seconds(rows: list[Row]):
    found = buckets(frame(rows).lazy(), ["key"], 10).collect()
    assert found["hit_bytes"].sum() == sum(row[2] for row in rows)
    places = {(row[0], row[1] // 10 * 10) for row in rows}
    assert set(found.select("key", "at").rows()) == places
