"""Two readings of a counter to what passed between them. Pure.

Times are a monotonic clock's nanoseconds: wall clocks step. What can't be told is a
gap, never a spike and never negative.
"""

from dataclasses import dataclass

from bandwidth.sources import Counter, Disk


@dataclass(frozen=True, slots=True)
class Passed:
    """Bytes within ``ms`` milliseconds, from the interface's own point of view."""

    received: int
    transmitted: int
    ms: float

    @property
    def receive_bytes_per_second(self) -> float:
        return self.received * 1000 / self.ms

    @property
    def transmit_bytes_per_second(self) -> float:
        return self.transmitted * 1000 / self.ms


def passed(
    before: Counter, after: Counter, before_ns: int, after_ns: int
) -> Passed | None:
    """Return what passed between two readings; None if that can't be told.

    A counter that fell was set back: an interface that went and came, a container made
    anew, a machine that started again. What passed before that is not known, so that
    nothing is said of this interval at all.
    """
    known = (
        before.received, after.received, before.transmitted, after.transmitted
    )  # fmt: skip
    if None in known or after_ns <= before_ns:
        return None
    received = (after.received or 0) - (before.received or 0)
    transmitted = (after.transmitted or 0) - (before.transmitted or 0)
    if received < 0 or transmitted < 0:
        return None
    return Passed(received, transmitted, (after_ns - before_ns) / 1e6)


@dataclass(frozen=True, slots=True)
class DiskPassed:
    """What a disk did within ``ms`` milliseconds; ``busy_ms`` null if nobody counts."""

    read: int
    written: int
    busy_ms: int | None
    ms: float

    @property
    def busy_share(self) -> float | None:
        # The kernel counts in ticks of its own, and so up to one more than passed.
        return None if self.busy_ms is None else min(1.0, self.busy_ms / self.ms)

    @property
    def read_bytes_per_second(self) -> float:
        return self.read * 1000 / self.ms

    @property
    def written_bytes_per_second(self) -> float:
        return self.written * 1000 / self.ms


def disk_passed(
    before: Disk, after: Disk, before_ns: int, after_ns: int
) -> DiskPassed | None:
    """Return what a disk did between two readings; None if that can't be told."""
    read = _grown(before.read, after.read)
    written = _grown(before.written, after.written)
    busy = _grown(before.busy_ms, after.busy_ms)
    set_back = busy is None and None not in (before.busy_ms, after.busy_ms)
    if read is None or written is None or set_back or after_ns <= before_ns:
        return None
    return DiskPassed(read, written, busy, (after_ns - before_ns) / 1e6)


def _grown(before: int | None, after: int | None) -> int | None:
    """Return by how much a counter has grown; None if it fell, or is not known."""
    if before is None or after is None or after < before:
        return None
    return after - before
