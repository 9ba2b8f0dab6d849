"""Messages to whoever listens now, and to whoever joins what was of late: the samples
of the last ten minutes, and the newest message of each other type.

In Redis only: nothing that is live is in the database. A broker that is away costs the
messages of that time, and nothing else.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable
from typing import Any, cast

import redis.asyncio as redis
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from redis.exceptions import RedisError

from bandwidth.messages import Message

log = logging.getLogger(__name__)
GROUP = "bandwidth"
RECENT = "lancache:bandwidth:recent"
SECONDS = 600
LATEST = "lancache:bandwidth:latest:"
LATEST_SECONDS = 30  # who says something anew at least every ten seconds is heard
TYPES = ("downloads", "sockets")  # whose newest message is kept
ANSWER_SECONDS = 1.0


class Broadcast:
    """For one event loop. ``interval``: how often samples come, in seconds."""

    def __init__(self, url: str, interval: float = 1) -> None:
        # A broker that does not answer must not hold up the next tick for long.
        self._redis = redis.from_url(
            url, socket_timeout=0.5, socket_connect_timeout=0.5
        )
        self._kept = int(SECONDS / interval)
        self._away = False

    async def __call__(self, message: Message) -> None:
        text = json.dumps(message, separators=(",", ":"))
        try:
            # The layer's own connections would wait for ever.
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._keep(message["type"], text)
                layer = get_channel_layer()
                news = {"type": "bandwidth.message", "text": text}
                await layer.group_send(GROUP, news)
        except (RedisError, OSError) as error:
            if not self._away:
                log.warning("Nobody hears of %s: %s", message["type"], error)
            self._away = True
        else:
            self._away = False

    async def _keep(self, kind: str, text: str) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            if kind == "sample":
                pipe.lpush(RECENT, text)
                pipe.ltrim(RECENT, 0, self._kept - 1)
                pipe.expire(RECENT, SECONDS)
            else:
                pipe.set(LATEST + kind, text, ex=LATEST_SECONDS)
            await pipe.execute()

    async def close(self) -> None:
        await self._redis.aclose()


def publish(message: Message) -> None:
    """Say ``message`` from code that has no event loop, such as a task.

    It runs a loop of its own for the 3 ms that this takes: a thread of Celery's keeps
    neither loop nor connection.
    """
    async_to_sync(_publish)(message)


async def _publish(message: Message) -> None:
    broadcast = Broadcast(settings.REDIS_URL)
    try:
        await broadcast(message)
    finally:
        await broadcast.close()


async def recent(url: str) -> list[dict[str, Any]]:
    """Return the samples of the last ten minutes, the oldest first."""
    async with redis.from_url(url, socket_timeout=2) as client:
        answer = cast(Awaitable[list[bytes]], client.lrange(RECENT, 0, -1))
        return [json.loads(text) for text in reversed(await answer)]


async def latest(url: str) -> list[dict[str, Any]]:
    """Return the newest message of each other type that was said of late."""
    async with redis.from_url(url, socket_timeout=2) as client:
        texts = await client.mget([LATEST + kind for kind in TYPES])
        return [json.loads(text) for text in texts if text is not None]
