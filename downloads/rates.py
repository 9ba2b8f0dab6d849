"""Rates: how fast bytes moved while they moved, from bursts and buckets alone. Pure.

A stamp is cut to its second and marks the end of a request, so the edge seconds of a
stretch are of unknown length: its rate is that of the whole seconds between. Where
stamps have no answer, or one that is rough, the requests' own times may have one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from downloads.bursts import Burst, join
from downloads.stretches import (
    FEW_REQUESTS,
    LARGE_REQUEST,
    bytes_of,
    measured,
    mostly_dense,
    pace_of,
    polling,
    stretches,
)

WHOLE_SECONDS = 2
"""The least that a rate from stamps stands for: a single second reads 1.26 times the
truth in the median, 3 times at worst."""
UNSENT = 2_500_000
"""Bytes that socket buffers hold of a connection when nginx calls a request done."""
CONNECTIONS = 8
"""How many connections with such buffers a download is reckoned to have."""
UNSENT_SHARE = 0.2
"""Times are believed while buffers can hold at most this share of the bytes."""
ONE_KIND = 0.9
"""The share of hits (or misses) from which bytes count as all of that kind."""


class Basis(StrEnum):
    """How a rate was got, or why there is none; as ``Download.basis`` stores it."""

    STAMPS = "stamps"
    TIMED = "timed"
    TOO_SHORT = "too_short"
    TOO_FEW = "too_few"
    LONG_REQUESTS = "long_requests"
    MIXED = "mixed"
    PRUNED = "pruned"


@dataclass(frozen=True, slots=True)
class Rate:
    """``seconds`` is the time that the rate stands for; both null where unknown."""

    bytes_per_second: float | None
    seconds: float | None
    basis: Basis


@dataclass(frozen=True, slots=True)
class PureBuckets:
    """Sums over the 10 s buckets wholly inside a burst, and the largest one's bytes.

    ``hit_*`` over those at least 90 % of whose bytes are hits: all their bytes, and 10
    seconds each; ``miss_*`` likewise. Wholly inside: first < at and at + 10 <= last.
    """

    hit_bytes: int
    hit_seconds: int
    miss_bytes: int
    miss_seconds: int
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Split:
    """``basis`` is that of the rates of hits and misses."""

    hit_bytes_per_second: float | None
    miss_bytes_per_second: float | None
    peak_bytes_per_second: float | None
    basis: Basis


def rate_of(bursts: Sequence[Burst]) -> Rate:
    """The rate of a download from its bursts: of several titles, in any order."""
    return rate_and_silences(bursts)[0]


def rate_and_silences(bursts: Sequence[Burst]) -> tuple[Rate, int, int]:
    """The same, how many pauses the download has, and their seconds together."""
    joined = join(bursts)
    parts = stretches(joined)
    gaps = [after[0].first - before[-1].last for before, after in pairwise(parts)]
    return _rate(joined, parts), len(gaps), sum(gaps)


def _rate(joined: list[Burst], parts: list[list[Burst]]) -> Rate:
    stamps = _stamped(parts)
    if stamps and mostly_dense(joined):
        return stamps
    return _timed(joined) or stamps or Rate(None, None, _why_not(joined))


def split_rates(
    rate: Rate,
    hit_bytes: int,
    miss_bytes: int,
    other_bytes: int,
    pure: PureBuckets | None,
) -> Split:
    """The rates of hits and misses, and the peak. ``pure`` is None once pruned.

    Buckets hold what ended in them: they tell no speed unless stamps do.
    """
    speed = rate.bytes_per_second
    stamps = rate.basis == Basis.STAMPS
    peak = max(speed, pure.peak_bytes / 10) if speed and pure and stamps else speed
    if speed is None:
        return Split(None, None, None, rate.basis)
    most = ONE_KIND * (hit_bytes + miss_bytes + other_bytes)
    if hit_bytes >= most:
        return Split(speed, None, peak, rate.basis)
    if miss_bytes >= most:
        return Split(None, speed, peak, rate.basis)
    if pure is None:
        return Split(None, None, peak, Basis.PRUNED)
    hit = pace_of([(pure.hit_bytes, pure.hit_seconds)]) if stamps else None
    miss = pace_of([(pure.miss_bytes, pure.miss_seconds)]) if stamps else None
    return Split(hit, miss, peak, Basis.STAMPS if hit or miss else Basis.MIXED)


def _stamped(parts: list[list[Burst]]) -> Rate | None:
    """From whole seconds, where they stand for most of the bytes."""
    told = [(part, measured(part)) for part in parts]
    known = sum(bytes_of(part) for part, (_, seconds) in told if seconds)
    seconds = sum(seconds for _, (_, seconds) in told)
    speed = pace_of(sums for _, sums in told)
    if not speed or seconds < WHOLE_SECONDS:
        return None
    if 2 * known < sum(bytes_of(part) for part in parts):
        return None
    return Rate(speed, float(seconds), Basis.STAMPS)


def _timed(bursts: list[Burst]) -> Rate | None:
    """From the first start to the last end, where buffers can't hide much of it.

    Stamps of one second (A1t) put each edge off by up to a second, but for a single
    request, whose time the log tells.
    """
    size = bytes_of(bursts)
    requests = sum(burst.requests for burst in bursts)
    milliseconds = _united_ms(bursts)
    if not milliseconds or not requests or polling(bursts):
        return None
    unsent = min(requests, CONNECTIONS) * min(size / requests, UNSENT)
    cut = requests > 1 and all((burst.last_end_ms or 0) % 1000 == 0 for burst in bursts)
    if unsent > UNSENT_SHARE * size or milliseconds < (10_000 if cut else 1_000):
        return None
    return Rate(size * 1000 / milliseconds, milliseconds / 1000, Basis.TIMED)


def _united_ms(bursts: Iterable[Burst]) -> int | None:
    """Milliseconds in the union of the bursts' times; None if one's don't tell."""
    times = []
    for burst in bursts:
        start, end = burst.first_start_ms, burst.last_end_ms
        if start is None or end is None or end < burst.last * 1000:
            return None
        # A start is only its own stamp, or of small requests, unless it is earlier.
        large = burst.total_bytes > UNSENT * burst.requests
        if start >= (burst.first + (0 if large else 1)) * 1000:
            return None
        times.append((start, end))
    total = reached = 0
    for start, end in sorted(times):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _why_not(bursts: list[Burst]) -> Basis:
    requests = sum(burst.requests for burst in bursts)
    if requests and bytes_of(bursts) >= LARGE_REQUEST * requests:
        return Basis.LONG_REQUESTS
    if requests <= FEW_REQUESTS or polling(bursts):
        return Basis.TOO_FEW
    return Basis.TOO_SHORT
