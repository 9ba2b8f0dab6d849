"""Messages to whoever listens now, and the last ten minutes to whoever joins.

In Redis only: nothing that is live is in the database. A broker that is away costs the
messages of that time, and nothing else.
"""

import json
import logging
from collections.abc import Awaitable
from typing import Any, cast

import redis.asyncio as redis
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from bandwidth.messages import Message

log = logging.getLogger(__name__)
GROUP = "bandwidth"
RECENT = "lancache:bandwidth:recent"
SECONDS = 600


class Broadcast:
    def __init__(self, url: str, interval: float) -> None:
        # A broker that does not answer must not hold up the next tick for long.
        self._redis = redis.from_url(
            url, socket_timeout=0.5, socket_connect_timeout=0.5
        )
        self._kept = int(SECONDS / interval)
        self._away = False

    async def __call__(self, message: Message) -> None:
        text = json.dumps(message, separators=(",", ":"))
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.lpush(RECENT, text)
                pipe.ltrim(RECENT, 0, self._kept - 1)
                pipe.expire(RECENT, SECONDS)
                await pipe.execute()
            layer = get_channel_layer()
            await layer.group_send(GROUP, {"type": "bandwidth.message", "text": text})
        except (RedisError, OSError) as error:
            if not self._away:
                log.warning("Nobody hears of samples: %s", error)
            self._away = True
        else:
            self._away = False

    async def close(self) -> None:
        await self._redis.aclose()


async def recent(url: str) -> list[dict[str, Any]]:
    """Return the messages of the last ten minutes, the oldest first."""
    async with redis.from_url(url, socket_timeout=2) as client:
        answer = cast(Awaitable[list[bytes]], client.lrange(RECENT, 0, -1))
        return [json.loads(text) for text in reversed(await answer)]
