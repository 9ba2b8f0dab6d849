"""The websocket: what was of late on joining, then what is now.

ws /ws/bandwidth/   text frames of JSON, each with "v" (the version) and "type":
"snapshot"    once: {"interfaces": [those of the newest sample], "samples": [the
              messages of the last ten minutes, the oldest first]}
"sample"      see bandwidth.messages
"downloads"   see downloads.live
"""

import asyncio
import json
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from redis.exceptions import RedisError

from bandwidth.broadcasting import GROUP, recent
from bandwidth.messages import VERSION

SIGN_IN = 4401  # close codes from 4000 on are an application's own


class BandwidthConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Any
    """One listener. The layer's queue has no bound, so nothing waits in it: the newest
    message of each type takes the place of the one that could not be sent yet, and a
    slow client loses samples, not the server its memory.
    """

    async def connect(self) -> None:
        # Before anything is joined or accepted.
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
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

    async def bandwidth_message(self, event: dict[str, Any]) -> None:
        text: str = event["text"]
        self._newest[_type_of(text)] = text
        self._news.set()

    async def _send_all(self) -> None:
        await self.send(text_data=await _snapshot())
        while True:
            await self._news.wait()
            self._news.clear()
            while self._newest:
                # In the order of their first arrival: none holds another up.
                kind = next(iter(self._newest))
                await self.send(text_data=self._newest.pop(kind))


def _type_of(text: str) -> str:
    """Return a message's type without reading all of it: ours begin alike."""
    begin = text.find('"type":"') + 8
    return text[begin : text.find('"', begin)]


async def _snapshot() -> str:
    try:
        samples = await recent(settings.REDIS_URL)
    except (RedisError, OSError):
        samples = []
    interfaces = samples[-1]["interfaces"] if samples else []
    snapshot = {
        "v": VERSION, "type": "snapshot", "interfaces": interfaces, "samples": samples,
    }  # fmt: skip
    return json.dumps(snapshot, separators=(",", ":"))
