"""What is stored of bandwidth: added to, raised, and forgotten in time."""

import time

import pytest

from bandwidth import storing
from bandwidth.models import (
    BandwidthPeak,
    BandwidthSample,
    BandwidthSource,
    DiskSample,
)
from bandwidth.rollup import DiskRow, Row

pytestmark = pytest.mark.django_db
HOUR = 1_800_000_000 // 3600 * 3600


@pytest.fixture
def source() -> BandwidthSource:
    return BandwidthSource.objects.create(name="attic")


def row(source: BandwidthSource, at: int, size: int, most: float = 0) -> Row:
    return Row((source.pk, "eth0"), at, size, 2 * size, 10_000, 10, most, 0, at + 3)


def rows(seconds: int) -> list[tuple[int, int, int, int]]:
    names = ("at", "received_bytes", "transmitted_bytes", "samples")
    found = BandwidthSample.objects.filter(seconds=seconds).order_by("at")
    return list(found.values_list(*names))


def test_this_host_and_its_disk_are_watched_without_any_setting():
    kinds = dict(BandwidthSource.objects.values_list("kind", "name"))
    assert kinds == {"host": "this host", "disk": "cache disk"}


def test_ten_seconds_make_a_minute(source):
    storing.store([row(source, HOUR + at, 100) for at in (0, 10, 50, 60)])
    assert [at - HOUR for at, *_ in rows(10)] == [0, 10, 50, 60]
    assert rows(60) == [(HOUR, 300, 600, 30), (HOUR + 60, 100, 200, 10)]


def test_what_comes_late_is_added(source):
    storing.store([row(source, HOUR, 100)])
    storing.store([row(source, HOUR, 11)])
    assert rows(10) == [(HOUR, 111, 222, 20)]


def test_an_hour_keeps_its_fastest_moment(source):
    storing.store([row(source, HOUR, 1, 500.0)])
    storing.store([row(source, HOUR + 10, 1, 700.0), row(source, HOUR + 20, 1, 600.0)])
    peak = BandwidthPeak.objects.get(direction="receive")
    assert (peak.at, peak.bytes_per_second, peak.peaked_at) == (HOUR, 700.0, HOUR + 13)


def test_old_rows_go_and_young_ones_stay(source, settings):
    settings.TEN_SECONDS_RETENTION_HOURS, settings.MINUTE_RETENTION_DAYS = 1, 0
    now = int(time.time()) // 60 * 60
    storing.store([row(source, now, 1), row(source, now - 7200, 1)])
    assert storing.prune(time.monotonic() + 5) == 1
    assert [at for at, *_ in rows(10)] == [now]
    assert len(rows(60)) == 2


def disk_row(source: BandwidthSource, at: int, busy: int | None, free: int) -> DiskRow:
    read = None if busy is None else 10
    return DiskRow((source.pk, "sda"), at, read, read, busy, 10_000, 10, 99, free)


def test_of_a_disk_sums_add_up_and_space_is_the_last(source):
    at = (HOUR, HOUR + 10, HOUR + 50)
    storing.store([disk_row(source, second, 40, 7 - n) for n, second in enumerate(at)])
    storing.store([disk_row(source, HOUR + 50, 2, 3)])
    assert DiskSample.objects.filter(seconds=10).count() == 3
    minute = DiskSample.objects.get(seconds=60)
    assert (minute.busy_ms, minute.read_bytes, minute.written_bytes) == (122, 40, 40)
    assert (minute.covered_ms, minute.samples, minute.free_bytes) == (40_000, 40, 3)


def test_of_a_disk_what_was_never_counted_is_null_and_not_nought(source):
    storing.store(
        [disk_row(source, HOUR, None, 5), disk_row(source, HOUR + 10, None, 5)]
    )
    minute = DiskSample.objects.get(seconds=60)
    assert (minute.busy_ms, minute.read_bytes, minute.busy_share) == (None, None, None)
    storing.store([disk_row(source, HOUR + 20, 6, 5)])
    assert DiskSample.objects.get(seconds=60).busy_ms == 6


def test_old_rows_of_disks_go_too(source, settings):
    settings.TEN_SECONDS_RETENTION_HOURS = 1
    now = int(time.time()) // 60 * 60
    storing.store([disk_row(source, now, 1, 1), disk_row(source, now - 7200, 1, 1)])
    assert storing.prune(time.monotonic() + 5) == 1
    assert list(DiskSample.objects.filter(seconds=10).values_list("at")) == [(now,)]


def test_nothing_is_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        storing.store([])
