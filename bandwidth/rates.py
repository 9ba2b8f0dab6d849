"""Two readings of a counter to what passed between them. Pure.

Times are a monotonic clock's nanoseconds: wall clocks step. What can't be told is a
gap, never a spike and never negative.
"""

from dataclasses import dataclass

from bandwidth.sources import Counter


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
