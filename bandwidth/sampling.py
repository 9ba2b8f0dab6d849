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
from bandwidth.messages import Message, Sampled, sample_message, sockets_message
from bandwidth.rates import Passed, passed
from bandwidth.rollup import ClientRollup, ClientRow, Rollup, Row
from bandwidth.sources import Counter, Reading, Source, SourceProblem

log = logging.getLogger(__name__)
# Of an interval: who has not answered by then is in a later message.
WAITED = 0.3
# Rows kept while the database is away: ten interfaces for an hour.
MOST_ROWS = 3600
# The same by client: 300 of them for ten minutes.
MOST_CLIENT_ROWS = 20_000
STORE_SECONDS = 10

Publish = Callable[[Message], Awaitable[None]]
Store = Callable[[Sequence[Row | ClientRow]], Awaitable[None]]


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
        self._rollup = Rollup()
        self._by_client = ClientRollup()
        self._unwritten: list[Row | ClientRow] = []
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
            one.sampled = []
        await asyncio.gather(*map(self._publish, messages))
        if time.monotonic() - self._stored_at >= STORE_SECONDS and (
            self._storing is None or self._storing.done()
        ):
            self._stored_at = time.monotonic()
            self._storing = asyncio.create_task(self._write(self._rows(time.time())))

    async def close(self) -> None:
        """Write what is there, whether its ten seconds are over or not."""
        for one in self.watched:
            await _let_go(one)
        if self._storing:
            await self._storing
        await self._write(self._rows())

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
        except SourceProblem as problem:
            self._note(one, str(problem))
        except TimeoutError:
            self._note(one, f"no answer within {one.timeout:.1f} s")
        except Exception as error:  # of a library: one source stops no other
            self._note(one, f"{type(error).__name__}: {error}")
        else:
            self._note(one, "")
            one.remark = reading.remark
            self._take_in(one, reading)

    def _note(self, one: Watched, problem: str) -> None:
        if problem != one.problem:
            log.warning("%s: %s", one.name, problem or "it answers again")
        one.problem = problem

    def _take_in(self, one: Watched, reading: Reading) -> None:
        now_ns, now = time.monotonic_ns(), time.time()
        gone = one.before.keys() - {counter.name for counter in reading.counters}
        for name in gone:
            del one.before[name]  # if it comes back, it is another
        if reading.connections is not None:
            one.connections = one.connections or Connections()
            served = one.connections.take_in(reading.connections, now_ns)
            self._by_client.add(one.pk, served, now)
            self._news = one.connections
        for counter in reading.counters:
            before = one.before.get(counter.name)
            one.before[counter.name] = counter, now_ns
            between: Passed | None = None
            if before:
                between = passed(before[0], counter, before[1], now_ns)
            if between:
                self._rollup.add((one.pk, counter.name), between, now)
            one.sampled.append(Sampled(counter, between))

    def _rows(self, now: float | None = None) -> list[Row | ClientRow]:
        return [*self._rollup.take(now), *self._by_client.take(now)]

    async def _write(self, rows: list[Row | ClientRow]) -> None:
        every = [*self._unwritten, *rows]
        self._unwritten = [
            *[row for row in every if isinstance(row, Row)][-MOST_ROWS:],
            *[row for row in every if isinstance(row, ClientRow)][-MOST_CLIENT_ROWS:],
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
