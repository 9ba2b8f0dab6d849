"""Years, months, days and hours of the local time that pages show. Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple

LEVELS = ("year", "month", "day", "hour")
# A clock that was wrong once must not list a thousand years.
MOST_YEARS = 20


class Period(NamedTuple):
    """One calendar unit; ``start`` is local and naive."""

    level: str
    start: datetime

    @property
    def end(self) -> datetime:
        """When the next one starts."""
        start = self.start
        match self.level:
            case "year":
                return start.replace(year=start.year + 1)
            case "month":
                return (start + timedelta(days=31)).replace(day=1)
            case "day":
                return start + timedelta(days=1)
            case _:
                return start + timedelta(hours=1)


def _of(level: str, moment: datetime) -> Period:
    start = moment.replace(minute=0, second=0, microsecond=0)
    if level != "hour":
        start = start.replace(hour=0)
    if level in ("year", "month"):
        start = start.replace(day=1)
    if level == "year":
        start = start.replace(month=1)
    return Period(level, start)


def path(first: datetime, last: datetime) -> list[Period]:
    """Return the periods that hold both moments, from the year inwards."""
    found = []
    for level in LEVELS:
        if _of(level, first) != _of(level, last):
            break
        found.append(_of(level, first))
    return found


def parts(level: str, first: datetime, last: datetime) -> list[Period]:
    """Return the periods of a level from the one of ``first`` to that of ``last``.

    Of years only the last twenty.
    """
    if level == "year":
        first = max(first, last.replace(year=max(1, last.year - MOST_YEARS), day=1))
    found = [_of(level, first)]
    while found[-1].end <= last:
        found.append(_of(level, found[-1].end))
    return found
