"""The sampler: its ticks, its sums, and what becomes of sources that fail."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import OperationalError

from bandwidth.hints import MINUTE
from bandwidth.rollup import AnyRow, ClientRow, DiskRow, Row
from bandwidth.sampling import Sampler, Watched
from bandwidth.sources import Connection, Counter, Reading, Source, SourceProblem

INTERVAL = 0.05


class Counting(Source):
    """A source whose counter grows by ten with every answer."""

    def __init__(self, delay: float = 0, start: int = 0) -> None:
        self.asked = 0
        self.counter = start
        self.delay = delay

    async def read(self) -> Reading:
        self.asked += 1
        await asyncio.sleep(self.delay)
        self.counter += 10
        return Reading([Counter("eth0", self.counter, 2 * self.counter)])


class Broken(Source):
    async def read(self) -> Reading:
        raise SourceProblem("there is no eth9")


class Recorded:
    """What the sampler published and stored."""

    def __init__(self) -> None:
        self.is_away = False  # the database
        self.messages: list[dict[str, Any]] = []
        self.rows: list[Row] = []
        self.disks: list[DiskRow] = []
        self.client_rows: list[ClientRow] = []

    async def publish(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    async def store(self, rows: Sequence[AnyRow]) -> None:
        if self.is_away:
            raise OperationalError("database is locked")
        self.rows += [row for row in rows if isinstance(row, Row)]
        self.disks += [row for row in rows if isinstance(row, DiskRow)]
        self.client_rows += [row for row in rows if isinstance(row, ClientRow)]


def watched(source: Any, name: str = "attic", timeout: float = 1) -> Watched:
    return Watched(1, name, source, timeout)


async def sampled(sampler: Sampler, seconds: float) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stopping.set)
    await sampler.run(stopping)


async def test_what_is_stored_is_what_the_counters_say():
    told, source = Recorded(), Counting(start=10**12)
    await sampled(Sampler([watched(source)], INTERVAL, told.publish, told.store), 0.5)
    assert sum(row.received for row in told.rows) == 10 * (source.asked - 1)
    assert sum(row.transmitted for row in told.rows) == 20 * (source.asked - 1)


async def test_ticks_do_not_drift():
    told = Recorded()
    began = time.time()
    await sampled(
        Sampler([watched(Counting())], INTERVAL, told.publish, told.store), 1.02
    )
    late = [(message["at"] - began) % INTERVAL for message in told.messages[1:]]
    assert 18 <= len(told.messages) <= 22
    assert sorted(late)[len(late) // 2] < INTERVAL / 2


async def test_a_source_that_hangs_or_fails_delays_no_other():
    told, quick, slow = Recorded(), Counting(), Counting(delay=60)
    sources = [
        watched(slow, "slow", timeout=0.2),
        watched(Broken(), "broken"),
        watched(quick, "quick"),
    ]
    await sampled(Sampler(sources, INTERVAL, told.publish, told.store), 0.6)
    assert quick.asked >= 8
    assert slow.asked <= 4
    problems = {one["source"]: one["problem"] for one in told.messages[-1]["sources"]}
    assert problems["broken"] == "there is no eth9"
    assert problems["slow"] == "no answer within 0.2 s"
    assert problems["quick"] == ""


async def test_a_counter_that_is_set_back_is_a_gap():
    told, source = Recorded(), Counting(start=10**9)
    sampler = Sampler([watched(source)], INTERVAL, told.publish, told.store)
    await sampler.tick()
    source.counter = 0
    await sampler.tick()
    assert told.messages[1]["interfaces"][0]["receiveBytesPerSecond"] is None
    await sampler.tick()
    assert told.messages[2]["interfaces"][0]["receiveBytesPerSecond"] > 0
    await sampler.close()
    assert sum(row.received for row in told.rows) == 10


async def test_an_interface_that_went_and_came_back_starts_anew():
    class Flapping(Counting):
        async def read(self) -> Reading:
            reading = await super().read()
            return Reading() if self.asked == 2 else reading

    told = Recorded()
    sampler = Sampler([watched(Flapping())], INTERVAL, told.publish, told.store)
    for _ in range(3):
        await sampler.tick()
    await sampler.close()
    assert told.rows == []


async def test_a_database_that_is_away_costs_no_byte():
    told, source = Recorded(), Counting()
    told.is_away = True
    sampler = Sampler([watched(source)], INTERVAL, told.publish, told.store)
    for _ in range(3):
        await sampler.tick()
    await sampler.close()
    told.is_away = False
    await sampler.tick()
    await sampler.close()
    assert sum(row.received for row in told.rows) == 30


@pytest.mark.parametrize(("transmits", "download"), [(True, 20), (False, 10)])
async def test_download_is_the_way_to_the_clients(transmits: bool, download: int):
    told, one = Recorded(), watched(Counting())
    one.transmits_to_clients = transmits
    sampler = Sampler([one], INTERVAL, told.publish, told.store)
    await sampler.tick()
    await sampler.tick()
    interface = told.messages[1]["interfaces"][0]
    ratio = interface["downloadBytesPerSecond"] / interface["receiveBytesPerSecond"]
    assert ratio == download / 10


async def test_another_interface_that_carries_more_for_five_minutes_is_a_hint():
    class Beside(Counting):
        async def rivals(self) -> list[Counter]:
            return [Counter("eth1", 0, 10**9 * self.asked)]

    told, one = Recorded(), watched(Beside())
    sampler = Sampler([one], INTERVAL, told.publish, told.store)
    for _ in range(6):
        await sampler.tick()
        assert one.rivalry.looked_ns
        one.rivalry.looked_ns -= MINUTE  # as if a minute had passed
    assert told.messages[4]["hints"] == []
    assert told.messages[5]["hints"] == [
        {
            "text": "eth1 has carried more to the clients than what attic watches,"
            " for 5 minutes",
            "source": "attic",
            "interface": "eth1",
            "url": "/admin/bandwidth/bandwidthsource/1/watch-instead/?interface=eth1",
        }
    ]


class Connected(Source):
    """Tells of a connection that carries a thousand bytes from answer to answer."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_open = True

    async def read(self) -> Reading:
        self.asked += 1
        one = Connection(
            7, "10.0.0.11", 80, True, 1000 * self.asked, 0, 0, 300, 0, 0, 0, 0, 0, 0,
            False,
        )  # fmt: skip
        return Reading(connections=[one] if self.is_open else [])


async def test_clients_are_told_of_by_what_they_are_called():
    told = Recorded()
    sampler = Sampler([watched(Connected())], INTERVAL, told.publish, told.store)
    await sampler.tick()
    assert [one["type"] for one in told.messages] == ["sample"]
    sampler.called = dict.fromkeys(sampler.addresses(), "client-7f3a2c")
    await sampler.tick()
    message = told.messages[-1]
    assert message["type"] == "sockets"
    assert [one["client"] for one in message["clients"]] == ["client-7f3a2c"]
    await sampler.close()
    assert [row.served.bytes for row in told.client_rows] == [1000]


async def test_that_nobody_is_connected_any_more_is_said_once():
    told, source = Recorded(), Connected()
    sampler = Sampler([watched(source)], INTERVAL, told.publish, told.store)
    sampler.called = {"10.0.0.11": "10.0.0.11"}
    await sampler.tick()
    source.is_open = False
    for _ in range(3):
        await sampler.tick()
    sockets = [one["clients"] for one in told.messages if one["type"] == "sockets"]
    assert [len(clients) for clients in sockets] == [1, 0]


async def test_a_database_that_is_away_costs_no_byte_of_a_client():
    told, source = Recorded(), Connected()
    told.is_away = True
    sampler = Sampler([watched(source)], INTERVAL, told.publish, told.store)
    for _ in range(4):
        await sampler.tick()
    await sampler.close()
    told.is_away = False
    await sampler.close()
    assert sum(row.served.bytes for row in told.client_rows) == 3000
