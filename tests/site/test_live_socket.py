"""The live page's websocket, with a real Valkey between speaker and listeners."""

import asyncio
import json
import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User

from bandwidth.broadcasting import Broadcast
from lancache_site.live import consumers, rendering
from lancache_site.live.consumers import LiveConsumer
from lancache_site.live.sharing import Shared
from lancache_site.models import KioskLink, Preferences
from tests import rows
from tests.site.test_live_page import connections, interface, running, sample

# Channels closes old connections to the database after each message.
pytestmark = pytest.mark.django_db(transaction=True)


class Listener:
    """A websocket's client, without the network between."""

    def __init__(self, query: str, user: Any = None, cookie: str = "") -> None:
        scope: dict[str, Any] = {
            "type": "websocket", "path": "/ws/bandwidth/", "headers": [],
            "query_string": query.encode(), "user": user or AnonymousUser(),
            "cookies": {"kiosk": cookie},
        }  # fmt: skip
        self.socket = ApplicationCommunicator(LiveConsumer.as_asgi(), scope)

    async def connect(self) -> bool:
        await self.socket.send_input({"type": "websocket.connect"})
        answer = await self.socket.receive_output(5)
        return bool(answer["type"] == "websocket.accept")

    async def hears(self) -> str:
        answer = await self.socket.receive_output(5)
        text: str = answer["text"]
        return text

    async def leave(self) -> None:
        await self.socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.socket.wait(5)


@pytest.fixture
async def broadcast(broker: str):
    speaking = Broadcast(settings.REDIS_URL, interval=1)
    await speaking._redis.flushdb()
    # What earlier tests were told is for another event loop.
    consumers.frames_told._newest.clear()
    consumers.clients_known._newest.clear()
    yield speaking
    await speaking.close()


@sync_to_async
def superuser(name: str = "mia", **preferences: str) -> User:
    made = User.objects.create_superuser(name)
    Preferences.objects.create(user=made, **preferences)
    return made


@sync_to_async
def kiosk_link(**changes: Any) -> tuple[KioskLink, str]:
    link = KioskLink(name="hall", **changes)
    token = link.make_token()
    link.save()
    return link, token


def now(*interfaces: Any) -> dict[str, Any]:
    return {**sample(*interfaces), "at": round(time.time(), 3)}


async def test_a_page_is_told_the_chart_as_json_and_figures_as_fragments(broadcast):
    await broadcast(now(interface()))
    page = Listener("as=html", await superuser())
    assert await page.connect()
    chart = json.loads(await page.hears())
    assert (chart["type"], chart["whole"]) == ("chart", True)
    assert chart["lines"][0]["download"] == [50_000_000]
    assert '<section id="figures"' in await page.hears()
    await broadcast(now(interface(downloadBytesPerSecond=10e6)))
    chart = json.loads(await page.hears())
    assert (chart["whole"], chart["lines"][0]["download"]) == (False, [10_000_000])
    html = await page.hears()
    assert 'hx-swap-oob="true"' in html and "<strong>10.0</strong>" in html
    await page.leave()


async def test_who_joins_late_is_told_what_runs(broadcast):
    await broadcast(running())
    page = Listener("as=html", await superuser())
    await page.connect()
    assert json.loads(await page.hears())["at"] == []
    assert "Counter-Strike 2" in await page.hears()
    await page.leave()


async def test_each_is_told_in_own_units(broadcast):
    pages = [
        Listener("as=html", await superuser("bits", rates_in="bits")),
        Listener("as=html", await superuser("bytes")),
    ]
    for page in pages:
        await page.connect()
        await page.hears()
    await broadcast(running())
    assert "361.6 Mbit/s" in await pages[0].hears()
    assert "45.2 MB/s" in await pages[1].hears()
    for page in pages:
        await page.leave()


async def test_what_many_are_told_is_written_once(broadcast, monkeypatch):
    written: list[str] = []
    write = rendering.fragments
    monkeypatch.setattr(
        rendering, "fragments", lambda m: written.append(m["type"]) or write(m)
    )
    user = await superuser()
    pages = [Listener("as=html", user) for _ in range(20)]
    for page in pages:
        await page.connect()
        await page.hears()
    await broadcast(running())
    told = {await page.hears() for page in pages}
    assert (len(told), written) == (1, ["downloads"])
    for page in pages:
        await page.leave()


async def test_a_hidden_client_is_not_in_the_json_either(broadcast):
    await sync_to_async(rows.client)("10.0.0.11", hidden=True)
    await sync_to_async(rows.client)("10.0.0.12", name="Ben")
    listener = Listener("", await superuser())
    await listener.connect()
    await listener.hears()
    await broadcast(connections())
    assert json.loads(await listener.hears())["clients"] == []
    await broadcast(connections(client="10.0.0.12"))
    (row,) = json.loads(await listener.hears())["clients"]
    assert (row["client"], row["clientName"]) == ("10.0.0.12", "Ben")
    await listener.leave()


async def test_who_may_not_look_at_downloads_hears_of_interfaces_only(broadcast):
    guest = await sync_to_async(User.objects.create_user)("guest")
    listener = Listener("", guest)
    await listener.connect()
    await listener.hears()
    await broadcast(running())
    await broadcast(connections())
    await broadcast(now(interface()))
    assert json.loads(await listener.hears())["type"] == "sample"
    await listener.leave()


@pytest.mark.parametrize("query", ["", "as=html", "kiosk", "as=html&kiosk=1"])
async def test_strangers_and_wrong_tokens_are_refused(broadcast, query: str):
    assert not await Listener(query).connect()
    assert not await Listener(query, cookie="x" * 43).connect()


async def test_a_kiosk_link_opens_what_is_asked_for_with_it_and_nothing_else(broadcast):
    _link, token = await kiosk_link()
    assert not await Listener("as=html", cookie=token).connect()
    screen = Listener("as=html&kiosk", cookie=token)
    assert await screen.connect()
    await screen.hears()
    await sync_to_async(rows.client)("10.0.0.11", name="Mia")
    await broadcast(running())
    html = await screen.hears()
    assert "Mia" in html
    assert "10.0.0.11" not in html and "href" not in html
    await screen.leave()


async def test_a_link_may_let_addresses_show(broadcast):
    _link, token = await kiosk_link(shows_addresses=True)
    screen = Listener("as=html&kiosk", cookie=token)
    await screen.connect()
    await screen.hears()
    await broadcast(running())
    assert "10.0.0.11" in await screen.hears()
    await screen.leave()


async def test_a_revoked_link_closes_its_screens(broadcast, monkeypatch):
    monkeypatch.setattr(consumers, "KIOSK_SECONDS", 0.05)
    link, token = await kiosk_link()
    screen = Listener("as=html&kiosk", cookie=token)
    assert await screen.connect()
    await screen.hears()
    await sync_to_async(link.revoke)()
    answer = await screen.socket.receive_output(5)
    assert (answer["type"], answer["code"]) == ("websocket.close", 4401)
    await screen.leave()
    assert not await Listener("as=html&kiosk", cookie=token).connect()


async def test_a_deactivated_user_is_turned_away(broadcast, monkeypatch):
    monkeypatch.setattr(consumers, "USER_SECONDS", 0.05)
    user = await superuser()
    page = Listener("as=html", user)
    await page.connect()
    await page.hears()
    user.is_active = False
    assert (await page.socket.receive_output(5))["code"] == 4401
    await page.leave()


async def test_a_message_of_no_known_shape_is_left_out_and_said_once(broadcast, caplog):
    user = await superuser()
    pages = [Listener("as=html", user) for _ in range(3)]
    for page in pages:
        await page.connect()
        await page.hears()
    await broadcast({"v": 2, "type": "downloads", "at": 1, "downloads": [{}]})
    await broadcast(connections())
    for page in pages:
        assert '<section id="connections"' in await page.hears()
        await page.leave()
    assert caplog.text.count("of no known shape") == 1


async def test_who_leaves_takes_the_answer_from_nobody():
    shared: Shared[int] = Shared()
    may_answer = asyncio.Event()

    async def answer() -> int:
        await may_answer.wait()
        return 42

    first = asyncio.create_task(shared.get("k", "?", answer))
    second = asyncio.create_task(shared.get("k", "?", answer))
    await asyncio.sleep(0)
    first.cancel()
    may_answer.set()
    assert await second == 42
