"""When what runs is said: heard at the layer, as the websocket hears it."""

import json
import time

import pytest
import redis
import time_machine

from bandwidth.broadcasting import LATEST
from downloads import announcing
from downloads.announcing import Announcer
from downloads.models import Download
from tests.downloads.test_live import fetched

NOW = 1_790_000_006.5
pytestmark = pytest.mark.django_db


@pytest.fixture
def said(broker: str):
    """Return what was said since it was last asked; None if nothing was."""
    with redis.from_url(broker) as client:
        client.flushdb()

        def newest() -> dict | None:
            text = client.getdel(LATEST + "downloads")
            return json.loads(text) if text else None

        yield newest


@pytest.fixture
def announce():
    with time_machine.travel(NOW, tick=False):
        yield Announcer(held_back=set)


def test_after_a_pass_that_read_something_it_is_said(said, announce):
    fetched()
    announce(read=True)
    assert said()["bytesPerSecond"] == 1_000_000
    announce(read=True)
    assert said()["bytesPerSecond"] == 1_000_000


def test_while_nothing_is_read_it_is_said_now_and_then(said, announce, monkeypatch):
    fetched()
    announce(read=True)
    assert said()
    announce(read=False)
    assert said() is None, "it has just been said"
    monkeypatch.setattr(announcing, "AGAIN_SECONDS", 0)
    with time_machine.travel(NOW + 6, tick=False):
        announce(read=False)
    assert said()["downloads"][0]["silentSeconds"] == 6


def test_the_end_is_said_once_and_then_nothing_is_asked(
    said, announce, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(announcing, "AGAIN_SECONDS", 0)
    fetched()
    announce(read=True)
    Download.objects.all().delete()
    announce(read=False)
    assert said()["downloads"] == []
    with django_assert_num_queries(0):
        announce(read=False)
    announce(read=True)
    assert said() is None


def test_whoever_begins_says_once_what_runs(said, announce):
    """The worker before it may have ended in the middle."""
    announce(read=False)
    assert said()["downloads"] == []


def test_a_broker_that_is_away_harms_nobody(settings, tmp_path, announce):
    settings.REDIS_URL = f"unix://{tmp_path}/none.sock"
    fetched()
    began = time.perf_counter()
    announce(read=True)
    assert time.perf_counter() - began < 5
