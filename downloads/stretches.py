"""Stretches: bursts with those silences bridged that large requests fill. Pure.

A request is stamped at its end, so a large GET at work looks like a silence. Bytes
that end a silence and fill it at the download's own pace say that it was none. All is
told from joined bursts, in time linear in their number. Sizes are bytes, times
seconds, paces bytes per second.
"""

from collections.abc import Iterable
from itertools import pairwise
from math import inf

from downloads.bursts import Burst

FEW_REQUESTS = 5
"""So many or fewer, over a second apart, say too little about the time they took."""
POLLING = 100_000
"""Mean bytes below which scattered requests are polling, not one slow download."""
LARGE_REQUEST = 8_000_000
"""Mean bytes from which a silence before requests may be their own time."""
FILLED = 0.4
"""A silence is none if what ends it fills this much of it. A pause among small
requests is filled by at most one second's bytes in over ten; requests side by side end
irregularly (tuned by simulation: more misses those, less misses pauses)."""
STEADY = 1.3
"""Large GETs one after the other, or in step, fill silences evenly: within this."""


def stretches(bursts: list[Burst]) -> list[list[Burst]]:
    """Split joined bursts, in order of time, at their pauses.

    The pace against which a silence is held is that of dense bursts, if most bytes are
    theirs; else that of steady large requests; else that of everything, which grows as
    pauses are taken out of it.
    """
    if len(bursts) < 2:
        return [bursts] if bursts else []
    if mostly_dense(bursts):
        dense = pace_of(measured([burst]) for burst in bursts if _dense(burst))
        return _split(bursts, FILLED * (dense or inf))
    if steady := _steady_pace(bursts):
        return _split(bursts, steady)
    parts = [bursts]
    for _ in range(4):
        pace = pace_of(_after_first(part) for part in parts) or 0
        parts, before = _split(bursts, FILLED * pace), parts
        if len(parts) == len(before):
            break
    return parts


def measured(stretch: list[Burst]) -> tuple[int, int]:
    """Bytes, and the seconds in which they moved; (0, 0) where that can't be told.

    Whole seconds only, as those at the edges are of unknown length.
    """
    if _steady_pace(stretch):
        return _after_first(stretch)
    seconds = stretch[-1].last - stretch[0].first
    requests = sum(burst.requests for burst in stretch)
    if seconds < 2 or (requests <= FEW_REQUESTS and requests <= seconds):
        return 0, 0
    if polling(stretch):
        return 0, 0
    edges = stretch[0].bytes_in_first_second + stretch[-1].bytes_in_last_second
    return bytes_of(stretch) - edges, seconds - 1


def pace_of(parts: Iterable[tuple[int, int]]) -> float | None:
    known = list(parts)
    size = sum(part[0] for part in known)
    seconds = sum(part[1] for part in known)
    return size / seconds if size > 0 and seconds > 0 else None


def bytes_of(bursts: Iterable[Burst]) -> int:
    return sum(burst.total_bytes for burst in bursts)


def mostly_dense(bursts: Iterable[Burst]) -> bool:
    """Whether most bytes came while requests ended in most seconds."""
    size = sum((1 if _dense(b) else -1) * b.total_bytes for b in bursts)
    return size > 0


def polling(bursts: list[Burst]) -> bool:
    """Whether these are small requests now and then: no one knows what they took."""
    requests = sum(burst.requests for burst in bursts)
    seconds = sum(burst.last - burst.first + 1 for burst in bursts)
    return requests <= seconds and bytes_of(bursts) < POLLING * requests


def _dense(burst: Burst) -> bool:
    return burst.requests > max(FEW_REQUESTS, burst.last - burst.first)


def _after_first(stretch: list[Burst]) -> tuple[int, int]:
    """Bytes after the first second, and the seconds since: exact where nothing else
    was under way in that second."""
    seconds = stretch[-1].last - stretch[0].first
    return bytes_of(stretch) - stretch[0].bytes_in_first_second, seconds


def _split(bursts: list[Burst], least: float) -> list[list[Burst]]:
    """Cut at each silence that was filled at a pace under ``least``."""
    parts = [bursts[:1]]
    for before, after in pairwise(bursts):
        if _large(after) and _pace(before, after) >= least:
            parts[-1].append(after)
        else:
            parts.append([after])
    return parts


def _large(burst: Burst) -> bool:
    """Whether it begins with a large request, small ones behind it or not."""
    if _dense(burst):
        return burst.bytes_in_first_second >= LARGE_REQUEST
    return burst.total_bytes >= LARGE_REQUEST * burst.requests


def _pace(before: Burst, after: Burst) -> float:
    """At what pace the silence between two bursts was filled.

    By all of a scattered burst no longer than it: what starts together ends together.
    """
    silence = after.first - before.last
    length = after.last - after.first
    if length <= silence and not _dense(after):
        return after.total_bytes / (silence + length)
    return after.bytes_in_first_second / silence


def _steady_pace(bursts: list[Burst]) -> float | None:
    """The least pace of large GETs one after the other, or in step: more than half of
    the silences are filled as the fastest is. None if they are not such."""
    if any(burst.first != burst.last for burst in bursts):
        return None
    paces = [_pace(before, after) for before, after in pairwise(bursts)]
    least = max(paces, default=0) / STEADY
    steady = sum(pace >= least for pace in paces)
    return least if steady >= 3 and 2 * steady > len(paces) else None
