"""Two access formats of the same traffic side by side: one is read. Pure.

An operator who logs twice, say cachelog and cachelog-json, must not be told twice the
traffic. Files of one format for several services are no such case.
"""

from collections.abc import Sequence
from dataclasses import dataclass

STOCK = "access.log"
# From the most telling to the least.
RICHNESS = ("A2", "A1t", "A4", "A3", "A1", "A6", "A5")


@dataclass(frozen=True)
class Series:
    """The rotations of one log; stamps in epoch seconds."""

    name: str
    format: str
    first: int
    last: int
    being_read: bool


def set_aside(series: Sequence[Series]) -> dict[str, str]:
    """Return the names of series not to be read -> the one that is read instead."""
    aside: dict[str, str] = {}
    chosen: list[Series] = []
    for one in sorted(series, key=_rank):
        rival = next((other for other in chosen if _same_traffic(one, other)), None)
        if rival:
            aside[one.name] = rival.name
        else:
            chosen.append(one)
    return aside


def _rank(one: Series) -> tuple[bool, bool, int, str]:
    richness = RICHNESS.index(one.format) if one.format in RICHNESS else len(RICHNESS)
    return (not one.being_read, one.name != STOCK, richness, one.name)


def _same_traffic(one: Series, other: Series) -> bool:
    return (
        one.format != other.format
        and one.first <= other.last
        and other.first <= one.last
    )
