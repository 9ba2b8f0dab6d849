"""What the live page says of the part that no log tells of."""

import time

import pytest
from django.test import Client

from bandwidth.models import BandwidthSample, BandwidthSource
from downloads.models import TrafficQuarter
from lancache_site.live import comparing
from tests import rows

QUARTER = 900
SINCE = int(time.time()) // QUARTER * QUARTER - 30 * 86_400


@pytest.fixture
def month(db: None) -> None:
    """A minute in which 100 GB left by eth0, of which the log of the cache tells 80."""
    host = BandwidthSource.objects.get(kind="host")
    span = 30 * 86_400
    BandwidthSample.objects.create(
        source=host, interface="eth0", seconds=60, at=SINCE,
        received_bytes=0, transmitted_bytes=100 * 10**9, covered_ms=1000 * span,
        samples=60, receive_max=0, transmit_max=0,
    )  # fmt: skip
    TrafficQuarter.objects.create(
        datasource=rows.datasource(), client=rows.client(), service="steam",
        at=SINCE, hit_bytes=70 * 10**9, miss_bytes=10 * 10**9, other_bytes=0,
        requests=1, failed_requests=0,
    )  # fmt: skip


def test_it_is_told_in_sizes_and_as_a_share(month: None):
    told = comparing.note(SINCE, SINCE + 30 * 86_400)
    assert told == (
        "To the clients: 100 GB by this host, 80.0 GB by the logs: 20 % of it is in no"
        " log"
    )


def test_without_a_cache_there_is_nothing_to_compare(db: None):
    assert comparing.note(SINCE, SINCE + QUARTER) == ""


def test_that_it_is_unknown_is_said_with_the_reason(db: None):
    rows.datasource()
    told = comparing.note(SINCE, SINCE + 30 * 86_400)
    assert told.startswith("What the logs tell of it can't be said: this host was read")


def test_it_comes_with_the_history(month: None, admin_client: Client):
    answer = admin_client.get("/live/history/?range=month").json()
    assert "this host" in answer["note"]
