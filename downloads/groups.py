"""Bursts to groups, each of which is a download: those of one game and client, with
silences of at most five minutes between. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from downloads import bursts

LONGEST_SILENCE = 300

# (datasource, client, service, game): whose bursts may become one download.
Key = tuple[int, int, str, str]


class Stored(NamedTuple):
    """A burst's row: its facts, and what it belongs to."""

    pk: int
    key: Key
    title_id: int
    raw: str
    download_id: int | None
    grouped: bool
    facts: bursts.Burst


class Before(NamedTuple):
    """What a download was: enough to tell what has changed of it."""

    pk: int
    datasource_id: int
    client_id: int
    service: str
    title_id: int
    started_at: datetime
    ended_at: datetime
    basis: str


@dataclass
class Group:
    """The bursts of one download-to-be."""

    key: Key
    members: list[Stored] = field(default_factory=list)
    download_id: int | None = None

    @cached_property
    def joined(self) -> list[bursts.Burst]:
        """Its bursts with those of several depots at once made one."""
        return bursts.join(stored.facts for stored in self.members)

    def settled(self, sizes: Counter[int | None]) -> bool:
        """Nothing in it has changed; ``sizes``: how many bursts each download had."""
        ids = {stored.download_id for stored in self.members}
        return (
            ids == {self.download_id}
            and all(stored.grouped for stored in self.members)
            and sizes[self.download_id] == len(self.members)
        )


def game(name: str, raw: str) -> str:
    # A name can't be taken for a raw title: no raw one begins with a newline.
    return f"\n{name}" if name else raw


def grouped(stored: Iterable[Stored]) -> list[Group]:
    groups: list[Group] = []
    last = 0
    for burst in sorted(stored, key=lambda s: (s.key, s.facts.first, s.pk)):
        near = burst.facts.first - last <= LONGEST_SILENCE
        if groups and groups[-1].key == burst.key and near:
            groups[-1].members.append(burst)
            last = max(last, burst.facts.last)
        else:
            groups.append(Group(burst.key, [burst]))
            last = burst.facts.last
    return groups


def assigned(groups: list[Group]) -> list[Group]:
    """Give each group the oldest id among its bursts; an id goes to one group."""
    taken: set[int] = set()
    for group in sorted(groups, key=lambda g: g.members[0].facts.first):
        ids = {s.download_id for s in group.members if s.download_id is not None}
        group.download_id = min(ids - taken, default=None)
        if group.download_id is not None:
            taken.add(group.download_id)
    return groups
