"""What interfaces carried over an hour, a day, a week or a month, as lines of a chart.

A point is the mean of its step, from bytes and the time that they stand for, beside the
fastest reading in it. Where nothing was read, there is no point: None, never 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import F, Max, Sum

from bandwidth.models import BandwidthPeak, BandwidthSample, BandwidthSource

Direction = BandwidthSource.Direction
Rates = list[int | None]  # bytes per second


class Range(NamedTuple):
    """``row``: the length of the rows it is made of. All are seconds."""

    row: int
    step: int
    span: int

    def start(self, now: float) -> int:
        """Return the first second of the steps that end with the one of ``now``."""
        return int(now) // self.step * self.step + self.step - self.span


DAY = 86400
RANGES = {
    "hour": Range(BandwidthSample.TEN_SECONDS, 10, 3600),
    "day": Range(BandwidthSample.MINUTE, 180, DAY),
    "week": Range(BandwidthSample.MINUTE, 1200, 7 * DAY),
    "month": Range(BandwidthSample.MINUTE, 7200, 30 * DAY),
}


class Step(NamedTuple):
    """The sums of one interface's rows in one step; ``point`` counts from 0."""

    source: int
    interface: str
    point: int
    received_bytes: int
    transmitted_bytes: int
    covered_ms: int
    receive_max: float
    transmit_max: float


class Moment(NamedTuple):
    """The fastest reading of an hour, and its second."""

    source: int
    interface: str
    direction: str
    bytes_per_second: float
    at: int


class Peak(NamedTuple):
    """The fastest reading of a line. Exact to the second, else ``at`` is its step's."""

    at: int
    bytes_per_second: int
    is_exact: bool


@dataclass
class Way:
    """One direction of an interface: a mean and a maximum for each step."""

    mean: Rates
    most: Rates
    peak: Peak | None = None


@dataclass
class Line:
    source: int
    interface: str
    ways: dict[str, Way] = field(default_factory=dict)  # by direction


def lines(
    steps: Iterable[Step], moments: Iterable[Moment], start: int, over: Range
) -> list[Line]:
    """Return a line for each interface, in order of their names. Pure."""
    count = over.span // over.step
    found: dict[tuple[int, str], Line] = {}
    for one in steps:
        key = (one.source, one.interface)
        if key not in found:
            ways = {way.value: Way([None] * count, [None] * count) for way in Direction}
            found[key] = Line(*key, ways)
        if not one.covered_ms:
            continue
        for direction, sent, most in (
            (Direction.RECEIVE, one.received_bytes, one.receive_max),
            (Direction.TRANSMIT, one.transmitted_bytes, one.transmit_max),
        ):
            drawn = found[key].ways[direction.value]
            drawn.mean[one.point] = round(sent * 1000 / one.covered_ms)
            drawn.most[one.point] = round(most)
    known: dict[tuple[int, str, str], list[Moment]] = {}
    for moment in moments:
        known.setdefault(moment[:3], []).append(moment)
    for line in found.values():
        for name, way in line.ways.items():
            its = known.get((line.source, line.interface, name), [])
            way.peak = _peak(way.most, its, start, over.step)
    return sorted(found.values(), key=lambda line: (line.source, line.interface))


def _peak(most: Rates, moments: list[Moment], start: int, step: int) -> Peak | None:
    speed, point = max(
        ((speed, -point) for point, speed in enumerate(most) if speed), default=(0, 0)
    )
    if not speed:
        return None
    at = start - point * step
    for moment in moments:
        if at <= moment.at < at + step and round(moment.bytes_per_second) == speed:
            return Peak(moment.at, speed, True)
    return Peak(at, speed, False)


def history(over: Range, now: float) -> tuple[int, list[Line]]:
    """Return the first second of a range that ends now, and its lines."""
    start = over.start(now)
    steps = (
        BandwidthSample.objects.filter(
            seconds=over.row, at__gte=start, at__lt=start + over.span
        )
        .values_list("source_id", "interface", (F("at") - start) / over.step)
        .annotate(
            Sum("received_bytes"), Sum("transmitted_bytes"), Sum("covered_ms"),
            Max("receive_max"), Max("transmit_max"),
        )
        .order_by()
    )  # fmt: skip
    peaks = BandwidthPeak.objects.filter(
        at__gt=start - BandwidthPeak.HOUR, at__lt=start + over.span
    ).values_list(
        "source_id", "interface", "direction", "bytes_per_second", "peaked_at"
    )
    return start, lines(map(Step._make, steps), map(Moment._make, peaks), start, over)
