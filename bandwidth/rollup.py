"""Samples to rows of ten seconds, added up in memory until they are written. Pure.

Every byte goes into the row of the moment at which it was read, so that rows add up to
the counters' difference whatever is late. Times are epoch seconds of the wall clock: if
that steps back, an older row is added to, never overwritten.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from bandwidth.connections import Served
from bandwidth.rates import DiskPassed, Passed
from bandwidth.sources import Disk

TEN = 10
# Clients that have rows of their own within ten seconds; the others share one.
MOST_CLIENTS = 1000
OTHERS = ""
# (source's primary key, interface or device)
Key = tuple[int, str]


@dataclass
class Row:
    """Ten seconds of one interface, or what was read of them since the last write."""

    key: Key
    at: int
    received: int = 0
    transmitted: int = 0
    covered_ms: float = 0
    samples: int = 0
    receive_max: float = 0
    transmit_max: float = 0
    receive_max_at: int = 0
    transmit_max_at: int = 0

    def add(self, passed: Passed, now: int) -> None:
        self.received += passed.received
        self.transmitted += passed.transmitted
        self.covered_ms += passed.ms
        self.samples += 1
        if passed.receive_bytes_per_second > self.receive_max:
            self.receive_max, self.receive_max_at = passed.receive_bytes_per_second, now
        if passed.transmit_bytes_per_second > self.transmit_max:
            self.transmit_max = passed.transmit_bytes_per_second
            self.transmit_max_at = now


@dataclass
class DiskRow:
    """Ten seconds of one disk. Sums are null where nothing of them was counted;
    ``covered_ms`` is the time for which they were. Space is that of the last reading.
    """

    key: Key
    at: int
    read: int | None = None
    written: int | None = None
    busy_ms: int | None = None
    covered_ms: float = 0
    samples: int = 0
    size: int = 0
    free: int = 0

    def add(self, disk: Disk, passed: DiskPassed | None) -> None:
        self.size, self.free = disk.size, disk.free
        self.samples += 1
        if passed:
            self.read = (self.read or 0) + passed.read
            self.written = (self.written or 0) + passed.written
            self.covered_ms += passed.ms
            if passed.busy_ms is not None:
                self.busy_ms = (self.busy_ms or 0) + passed.busy_ms


@dataclass
class ClientRow:
    """Ten seconds of one client's connections; of several in the row of the others."""

    source: int
    client: str
    at: int
    clients: int = 1
    served: Served = field(default_factory=Served)


AnyRow = Row | DiskRow | ClientRow


class Timed(Protocol):
    at: int


R = TypeVar("R", bound=Timed)


class Rollup(Generic[R]):
    """The rows that are not written yet."""

    def __init__(self, make: Callable[[Key, int], R]) -> None:
        self._make = make
        self._rows: dict[tuple[Key, int], R] = {}

    def row(self, key: Key, now: float) -> R:
        """Return the row that what is read at ``now`` is added to."""
        at = int(now) - int(now) % TEN
        if (key, at) not in self._rows:
            self._rows[key, at] = self._make(key, at)
        return self._rows[key, at]

    def take(self, now: float | None = None) -> list[R]:
        """Give away the rows that are over by ``now``; without it, all."""
        over = [
            name
            for name, row in self._rows.items()
            if now is None or row.at + TEN <= now
        ]
        return [self._rows.pop(name) for name in over]


class ClientRollup:
    """The rows by client that are not written yet. Who only was connected has none."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, int], dict[str, ClientRow]] = {}

    def add(self, source: int, by_client: Mapping[str, Served], now: float) -> None:
        """Add what was served between two readings."""
        second = int(now)
        at = second - second % TEN
        others, merged = Served(), 0
        rows = self._rows.setdefault((source, at), {})
        for client, served in by_client.items():
            if not (served.bytes or served.active_ms):
                continue
            if client in rows or len(rows) < MOST_CLIENTS:
                row = rows.setdefault(client, ClientRow(source, client, at))
                row.served.add(served)
            else:
                merged += 1
                others.add_connection(served)
        if merged:
            row = rows.setdefault(OTHERS, ClientRow(source, OTHERS, at))
            row.clients = max(row.clients, merged)
            row.served.add(others)

    def take(self, now: float | None = None) -> list[ClientRow]:
        """Give away the rows that are over by ``now``; without it, all."""
        over = [name for name in self._rows if now is None or name[1] + TEN <= now]
        return [row for name in over for row in self._rows.pop(name).values()]
