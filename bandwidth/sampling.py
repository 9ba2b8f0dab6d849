"""The sampler: at each tick read every source, publish what passed, and add it up.

Ticks stand on a grid of the monotonic clock, so that they do not drift. A source that
has not answered by the next tick is not asked again until it has, or its time is up:
it delays no other.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import Error as DatabaseError

from bandwidth.connections import Connections
from bandwidth.hints import Rivalry
from bandwidth.messages import (
    Message,
    Sampled,
    SampledDisk,
    sample_message,
    sockets_message,
)
from bandwidth.rates import DiskPassed, Passed, disk_passed, passed
from bandwidth.rollup import AnyRow, ClientRollup, ClientRow, DiskRow, Rollup, Row
from bandwidth.sources import Connection, Counter, Disk, Reading, Source, SourceProblem

log = logging.getLogger(__name__)
# Of an interval: who has not answered by then is in a later message.
WAITED = 0.3
# Rows kept while the database is away: of ten interfaces, and of ten disks, for an
# hour, and of 300 clients for ten minutes.
MOST_ROWS = {Row: 3600, DiskRow: 3600, ClientRow: 20_000}
STORE_SECONDS = 10

Publish = Callable[[Message], Awaitable[None]]
Store = Callable[[Sequence[AnyRow]], Awaitable[None]]


@dataclass(eq=False)
class Watched:
    """A source, its last reading, and what is wrong with it now."""

    pk: int
    name: str
    source: Source
    timeout: float
    transmits_to_clients: bool = True
    settings: object = None  # what the operator set: another one is another source
    before: dict[str, tuple[Counter, int]] = field(default_factory=dict)
    problem: str = ""
    remark: str = ""
    asking: "asyncio.Task[None] | None" = None
    sampled: list[Sampled] = field(default_factory=list)
    disks_before: dict[str, tuple[Disk, int]] = field(default_factory=dict)
    disks: list[SampledDisk] = field(default_factory=list)
    rivalry: Rivalry = field(default_factory=Rivalry)
    busier: str = ""
    connections: Connections | None = None  # of a source that reads any


class Sampler:
    """``publish`` and ``store`` may fail for as long as they like."""

    def __init__(
        self, watched: list[Watched], interval: float, publish: Publish, store: Store
    ) -> None:
        self.watched = watched
        self._interval = interval
        self._publish = publish
        self._store = store
        self._rollup = Rollup(Row)
        self._disks = Rollup(DiskRow)
        self._by_client = ClientRollup()
        self._unwritten: list[AnyRow] = []
        # Address -> what messages call it; of whom it is not known, nothing is said.
        self.called: Mapping[str, str] = {}
        self._news: Connections | None = None
        self._told_of_clients = False
        self._stored_at = time.monotonic()
        self._storing: asyncio.Task[None] | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        began = time.monotonic()
        tick = 0
        while not stopping.is_set():
            await self.tick()
            # On the grid: what was missed while this process stood still is left out.
            tick = max(tick + 1, int((time.monotonic() - began) / self._interval) + 1)
            wait = began + tick * self._interval - time.monotonic()
            try:
                await asyncio.wait_for(stopping.wait(), max(0, wait))
            except TimeoutError:
                continue
        await self.close()

    async def watch(self, watched: list[Watched]) -> None:
        """Watch these from now on, and let go of the others."""
        gone = [one for one in self.watched if one not in watched]
        self.watched = watched
        for one in gone:
            await _let_go(one)

    async def tick(self) -> None:
        """Ask all sources that are not being asked, and publish what has come."""
        for one in self.watched:
            if one.asking is None or one.asking.done():
                one.asking = asyncio.create_task(self._ask(one))
        asking = [one.asking for one in self.watched if one.asking]
        if asking:
            await asyncio.wait(asking, timeout=WAITED * self._interval)
        messages = list(self._messages())
        for one in self.watched:
            one.sampled, one.disks = [], []
        await asyncio.gather(*map(self._publish, messages))
        if time.monotonic() - self._stored_at >= STORE_SECONDS and (
            self._storing is None or self._storing.done()
        ):
            self._stored_at = time.monotonic()
            self._storing = asyncio.create_task(self._write(self._taken(time.time())))

    async def close(self) -> None:
        """Write what is there, whether its ten seconds are over or not."""
        for one in self.watched:
            await _let_go(one)
        if self._storing:
            await self._storing
        await self._write(self._taken())

    def addresses(self) -> set[str]:
        """Return those that have connections, or had some lately."""
        return {
            address
            for one in self.watched
            if one.connections
            for address in one.connections.clients
        }

    def _messages(self) -> Iterator[Message]:
        """Yield what this tick has to say."""
        yield sample_message(time.time(), self.watched)
        if self._news:
            clients = {
                self.called[address]: client
                for address, client in self._news.clients.items()
                if address in self.called
            }
            # That there are none any more is said once.
            if clients or self._told_of_clients:
                yield sockets_message(time.time(), time.monotonic_ns(), clients)
            self._told_of_clients = bool(clients)
        self._news = None

    async def _ask(self, one: Watched) -> None:
        try:
            async with asyncio.timeout(one.timeout):
                reading = await one.source.read()
                if one.rivalry.is_due(time.monotonic_ns()):
                    self._compare(one, reading, await one.source.rivals())
        except SourceProblem as problem:
            self._note(one, str(problem))
        except TimeoutError:
            self._note(one, f"no answer within {one.timeout:.1f} s")
        except Exception as error:  # of a library: one source stops no other
            self._note(one, f"{type(error).__name__}: {error}")
        else:
            self._note(one, "")
            one.remark = reading.remark
            now_ns, now = time.monotonic_ns(), time.time()
            self._take_in(one, reading.counters, now_ns, now)
            self._take_in_disks(one, reading.disks, now_ns, now)
            if reading.connections is not None:
                self._take_in_connections(one, reading.connections, now_ns, now)

    def _note(self, one: Watched, problem: str) -> None:
        if problem != one.problem:
            log.warning("%s: %s", one.name, problem or "it answers again")
        one.problem = problem

    def _take_in(
        self, one: Watched, counters: Sequence[Counter], now_ns: int, now: float
    ) -> None:
        gone = one.before.keys() - {counter.name for counter in counters}
        for name in gone:
            del one.before[name]  # if it comes back, it is another
        for counter in counters:
            before = one.before.get(counter.name)
            one.before[counter.name] = counter, now_ns
            between: Passed | None = None
            if before:
                between = passed(before[0], counter, before[1], now_ns)
            if between:
                self._rollup.row((one.pk, counter.name), now).add(between, int(now))
            one.sampled.append(Sampled(counter, between))

    def _take_in_disks(
        self, one: Watched, disks: Sequence[Disk], now_ns: int, now: float
    ) -> None:
        before = one.disks_before
        one.disks_before = {disk.device: (disk, now_ns) for disk in disks}
        for disk in disks:
            between: DiskPassed | None = None
            if disk.device in before:
                was, was_ns = before[disk.device]
                between = disk_passed(was, disk, was_ns, now_ns)
            self._disks.row((one.pk, disk.device), now).add(disk, between)
            one.disks.append(SampledDisk(disk, between))

    def _take_in_connections(
        self, one: Watched, connections: Sequence[Connection], now_ns: int, now: float
    ) -> None:
        one.connections = one.connections or Connections()
        served = one.connections.take_in(connections, now_ns)
        self._by_client.add(one.pk, served, now)
        self._news = one.connections

    def _compare(self, one: Watched, reading: Reading, rivals: list[Counter]) -> None:
        """See, once a minute, whether another interface carries more."""
        transmits = one.transmits_to_clients
        one.busier = one.rivalry.compare(
            time.monotonic_ns(),
            {
                counter.name: counter.to_clients(transmits)
                for counter in reading.counters
            },
            {counter.name: counter.to_clients(transmits) for counter in rivals},
        )

    def _taken(self, now: float | None = None) -> list[AnyRow]:
        return [
            *self._rollup.take(now), *self._disks.take(now), *self._by_client.take(now)
        ]  # fmt: skip

    async def _write(self, rows: list[AnyRow]) -> None:
        every = [*self._unwritten, *rows]
        self._unwritten = [
            row
            for kind, most in MOST_ROWS.items()
            for row in [row for row in every if isinstance(row, kind)][-most:]
        ]
        try:
            await self._store(self._unwritten)
        except DatabaseError as error:
            log.warning("Rows wait for the database: %s", error)
        else:
            self._unwritten = []


async def _let_go(one: Watched) -> None:
    if one.asking:
        one.asking.cancel()
        await asyncio.wait([one.asking])
    await one.source.close()
