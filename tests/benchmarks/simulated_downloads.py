"""Simulated downloads: what a LANCache would log of them, and how fast they truly were.

A client's link is a fluid shared by its connections (unequally, as TCP does), its
rate wanders from second to second, and now and then it stops. Each connection fetches
one request after another. nginx stamps a request when its last byte is handed to the
kernel: as early as the socket buffer of its connection allows.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

MB = 1_000_000
STILL = 0.5
"""Seconds without a byte from which on nothing is said to move; as lab's bins."""


@dataclass
class Request:
    start: float
    size: float
    stamp: float = 0.0
    end: float = 0.0


@dataclass
class Simulated:
    """``requests`` in no order; ``bytes_per_second`` of ``seconds`` in which it moved."""

    kind: str
    requests: list[Request]
    seconds: float
    total_bytes: int
    connections: int

    @property
    def bytes_per_second(self) -> float:
        return self.total_bytes / self.seconds


@dataclass
class Shape:
    """What a download is made of: sizes in bytes, rate in bytes/s, stalls (at, for)."""

    kind: str
    sizes: list[float]
    rate: float
    connections: int
    buffer: float
    latency: float
    wander: float
    stalls: list[tuple[float, float]] = field(default_factory=list)


@dataclass
class _Connection:
    weight: float
    ready: float
    request: Request | None = None
    left: float = 0.0


def simulate(shape: Shape, rng: random.Random) -> Simulated:
    """Run a download to its end, from one event to the next."""
    waiting = list(reversed(shape.sizes))
    begin = rng.uniform(1e6, 2e6)
    now = begin
    links = [
        _Connection(rng.lognormvariate(0, 0.3), now + rng.uniform(0, 2) * shape.latency)
        for _ in range(shape.connections)
    ]
    done: list[Request] = []
    capacity, until = shape.rate, now
    moving = last_moved = 0.0
    while waiting or any(link.request for link in links):
        if now >= until:
            capacity, until = _capacity(shape, now - begin, capacity, rng)
            until += begin
        _take_up(links, waiting, now)
        step = _next_event(links, capacity, until, now, bool(waiting), shape.buffer)
        if capacity and any(link.request for link in links):
            gap = now - last_moved
            moving += step + (gap if last_moved and gap < STILL else 0)
            last_moved = now + step
        _move(links, capacity, step)
        now += step
        _finish(links, done, now, shape, rng)
    size = int(sum(request.size for request in done))
    return Simulated(shape.kind, done, moving, size, shape.connections)


def _capacity(
    shape: Shape, at: float, capacity: float, rng: random.Random
) -> tuple[float, float]:
    """Bytes per second from ``at`` on, and until when (both since the beginning)."""
    for start, seconds in shape.stalls:
        if start <= at < start + seconds:
            return 0.0, start + seconds
    wandering = shape.rate * rng.lognormvariate(0, shape.wander)
    capacity = 0.7 * (capacity or shape.rate) + 0.3 * wandering
    ahead = [start for start, _ in shape.stalls if start > at]
    return capacity, min([at + 1, *ahead])


def _take_up(links: list[_Connection], waiting: list[float], now: float) -> None:
    for link in links:
        if link.request is None and waiting and link.ready <= now:
            link.left = waiting.pop()
            link.request = Request(start=now, size=link.left)


def _busy(links: list[_Connection]) -> list[tuple[_Connection, float]]:
    """Each connection that has a request, and its share of the link."""
    busy = [link for link in links if link.request]
    weights = sum(link.weight for link in busy)
    return [(link, link.weight / weights) for link in busy]


def _next_event(
    links: list[_Connection],
    capacity: float,
    until: float,
    now: float,
    waiting: bool,
    buffer: float,
) -> float:
    """Seconds to the next: a request buffered or ended, one to start, a new rate."""
    steps = [until - now]
    for link, share in _busy(links):
        if capacity:
            left = link.left - buffer if link.left > buffer else link.left
            steps.append(left / (capacity * share))
    if waiting:
        steps += [link.ready - now for link in links if link.request is None]
    return max(min(steps), 1e-6)


def _move(links: list[_Connection], capacity: float, step: float) -> None:
    for link, share in _busy(links):
        link.left -= capacity * share * step


def _finish(
    links: list[_Connection],
    done: list[Request],
    now: float,
    shape: Shape,
    rng: random.Random,
) -> None:
    for link in links:
        if link.request is None:
            continue
        if not link.request.stamp and link.left <= shape.buffer + 1:
            small = link.request.size <= shape.buffer
            link.request.stamp = link.request.start + 0.002 if small else now
        if link.left <= 1:
            link.request.end = now
            done.append(link.request)
            link.request = None
            link.ready = now + shape.latency * rng.uniform(0.5, 2)


def _sizes(rng: random.Random, count: int, mean: float, spread: float) -> list[float]:
    return [
        float(round(mean * rng.lognormvariate(-spread * spread / 2, spread)))
        for _ in range(count)
    ]


def _between(rng: random.Random, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _shape(rng: random.Random, kind: str, mean: float, seconds: float) -> Shape:
    """A download of about ``seconds`` whose requests have ``mean`` bytes."""
    connections = rng.choice([1, 2, 3, 4, 4, 6, 8, 8, 10, 16])
    rate = _between(rng, 1 * MB, 110 * MB)
    count = max(1, round(rate * seconds / mean))
    if count > 3000:
        count, rate = 3000, 3000 * mean / seconds
    return Shape(
        kind=kind,
        sizes=_sizes(rng, count, mean, rng.choice([0.0, 0.3, 0.8])),
        rate=rate,
        connections=connections,
        buffer=rng.choice([0.0, 64e3, 400e3, 2.5e6]),
        latency=_between(rng, 0.001, 0.03),
        wander=rng.choice([0.02, 0.1, 0.3]),
    )


def many_small(rng: random.Random) -> Shape:
    return _shape(rng, "many small", _between(rng, 1e5, 2e6), _between(rng, 11, 200))


def sparse(rng: random.Random) -> Shape:
    """A request ends every 1 to 6 s."""
    shape = _shape(rng, "sparse", 1 * MB, _between(rng, 15, 300))
    seconds = len(shape.sizes) / shape.rate * MB
    mean = shape.rate * _between(rng, 1, 6)
    shape.connections = rng.choice([1, 1, 2, 2, 3, 4, 6, 8])
    count = max(round(seconds * shape.rate / mean), 3 * shape.connections)
    shape.sizes = _sizes(rng, count, mean, rng.choice([0.0, 0.3]))
    return shape


def large(rng: random.Random) -> Shape:
    """Each request takes over 10 s."""
    shape = _shape(rng, "large GETs", 10 * MB, 60)
    shape.connections = rng.choice([1, 1, 2, 3, 4, 6])
    each = _between(rng, 12, 120)
    mean = max(shape.rate / shape.connections * each, 10 * MB)
    mean = min(mean, 500 * MB)
    shape.rate = mean * shape.connections / each
    count = round(_between(rng, 2, 12) * shape.connections)
    shape.sizes = _sizes(rng, count, mean, rng.choice([0.0, 0.1, 0.5]))
    return shape


def large_stalled(rng: random.Random) -> Shape:
    shape = large(rng)
    shape.kind = "large GETs, stalls"
    seconds = sum(shape.sizes) / shape.rate
    _add_stalls(shape, rng, seconds)
    return shape


def single(rng: random.Random) -> Shape:
    """One request, or one on each of a few connections."""
    shape = _shape(rng, "one to three GETs", 10 * MB, 60)
    mean = shape.rate * _between(rng, 5, 120)
    shape.sizes = _sizes(rng, rng.choice([1, 1, 2, 3]), min(mean, 500 * MB), 0.3)
    return shape


def stalls(rng: random.Random) -> Shape:
    """Pauses of 12 to 120 s, and some hiccups of 1 to 6 s."""
    seconds = _between(rng, 30, 200)
    shape = _shape(rng, "stalls", _between(rng, 1e5, 4e6), seconds)
    _add_stalls(shape, rng, seconds)
    return shape


def _add_stalls(shape: Shape, rng: random.Random, seconds: float) -> None:
    at = 0.0
    for _ in range(rng.randint(1, 4)):
        at += rng.uniform(0.1, 0.4) * seconds
        long = _between(rng, 12, 120) if rng.random() < 0.7 else rng.uniform(1, 6)
        shape.stalls.append((at, long))
        at += long


def short(rng: random.Random) -> Shape:
    return _shape(rng, "short 3-10 s", _between(rng, 1e5, 2e6), rng.uniform(3, 10))


KINDS = [many_small, sparse, large, large_stalled, single, stalls, short]


def simulations(seed: int, each: int) -> Iterator[Simulated]:
    """``each`` downloads of every kind; one seed, one set."""
    for kind in KINDS:
        rng = random.Random(f"{seed} {kind.__name__}")
        for _ in range(each):
            yield simulate(kind(rng), rng)
