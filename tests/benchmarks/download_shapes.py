"""What simulated downloads are made of, kind by kind. Sizes are bytes, rates bytes per
second, times seconds."""

import math
import random
from dataclasses import dataclass, field

MB = 1_000_000


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
