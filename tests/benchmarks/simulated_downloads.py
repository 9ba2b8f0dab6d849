"""Simulated downloads: what a LANCache would log of them, and how fast they truly were.

A client's link is a fluid shared by its connections (unequally, as TCP does), its
rate wanders from second to second, and now and then it stops. Each connection fetches
one request after another. nginx stamps a request when its last byte is handed to the
kernel: as early as the socket buffer of its connection allows.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.download_shapes import KINDS, Shape

STILL = 0.5
"""Seconds without a byte from which on nothing is said to move."""


@dataclass
class Request:
    start: float
    size: float
    stamp: float = 0.0
    end: float = 0.0


@dataclass
class Simulated:
    """``requests`` in no order; ``seconds`` are those in which bytes moved."""

    kind: str
    requests: list[Request]
    seconds: float
    total_bytes: int
    connections: int

    @property
    def bytes_per_second(self) -> float:
        return self.total_bytes / self.seconds


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


def simulations(seed: int, each: int) -> Iterator[Simulated]:
    """``each`` downloads of every kind; one seed, one set."""
    for kind in KINDS:
        rng = random.Random(f"{seed} {kind.__name__}")
        for _ in range(each):
            yield simulate(kind(rng), rng)
