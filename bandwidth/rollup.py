"""Samples to rows of ten seconds, added up in memory until they are written. Pure.

Every byte goes into the row of the moment at which it was read, so that rows add up to
the counters' difference whatever is late. Times are epoch seconds of the wall clock: if
that steps back, an older row is added to, never overwritten.
"""

from dataclasses import dataclass

from bandwidth.rates import Passed

TEN = 10
# (source's primary key, interface)
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


class Rollup:
    """The rows that are not written yet."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Key, int], Row] = {}

    def add(self, key: Key, passed: Passed, now: float) -> None:
        second = int(now)
        at = second - second % TEN
        row = self._rows.setdefault((key, at), Row(key, at))
        row.add(passed, second)

    def take(self, now: float | None = None) -> list[Row]:
        """Give away the rows that are over by ``now``; without it, all."""
        over = [
            name
            for name, row in self._rows.items()
            if now is None or row.at + TEN <= now
        ]
        return [self._rows.pop(name) for name in over]
