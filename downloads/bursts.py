"""Bursts: unbroken stretches of completed requests, and how they join. Pure.

A burst is a fact about a set of log lines, not about how they were cut: joining the
bursts of any parts of a log, in any order, gives the bursts of the whole.
Times are epoch seconds as the log stamps them; ``*_ms`` are epoch milliseconds.
"""

from collections.abc import Iterable
from typing import NamedTuple

LONGEST_SILENCE = 10
"""Seconds between two completions, in their stamps, above which a burst ends."""


class Burst(NamedTuple):
    """Lines of one key, none more than ``LONGEST_SILENCE`` after the one before.

    A burst of one second has all its bytes in both edges.
    """

    first: int
    last: int
    hit_bytes: int
    miss_bytes: int
    other_bytes: int
    requests: int
    failed_requests: int
    bytes_in_first_second: int
    bytes_in_last_second: int
    first_start_ms: int | None = None
    last_end_ms: int | None = None

    @property
    def total_bytes(self) -> int:
        return self.hit_bytes + self.miss_bytes + self.other_bytes


FIELDS = list(Burst._fields)


def join(bursts: Iterable[Burst]) -> list[Burst]:
    """Fuse what is at most ``LONGEST_SILENCE`` apart; ordered by time."""
    joined: list[Burst] = []
    for burst in sorted(bursts, key=lambda burst: burst.first):
        if joined and burst.first - joined[-1].last <= LONGEST_SILENCE:
            joined[-1] = _fuse(joined[-1], burst)
        else:
            joined.append(burst)
    return joined


def _fuse(one: Burst, other: Burst) -> Burst:
    first = min(one.first, other.first)
    last = max(one.last, other.last)
    return Burst(
        first=first,
        last=last,
        hit_bytes=one.hit_bytes + other.hit_bytes,
        miss_bytes=one.miss_bytes + other.miss_bytes,
        other_bytes=one.other_bytes + other.other_bytes,
        requests=one.requests + other.requests,
        failed_requests=one.failed_requests + other.failed_requests,
        bytes_in_first_second=sum(
            part.bytes_in_first_second for part in (one, other) if part.first == first
        ),
        bytes_in_last_second=sum(
            part.bytes_in_last_second for part in (one, other) if part.last == last
        ),
        first_start_ms=min(
            _known(one.first_start_ms, other.first_start_ms), default=None
        ),
        last_end_ms=max(_known(one.last_end_ms, other.last_end_ms), default=None),
    )


def _known(*times: int | None) -> list[int]:
    return [time for time in times if time is not None]
