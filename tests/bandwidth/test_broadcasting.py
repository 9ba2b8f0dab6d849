"""What is said from tasks, and what is kept for who joins later."""

import asyncio
import logging
import threading

import psutil
import pytest
import redis
from channels.layers import get_channel_layer
from django.conf import settings

from bandwidth import broadcasting
from bandwidth.broadcasting import GROUP, LATEST, latest, publish

DOWNLOADS = {"v": 1, "type": "downloads", "at": 5, "downloads": []}


@pytest.fixture
def kept(broker: str):
    with redis.from_url(broker) as client:
        client.flushdb()
        yield client


async def test_the_newest_message_of_each_type_is_kept(kept):
    for message in (
        {"type": "sockets", "at": 1},
        DOWNLOADS | {"at": 4},
        {"type": "sample", "at": 5},
        DOWNLOADS,
    ):
        await asyncio.to_thread(publish, message)
    assert await latest(settings.REDIS_URL) == [DOWNLOADS, {"type": "sockets", "at": 1}]
    assert 25 < kept.ttl(LATEST + "downloads") <= 30


async def test_of_what_nobody_said_nothing_is_kept(kept):
    assert await latest(settings.REDIS_URL) == []


async def test_a_thread_without_a_loop_is_heard_by_who_listens(kept):
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    await asyncio.to_thread(publish, DOWNLOADS)
    heard = await asyncio.wait_for(layer.receive(channel), 5)
    text = '{"v":1,"type":"downloads","at":5,"downloads":[]}'
    assert heard == {"type": "bandwidth.message", "text": text}
    await layer.flush()


def test_a_hundred_messages_leave_no_connection_and_no_thread(kept):
    def held() -> tuple[int, int]:
        return threading.active_count(), psutil.Process().num_fds()

    publish(DOWNLOADS)
    before = held()
    for _ in range(100):
        publish(DOWNLOADS)
    assert held() == before


def test_a_broker_that_is_away_costs_the_message_and_one_line(
    settings, tmp_path, caplog
):
    settings.REDIS_URL = f"unix://{tmp_path}/none.sock"
    with caplog.at_level(logging.WARNING, broadcasting.__name__):
        publish(DOWNLOADS)
    assert [r.getMessage()[:27] for r in caplog.records] == [
        "Nobody hears of downloads: "
    ]
