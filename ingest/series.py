"""Two access formats of the same traffic side by side: one is read. Pure.

An operator who logs twice, say cachelog and cachelog-json, must not be told twice the
traffic. Files of one format for several services are no such case. Nor is a change
from one format to the other: requests that were running still end in the old log, for
some minutes in which both grow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

STOCK = "access.log"
# From the most telling to the least.
RICHNESS = ("A2", "A1t", "A4", "A3", "A1", "A6", "A5")


@dataclass(frozen=True)
class Series:
    """The rotations of one log; stamps in epoch seconds, both inclusive.

    ``format``: the ids of its formats, "A1, A1t" where it has several.
    """

    name: str
    format: str
    first: int
    last: int
    being_read: bool


def set_aside(series: Sequence[Series], preferred: str = "") -> dict[str, str]:
    """Return the names of series not to be read -> the one that is read instead.

    Kept is the ``preferred`` one, else what is being read, else the stock log, else
    the most telling format. A series whose format is not known yet is no rival of any.
    """
    aside: dict[str, str] = {}
    chosen: list[Series] = []
    for one in sorted(series, key=lambda one: (one.name != preferred, _rank(one))):
        rival = next((other for other in chosen if _same_traffic(one, other)), None)
        if rival:
            aside[one.name] = rival.name
        else:
            chosen.append(one)
    return aside


def _formats(one: Series) -> set[str]:
    return {name for name in one.format.split(", ") if name}


def _rank(one: Series) -> tuple[bool, bool, int, str]:
    richness = min(
        (RICHNESS.index(name) for name in _formats(one) if name in RICHNESS),
        default=len(RICHNESS),
    )
    return (not one.being_read, one.name != STOCK, richness, one.name)


def _same_traffic(one: Series, other: Series) -> bool:
    """Whether they are told apart by format only: most of the shorter is in both."""
    if not _formats(one) or not _formats(other) or _formats(one) & _formats(other):
        return False
    shared = min(one.last, other.last) - max(one.first, other.first) + 1
    shorter = min(one.last - one.first, other.last - other.first) + 1
    return shared * 2 >= shorter
