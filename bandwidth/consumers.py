"""The websocket: what was of late on joining, then what is now.

ws /ws/bandwidth/   text frames of JSON, each with "v" (the version) and "type":
"snapshot"    once: {"interfaces": [those of the newest sample], "samples": [the
              messages of the last ten minutes, the oldest first]}
"sample"      see bandwidth.messages
"downloads"   see downloads.live; the newest one on joining, too
"sockets"     see bandwidth.messages; likewise
"""

import asyncio
import json
import logging
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from redis.exceptions import RedisError

from bandwidth.broadcasting import GROUP, latest, recent
from bandwidth.messages import VERSION, Message

log = logging.getLogger(__name__)
SIGN_IN = 4401  # close codes from 4000 on are an application's own
FAILED = 1011  # an error of the server's: browsers may come again


class BandwidthConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Any
    """One listener. The layer's queue has no bound, so nothing waits in it: the newest
    message of each type takes the place of the one that could not be sent yet, and a
    slow client loses samples, not the server its memory.
    """

    async def connect(self) -> None:
        # Before anything is joined or accepted.
        if not await self.admitted():
            await self.close(SIGN_IN)
            return
        self._newest: dict[str, str] = {}
        self._news = asyncio.Event()
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()
        self._sending = asyncio.create_task(self._send_all())

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "_sending"):
            self._sending.cancel()
            await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        """Nothing is asked over this socket."""

    async def admitted(self) -> bool:
        """Whether this listener may hear anything."""
        user = self.scope.get("user")
        return user is not None and bool(user.is_authenticated)

    async def frames(self, text: str) -> list[str]:
        """Return how this listener is told of a message: as it is."""
        return [text]

    async def frames_on_joining(self) -> list[str]:
        samples, others = await so_far()
        return [compact(message) for message in (snapshot(samples), *others)]

    async def bandwidth_message(self, event: dict[str, Any]) -> None:
        text: str = event["text"]
        self._newest[type_of(text)] = text
        self._news.set()

    async def _send_all(self) -> None:
        try:
            await self._send(await self.frames_on_joining())
            while True:
                await self._news.wait()
                self._news.clear()
                while self._newest:
                    # In the order of their first arrival: none holds another up.
                    kind = next(iter(self._newest))
                    await self._send(await self.frames(self._newest.pop(kind)))
        except OSError:
            return  # it has left, and is about to be told so
        except Exception:  # whatever it is: who hears nothing more must come again
            log.exception("A listener could not be told")
            await self.close(FAILED)

    async def _send(self, frames: list[str]) -> None:
        for frame in frames:
            await self.send(text_data=frame)


def type_of(text: str) -> str:
    """Return a message's type without reading all of it: ours begin alike."""
    begin = text.find('"type":"') + 8
    return text[begin : text.find('"', begin)]


def compact(message: Message) -> str:
    return json.dumps(message, separators=(",", ":"))


def snapshot(samples: list[Message]) -> Message:
    interfaces = samples[-1]["interfaces"] if samples else []
    return {
        "v": VERSION, "type": "snapshot", "interfaces": interfaces, "samples": samples,
    }  # fmt: skip


async def so_far() -> tuple[list[Message], list[Message]]:
    """Return the samples of the last ten minutes, and the newest of each other type."""
    try:
        return await recent(settings.REDIS_URL), await latest(settings.REDIS_URL)
    except (RedisError, OSError):
        return [], []
