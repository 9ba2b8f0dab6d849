"""The websocket, with a real Valkey between sampler and listener."""

import asyncio
import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User

from bandwidth.broadcasting import Broadcast
from bandwidth.consumers import BandwidthConsumer, type_of
from lancache_site.asgi import application

# Channels closes old connections to the database after each message.
pytestmark = pytest.mark.django_db
ORIGIN = [(b"origin", b"http://localhost:8000"), (b"host", b"localhost:8000")]
PATH = "/ws/bandwidth/"


class Listener:
    """A websocket's client, without the network between."""

    def __init__(self, app: Any, user: Any = None, headers: Any = ()) -> None:
        scope = {"type": "websocket", "path": PATH, "headers": list(headers)}
        if user is not None:
            scope["user"] = user
        self.socket = ApplicationCommunicator(app, scope)

    async def connect(self) -> tuple[bool, int | None]:
        """Return whether it was let in, and the code with which it was not."""
        await self.socket.send_input({"type": "websocket.connect"})
        answer = await self.socket.receive_output(5)
        return answer["type"] == "websocket.accept", answer.get("code")

    async def told(self) -> dict[str, Any]:
        answer = await self.socket.receive_output(5)
        message: dict[str, Any] = json.loads(answer["text"])
        return message

    async def leave(self) -> None:
        await self.socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.socket.wait(5)


def sample(number: int) -> dict[str, Any]:
    return {"v": 1, "type": "sample", "at": number, "interfaces": [{"n": number}]}


@pytest.fixture
async def broadcast(broker: str):
    speaking = Broadcast(settings.REDIS_URL, interval=1)
    await speaking._redis.flushdb()
    yield speaking
    await speaking.close()


def listener(user: Any) -> Listener:
    return Listener(BandwidthConsumer.as_asgi(), user)


async def test_who_joins_hears_what_was_and_then_what_is(broadcast):
    for number in range(3):
        await broadcast(sample(number))
    joined = listener(User(username="mia"))
    assert (await joined.connect())[0]
    snapshot = await joined.told()
    assert (snapshot["v"], snapshot["type"]) == (1, "snapshot")
    assert [one["at"] for one in snapshot["samples"]] == [0, 1, 2]
    assert snapshot["interfaces"] == [{"n": 2}]
    await broadcast(sample(3))
    assert (await joined.told())["at"] == 3
    await joined.leave()


async def test_no_more_than_ten_minutes_are_kept(broadcast):
    for number in range(620):
        await broadcast(sample(number))
    joined = listener(User(username="mia"))
    await joined.connect()
    samples = (await joined.told())["samples"]
    assert [samples[0]["at"], samples[-1]["at"]] == [20, 619]
    await joined.leave()


async def test_who_is_not_signed_in_is_refused_before_the_handshake(broadcast):
    assert await listener(AnonymousUser()).connect() == (False, 4401)


async def test_a_foreign_origin_is_refused(broadcast):
    foreign = [(b"origin", b"http://evil.example"), ORIGIN[1]]
    communicator = Listener(application, headers=foreign)
    assert not (await communicator.connect())[0]


async def test_our_own_origin_without_a_session_is_refused_too(broadcast):
    communicator = Listener(application, headers=ORIGIN)
    assert await communicator.connect() == (False, 4401)


async def test_a_slow_listener_loses_samples_and_costs_no_memory(broadcast):
    """While it can't be sent to, only the newest of each type is kept."""
    consumer = BandwidthConsumer()
    consumer._newest, consumer._news = {}, asyncio.Event()
    for number in range(1000):
        text = json.dumps(sample(number), separators=(",", ":"))
        await consumer.bandwidth_message({"text": text})
    assert list(consumer._newest) == ["sample"]
    assert json.loads(consumer._newest["sample"])["at"] == 999


def test_thetype_of_a_message_is_told_by_its_beginning():
    assert type_of('{"v":1,"type":"downloads","at":1}') == "downloads"


async def test_without_a_broker_speaking_harms_nobody(tmp_path):
    speaking = Broadcast(f"unix://{tmp_path}/none.sock", interval=1)
    await speaking(sample(1))
    await speaking(sample(2))
    await speaking.close()
