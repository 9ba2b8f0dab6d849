"""Rows of ten seconds and minutes to the lines of a chart."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bandwidth.history import RANGES, Moment, Peak, Range, Step, history, lines
from bandwidth.models import BandwidthPeak, BandwidthSample, BandwidthSource

SHORT = Range(row=10, step=20, span=80)
NOW = 1_764_072_000  # a full hour, and a step of every range


def step(point: int, received: int, covered_ms: int = 20_000, most: float = 0) -> Step:
    return Step(1, "eth0", point, received, 2 * received, covered_ms, most, most)


def test_a_mean_is_of_the_time_that_was_covered():
    (line,) = lines([step(0, 1000, covered_ms=10_000)], [], 0, SHORT)
    assert line.ways["receive"].mean == [100, None, None, None]
    assert line.ways["transmit"].mean == [200, None, None, None]


def test_what_was_not_read_is_a_gap_and_no_zero():
    (line,) = lines([step(0, 0), step(2, 0, covered_ms=0)], [], 0, SHORT)
    assert line.ways["receive"].mean == [0, None, None, None]
    assert line.ways["receive"].peak is None


def test_a_peak_has_its_second_where_the_hour_kept_it():
    steps = [step(0, 1, most=50.2), step(2, 1, most=99.6)]
    moments = [Moment(1, "eth0", "receive", 99.6, 1047)]
    (line,) = lines(steps, moments, 1000, SHORT)
    assert line.ways["receive"].most == [50, None, 100, None]
    assert line.ways["receive"].peak == Peak(1047, 100, is_exact=True)
    assert line.ways["transmit"].peak == Peak(1040, 100, is_exact=False)


def test_a_peak_of_the_hour_before_the_range_marks_nothing_in_it():
    moments = [Moment(1, "eth0", "receive", 500.0, 900)]
    (line,) = lines([step(0, 1, most=5)], moments, 1000, SHORT)
    assert line.ways["receive"].peak == Peak(1000, 5, is_exact=False)


def test_each_interface_has_a_line():
    other = step(0, 1)._replace(interface="eth1")
    found = lines([other, step(0, 1)], [], 0, SHORT)
    assert [line.interface for line in found] == ["eth0", "eth1"]


@pytest.mark.parametrize("name", RANGES)
def test_a_range_ends_with_the_step_of_now_and_is_not_too_fine(name: str):
    over = RANGES[name]
    assert over.start(NOW + over.step - 1) + over.span == NOW + over.step
    assert 300 <= over.span // over.step <= 700
    assert over.step % over.row == 0


def sample(at: int, seconds: int = 60, **changes: int) -> None:
    row = {"received_bytes": 600, "transmitted_bytes": 6000, "covered_ms": 60_000}
    row |= {"samples": 60, "receive_max": 20, "transmit_max": 200} | changes
    source = BandwidthSource.objects.get(kind="host")
    BandwidthSample.objects.create(
        source=source, interface="eth0", seconds=seconds, at=at, **row
    )


@pytest.mark.django_db
def test_minutes_of_a_week_are_added_up_in_one_query():
    for minute in range(40):
        sample(NOW - 2400 + 60 * minute)
    sample(NOW - 60, seconds=10, transmitted_bytes=10**9)  # not of this range
    sample(NOW - 8 * 86400)  # before it
    source = BandwidthSource.objects.get(kind="host")
    BandwidthPeak.objects.create(
        source=source, interface="eth0", direction="transmit", at=NOW - 3600,
        bytes_per_second=200, peaked_at=NOW - 1234,
    )  # fmt: skip
    with CaptureQueriesContext(connection) as queries:
        start, (line,) = history(RANGES["week"], NOW)
    assert len(queries) == 2  # samples and peaks
    assert start == NOW + 1200 - 7 * 86400
    assert line.ways["transmit"].mean[-4:] == [None, 100, 100, None]
    assert line.ways["transmit"].peak == Peak(NOW - 1234, 200, is_exact=True)
