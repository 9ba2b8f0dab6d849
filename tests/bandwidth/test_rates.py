"""Rates and rows: exact sums, and gaps instead of spikes."""

from hypothesis import given
from hypothesis import strategies as st

from bandwidth.rates import Passed, passed
from bandwidth.rollup import Rollup, Row
from bandwidth.sources import Counter

SECOND = 10**9


def test_two_readings_tell_a_rate():
    told = passed(Counter("eth0", 0, 0), Counter("eth0", 500, 3000), 0, SECOND // 2)
    assert told == Passed(500, 3000, 500.0)
    assert told.transmit_bytes_per_second == 6000


def test_a_counter_that_fell_tells_nothing():
    before, after = Counter("eth0", 900, 900), Counter("eth0", 1000, 5)
    assert passed(before, after, 0, SECOND) is None


def test_no_time_and_no_counter_tell_nothing():
    assert passed(Counter("a", 1, 1), Counter("a", 2, 2), SECOND, SECOND) is None
    assert passed(Counter("a"), Counter("a", 2, 2), 0, SECOND) is None


def test_a_row_keeps_its_fastest_moment():
    rollup = Rollup(Row)
    for second, size in ((100, 5), (104, 50), (109, 7)):
        rollup.row((1, "eth0"), second).add(Passed(size, 0, 1000), second)
    (row,) = rollup.take(110)
    assert (row.at, row.received, row.samples, row.covered_ms) == (100, 62, 3, 3000)
    assert (row.receive_max, row.receive_max_at) == (50, 104)


def test_a_row_is_given_away_when_its_ten_seconds_are_over():
    rollup = Rollup(Row)
    rollup.row((1, "eth0"), 105.5).add(Passed(1, 1, 1000), 105)
    assert rollup.take(109.9) == []
    assert len(rollup.take(110)) == 1
    assert rollup.take() == []


@given(
    st.lists(
        st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), st.floats(-5000, 5000)),
        max_size=30,
    ),
    st.data(),
)
def test_rows_add_up_to_the_difference_of_the_counters(steps, data):
    """Whatever the clock does, and whenever rows are taken."""
    rollup, now, rows = Rollup(Row), 1_700_000_000.0, []
    counter, at = Counter("eth0", 7, 9), 0
    for received, transmitted, drift in steps:
        after = Counter(
            "eth0", (counter.received or 0) + received,
            (counter.transmitted or 0) + transmitted,
        )  # fmt: skip
        told = passed(counter, after, at, at + SECOND)
        assert told
        now += drift
        rollup.row((1, "eth0"), now).add(told, int(now))
        counter, at = after, at + SECOND
        if data.draw(st.booleans()):
            rows += rollup.take(now)
    rows += rollup.take()
    assert sum(row.received for row in rows) == (counter.received or 0) - 7
    assert sum(row.transmitted for row in rows) == (counter.transmitted or 0) - 9
    assert sum(row.samples for row in rows) == len(steps)
