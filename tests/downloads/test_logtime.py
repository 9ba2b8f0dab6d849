"""Which ten seconds of a log are the last, and how much of a bucket is in them."""

import pytest

from downloads.logtime import LogTime, LogTimes

NOON = 1_790_000_000


def at(newest: int, now: float) -> LogTime | None:
    return LogTimes().at({1: newest}, now).get(1)


def test_a_log_that_speaks_ends_with_the_second_before_its_newest():
    assert at(NOON, NOON + 0.4) == LogTime(NOON + 0.4, NOON, NOON)


def test_a_log_that_falls_silent_goes_on_by_our_clock():
    times = LogTimes()
    assert [
        times.at({1: NOON}, NOON + silent)[1].end - NOON for silent in (0.9, 1, 6, 30)
    ] == [0, 1, 6, 30]


def test_where_lines_are_held_back_the_last_five_seconds_are_not_told_yet():
    times = LogTimes().at({1: NOON, 2: NOON}, NOON + 2, held_back={2})
    assert [times[1].end - NOON, times[2].end - NOON] == [2, -3]
    # Of the ten seconds before noon the last three may not be complete.
    assert times[2].share(NOON - 10, 1000, 0) == pytest.approx(0.7)


def test_a_log_of_five_minutes_ago_says_nothing_of_now():
    assert at(NOON, NOON + 299)
    assert at(NOON, NOON + 300) is None
    assert at(0, NOON) is None


def test_a_clock_that_is_wrong_is_believed_once_it_moves():
    """Until then it may as well be a silence."""
    times = LogTimes()
    assert times.at({1: NOON - 120}, NOON)[1].now == NOON
    assert times.at({1: NOON - 119}, NOON + 1)[1] == LogTime(
        NOON - 119, NOON - 119, NOON - 119
    )
    assert times.at({1: NOON - 119}, NOON + 31)[1].now == NOON - 89


def test_two_logs_have_each_their_own_time():
    times = LogTimes()
    times.at({1: NOON, 2: NOON + 100}, NOON)
    found = times.at({1: NOON + 1, 2: NOON + 101}, NOON + 1)
    assert {pk: time.end for pk, time in found.items()} == {1: NOON + 1, 2: NOON + 101}


def test_a_stamp_that_no_clock_made_leaves_us_our_own():
    assert at(NOON + 86_400, NOON) == LogTime(NOON, NOON + 86_400, NOON)


def test_reading_an_old_log_is_not_its_running():
    times = LogTimes()
    times.at({1: NOON - 90_000}, NOON)
    assert times.at({1: NOON - 80_000}, NOON + 1) == {}


@pytest.mark.parametrize(
    ("bucket", "share"),
    [(-20, 0), (-10, 0.4), (0, 0.7)],
)
def test_the_newest_second_is_left_out_and_the_older_bucket_is_in_by_its_part(
    bucket, share
):
    """Of a bucket of 1000 bytes 300 bear the newest stamp, its seventh second."""
    time = LogTime(NOON + 6, NOON + 6, NOON + 6)
    assert time.share(NOON + bucket, 1000, 300) == pytest.approx(share)


def test_a_silent_log_leaves_its_bucket_second_by_second():
    """Its newest line is of the fourth second, and all of that counts then."""
    shares = [
        LogTime(NOON + end + 5, NOON + 3, NOON + end).share(NOON, 1000, 300)
        for end in (4, 10, 11, 13, 14)
    ]
    assert shares == pytest.approx([1, 1, 0.75, 0.25, 0])
