"""The websocket as the site has it: who may listen, to what, and in which form.

ws /ws/bandwidth/            JSON, as bandwidth.consumers says; rows of clients without
                             the hidden ones, in "sockets" with "clientName"
ws /ws/bandwidth/?as=html    frames that begin with "<" are fragments, each with the id
                             of what it takes the place of (hx-swap-oob); frames that
                             begin with "{" are for the charts: see charting
ws /ws/bandwidth/?kiosk      either, for a screen that has a kiosk link's cookie
"""

import asyncio
import json
import logging
import random
import time
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError
from django.http import HttpRequest

from bandwidth.consumers import (
    SIGN_IN,
    BandwidthConsumer,
    compact,
    snapshot,
    so_far,
    type_of,
)
from downloads.clients.showing import Shown, shown
from lancache_site.live import audience, charting, rendering
from lancache_site.live.audience import Audience
from lancache_site.live.sharing import Shared
from lancache_site.live.telling import Message, addresses_in, told

log = logging.getLogger(__name__)
COOKIE = "kiosk"
# How long a screen goes on after its link was revoked, and a page after a sign-out.
KIOSK_SECONDS, USER_SECONDS = 5, 60
KNOWN_SECONDS = 10
frames_told: Shared[list[str]] = Shared()
clients_known: Shared[dict[str, Shown]] = Shared()


class LiveConsumer(BandwidthConsumer):
    audience: Audience

    async def admitted(self) -> bool:
        query = parse_qs(self.scope.get("query_string", b"").decode(), True)
        self._as_html = query.get("as") == ["html"]
        self._for_kiosk = "kiosk" in query
        found = await self._find_audience(self.scope.get("user"))
        if found:
            self.audience = found
        return found is not None

    async def frames_on_joining(self) -> list[str]:
        self._watching = asyncio.create_task(self._watch())
        # All who come back at once after a restart are told the same.
        second = str(int(time.time()))
        key = ("joining", self._as_html, self.audience)
        return await frames_told.get(key, second, self._frames_on_joining)

    async def frames(self, text: str) -> list[str]:
        kind = type_of(text)
        if not self.audience.hears(kind):
            return []
        if kind == "sample" and not self._as_html and not self.audience.is_kiosk:
            return [text]
        key = (kind, self._as_html, self.audience)
        return await frames_told.get(key, text, lambda: self._frames(json.loads(text)))

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "_watching"):
            self._watching.cancel()
        await super().disconnect(code)

    async def _frames_on_joining(self) -> list[str]:
        samples, others = await so_far()
        samples = [told(sample, self.audience, {}) for sample in samples]
        if self._as_html:
            frames = [compact(charting.live(samples, time.time(), whole=True))]
            with self.audience.reading():
                frames += [rendering.fragments(one) for one in samples[-1:]]
        else:
            frames = [compact(snapshot(samples))]
        for message in others:
            if self.audience.hears(message["type"]):
                frames += await self._frames(message)
        return frames

    async def _frames(self, message: Message) -> list[str]:
        try:
            return await self._frames_of(message)
        except (KeyError, TypeError, ValueError, AttributeError):
            # Of a worker or sampler that is newer than this: the rest goes on.
            log.exception("A message is of no known shape")
            return []

    async def _frames_of(self, message: Message) -> list[str]:
        message = told(message, self.audience, await known_in(message))
        if not self._as_html:
            return [compact(message)]
        frames = []
        if message["type"] == "sample":
            frames.append(compact(charting.live([message], time.time(), whole=False)))
        with self.audience.reading():
            frames.append(rendering.fragments(message))
        return frames

    async def _watch(self) -> None:
        """Turn away whose link was revoked, or who signed out, while listening.

        Also whose preferences have changed: they come back, and are told in others.
        """
        seconds = KIOSK_SECONDS if self._for_kiosk else USER_SECONDS
        while True:
            # Those who came together, after a restart, are not all looked up at once.
            await asyncio.sleep(seconds * random.uniform(0.5, 1))
            try:
                user = await self._signed_in()
                found = await self._find_audience(user)
            except DatabaseError:
                continue  # nobody is turned away for that
            if found != self.audience:
                await self.close(SIGN_IN)
                return

    @database_sync_to_async  # type: ignore[untyped-decorator]  # channels has no types
    def _find_audience(self, user: Any) -> Audience | None:
        if self._for_kiosk:
            return audience.of_kiosk(self.scope.get("cookies", {}).get(COOKIE, ""))
        return audience.of_user(user)

    @database_sync_to_async  # type: ignore[untyped-decorator]  # channels has no types
    def _signed_in(self) -> Any:
        """Return whose session it is now, not when this listener came."""
        session = self.scope.get("session")
        if session is None:
            return self.scope.get("user")
        fresh = SimpleNamespace(session=SessionStore(session.session_key))
        return get_user(cast(HttpRequest, fresh))


async def known_in(message: Message) -> dict[str, Shown]:
    """Return how the clients in ``message`` may be shown."""
    addresses = sorted(addresses_in(message))
    if not addresses:
        return {}
    question = f"{int(time.time()) // KNOWN_SECONDS} {' '.join(addresses)}"
    look_up = database_sync_to_async(shown)
    return await clients_known.get(
        message["type"], question, lambda: look_up(addresses)
    )
