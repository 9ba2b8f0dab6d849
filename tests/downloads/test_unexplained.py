"""The share of an interface's bytes that no log explains."""

from datetime import UTC, datetime

import pytest
import time_machine

from bandwidth import storing
from bandwidth.models import BandwidthSource
from bandwidth.rollup import Row
from downloads.models import (
    Client,
    Datasource,
    StreamSession,
    Title,
    TrafficBucket,
    TrafficQuarter,
)
from downloads.unexplained import Unexplained, unexplained

pytestmark = pytest.mark.django_db
NOON = 1_790_000_100 // 900 * 900
NOW = NOON + 3600


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def source() -> BandwidthSource:
    return BandwidthSource.objects.create(name="uplink")


@pytest.fixture
def cache() -> Datasource:
    return Datasource.objects.create(name="attic", newest_stamp=NOW)


def carry(source: BandwidthSource, first: int, last: int, name: str = "eth0") -> None:
    """Let 100 bytes be transmitted and 7 received in each ten seconds."""
    storing.store(
        [
            Row((source.pk, name), at, 7, 100, 10_000, 10)
            for at in range(first, last, 10)
        ]
    )


def log(cache: Datasource, at: int, size: int) -> None:
    """Log so many bytes of hits, twice of misses and three times of others."""
    client, _ = Client.objects.get_or_create(address="10.0.0.7")
    title, _ = Title.objects.get_or_create(service="steam", raw="441")
    sizes = {"hit_bytes": size, "miss_bytes": 2 * size, "other_bytes": 3 * size}
    row = {"datasource": cache, "client": client, "requests": 1} | sizes
    TrafficBucket.objects.create(at=at - at % 10, title=title, **row)
    TrafficQuarter.objects.create(
        at=at - at % 900, service="steam", failed_requests=0, **row
    )


def pass_through(cache: Datasource, at: int, sent: int) -> None:
    StreamSession.objects.create(
        datasource=cache,
        client=Client.objects.get(),
        status=200,
        bytes_sent=sent,
        bytes_received=1_000_000,
        total_bytes=sent + 1_000_000,
        ended_at=datetime.fromtimestamp(at, UTC),
    )


def told(source, cache, first: int, last: int, is_read: bool = True) -> Unexplained:
    return unexplained(source, [cache], first, last, is_read=is_read)


def test_of_a_short_range_every_ten_seconds_count(source, cache):
    log(cache, NOON, 1)
    carry(source, NOON + 60, NOON + 120)
    log(cache, NOON + 905, 1_000)  # of another quarter, and another time
    pass_through(cache, NOON + 119, 200)
    pass_through(cache, NOON + 120, 5_000)
    assert told(source, cache, NOON + 63, NOON + 118) == Unexplained(
        NOON + 60, NOON + 120, 10, 600, 200
    )


def test_the_share_is_what_is_left_of_what_was_carried(source, cache):
    carry(source, NOON, NOON + 60)
    log(cache, NOON, 50)
    pass_through(cache, NOON + 59, 150)
    found = told(source, cache, NOON, NOON + 60)
    assert (found.interface_bytes, found.logged_bytes) == (600, 450)
    assert (found.bytes, found.share) == (150, 0.25)


def test_a_day_is_compared_by_quarters_of_an_hour(source, cache):
    carry(source, NOON - 86_400, NOON)
    log(cache, NOON - 86_400, 10)
    log(cache, NOON - 901, 20)
    TrafficBucket.objects.all().delete()
    found = told(source, cache, NOON - 86_399, NOON - 1)
    assert (found.since, found.until, found.step) == (NOON - 86_400, NOON, 900)
    assert (found.interface_bytes, found.logged_bytes) == (864_000, 180)


def test_what_is_older_than_ten_seconds_are_kept_is_told_by_minutes(
    source, cache, settings
):
    settings.TEN_SECONDS_RETENTION_HOURS = 0
    log(cache, NOON, 1)
    carry(source, NOON, NOON + 120)
    assert told(source, cache, NOON + 5, NOON + 70) == Unexplained(
        NOON, NOON + 120, 60, 1200, 6
    )


def test_what_is_older_than_buckets_are_kept_is_told_by_quarters(
    source, cache, settings
):
    settings.BUCKET_RETENTION_DAYS = 0
    log(cache, NOON, 1)
    carry(source, NOON, NOON + 900)
    assert told(source, cache, NOON + 5, NOON + 70) == Unexplained(
        NOON, NOON + 900, 900, 9000, 6
    )


def test_to_the_clients_is_what_the_source_says(source, cache):
    source.to_clients = BandwidthSource.Direction.RECEIVE
    log(cache, NOON, 1)
    carry(source, NOON, NOON + 60)
    assert told(source, cache, NOON, NOON + 60).bytes == 42 - 6


def test_several_interfaces_add_up_and_other_sources_do_not(source, cache):
    log(cache, NOON, 1)
    carry(source, NOON, NOON + 60)
    carry(source, NOON, NOON + 60, "eth1")
    carry(BandwidthSource.objects.create(name="other"), NOON, NOON + 60)
    assert told(source, cache, NOON, NOON + 60).interface_bytes == 1200


def test_other_caches_do_not_count(source, cache):
    log(cache, NOON, 1)
    log(Datasource.objects.create(name="other", newest_stamp=NOW), NOON + 20, 1000)
    carry(source, NOON, NOON + 60)
    assert told(source, cache, NOON, NOON + 60).logged_bytes == 6


def test_what_is_logged_only_now_may_be_more_than_was_carried(source, cache):
    carry(source, NOON, NOON + 60)
    log(cache, NOON, 1000)
    found = told(source, cache, NOON, NOON + 60)
    assert (found.bytes, found.share) == (-5400, -9.0)


def test_where_nothing_was_carried_there_is_no_share(source, cache):
    log(cache, NOON, 0)
    storing.store([Row((source.pk, "eth0"), NOON, 0, 0, 10_000, 10)])
    found = told(source, cache, NOON, NOON + 10)
    assert (found.bytes, found.share) == (0, None)


def test_an_interface_that_was_not_always_read_is_unknown(source, cache):
    log(cache, NOON, 1)
    carry(source, NOON, NOON + 30)
    found = told(source, cache, NOON, NOON + 60)
    assert (found.interface_bytes, found.logged_bytes, found.bytes) == (None, 6, None)
    assert found.why == "uplink was read for 50 % of the time only"
    assert found.share is None


def test_logs_that_begin_later_are_unknown_and_not_nothing(source, cache):
    carry(source, NOON - 60, NOON)
    assert told(source, cache, NOON - 60, NOON).why == "the logs begin later"
    log(cache, NOON, 1)
    found = told(source, cache, NOON - 60, NOON)
    assert (found.interface_bytes, found.logged_bytes) == (600, None)
    assert found.why == "the logs begin later"


def test_logs_that_are_not_read_yet_are_unknown(source, cache):
    log(cache, NOON, 1)
    carry(source, NOON, NOON + 60)
    found = told(source, cache, NOON, NOON + 60, is_read=False)
    assert (found.logged_bytes, found.why) == (
        None,
        "the logs are not read to their end",
    )


def test_without_a_cache_nothing_is_logged_and_nothing_known(source):
    found = unexplained(source, [], NOON, NOON + 60, is_read=True)
    assert found.why.endswith("; there is no cache whose logs could tell")


def test_what_is_not_over_is_left_out(source, cache):
    log(cache, NOON, 1)
    carry(source, NOON + 3000, NOW)
    assert told(source, cache, NOW - 600, NOW + 600).until == NOW - 30
    assert told(source, cache, NOW - 5, NOW).why.startswith("the range is not over")


def test_it_asks_one_question_of_each_table(source, cache, django_assert_num_queries):
    log(cache, NOON, 1)
    carry(source, NOON, NOON + 60)
    with django_assert_num_queries(4):  # of quarters also when they begin
        told(source, cache, NOON, NOON + 60)
