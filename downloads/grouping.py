"""Bursts to downloads: those of one game and client, at most five minutes apart.

A burst that recording has touched waits in a queue, ``grouped = false``. Grouping
takes it together with the downloads around it and groups all their bursts anew, so
that the result is the same in whatever order they came. It also runs again where a
title got another name.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from bandwidth import links
from downloads import bulk, bursts, linking, rates, traffic
from downloads.bursts import FIELDS
from downloads.models import (
    Burst,
    Datasource,
    Download,
    DownloadAlias,
    StreamSession,
    Title,
)
from downloads.ranges import Changed, touching

LONGEST_SILENCE = 300
BATCH = 4000  # bursts in one transaction, of half a second
DERIVED = [
    "title_id", "started_at", "ended_at", "requests", "failed_requests", "hit_bytes",
    "miss_bytes", "other_bytes", "total_bytes", "silences", "silence_seconds",
    "bytes_per_second", "hit_bytes_per_second", "miss_bytes_per_second",
    "peak_bytes_per_second", "basis", "split_basis", "implausible",
]  # fmt: skip

# Plain SQL for what is asked of thousands of rows at once: see bulk.rows.
_DOWNLOAD, _BURST, _TITLE, _SESSION, _ALIAS = (
    model._meta.db_table
    for model in (Download, Burst, Title, StreamSession, DownloadAlias)
)
_STORED = (
    "SELECT b.id, b.datasource_id, b.client_id, b.title_id, t.service, t.name, t.raw,"
    f" b.download_id, b.grouped, {', '.join(f'b.{name}' for name in FIELDS)}"
    f" FROM {_BURST} b JOIN {_TITLE} t ON t.id = b.title_id WHERE b.id IN"
)
_GAMES = (
    f"SELECT d.id, d.service, t.name, t.raw FROM {_DOWNLOAD} d"
    f" JOIN {_TITLE} t ON t.id = d.title_id WHERE d.id IN"
)
_MEMBERS = f"SELECT id FROM {_BURST} WHERE download_id IN"
_ALIASES = f"SELECT id, download_id FROM {_ALIAS} WHERE download_id IN"
_FORGET = (
    f"UPDATE {_SESSION} SET download_id = NULL WHERE download_id IN",
    f"DELETE FROM {_ALIAS} WHERE download_id IN",
    f"DELETE FROM {_DOWNLOAD} WHERE id IN",
)

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


def group(deadline: float | None = None) -> int:
    """Group what is queued; return how many downloads were made or changed.

    ``deadline`` is a reading of time.monotonic(), looked at after each batch.
    """
    changed = 0
    queue = Burst.objects.filter(grouped=False).order_by("pk")
    while queue.exists():  # without waiting for anyone who writes
        with transaction.atomic():
            lock()
            if queued := list(queue.values_list("pk", flat=True)[:BATCH]):
                changed += _group(list(_stored(queued)))
        if deadline is not None and time.monotonic() >= deadline:
            break
    return changed


def lock() -> None:
    """Let nobody else group, or record what is being grouped, in this transaction.

    Recording locks its datasource, too: a burst that it changes between our reading
    and our writing would leave the queue with its change unseen.
    """
    rows = Datasource.objects.select_for_update(no_key=True).order_by("pk")
    list(rows.values_list("pk"))


def regroup_titles(titles: Iterable[Title | int]) -> None:
    """Queue all bursts of titles that were renamed in this transaction.

    Whoever groups them now knows their old names, and would take them off the queue.
    """
    lock()
    for some in bulk.chunks(list(titles)):
        Burst.objects.filter(title__in=some).update(grouped=False)


def _stored(keys: Iterable[int]) -> Iterator[Stored]:
    for (
        pk,
        source,
        client,
        title,
        service,
        name,
        raw,
        download,
        done,
        *facts,
    ) in bulk.rows(_STORED, keys):
        key = (source, client, service, game(name, raw))
        yield Stored(pk, key, title, raw, download, bool(done), bursts.Burst(*facts))


def _group(queued: list[Stored]) -> int:
    around = _downloads_around(queued)
    around |= {s.download_id for s in queued if s.download_id is not None}
    stored = {s.pk: s for s in _bursts_of(around, queued)}
    groups = _assigned(_grouped(stored.values()))
    sizes = Counter(s.download_id for s in stored.values())
    changed = [group for group in groups if not group.settled(sizes)]
    unchanged = {g.download_id for g in groups if g.settled(sizes)}
    _write(changed, around, unchanged)
    return len(changed)


def _downloads_around(queued: list[Stored]) -> set[int]:
    """Return the downloads that a queued burst could join, or join to each other."""
    games = {stored.key[2:] for stored in queued}
    near = sorted(touching(Download, _spans(queued), gap=timedelta(0)))
    # Those of other games, of which a client may have thousands, stay as they are.
    return {
        pk
        for pk, service, name, raw in bulk.rows(_GAMES, near)
        if (service, game(name, raw)) in games
    }


def _spans(queued: list[Stored]) -> list[Changed]:
    """Return the times in which a download may be near; what overlaps is one."""
    reach = LONGEST_SILENCE + 1
    spans: list[tuple[tuple[int, int, str], int, int]] = []
    for key, first, last in sorted(
        (s.key[:3], s.facts.first, s.facts.last) for s in queued
    ):
        if spans and spans[-1][0] == key and first - spans[-1][2] <= 2 * reach:
            _, low, high = spans.pop()
            spans.append((key, low, max(high, last)))
        else:
            spans.append((key, first, last))
    return [
        Changed(*key, bulk.moment(low - reach), bulk.moment(high + reach))
        for key, low, high in spans
    ]


def game(name: str, raw: str) -> str:
    # A name can't be taken for a raw title: no raw one begins with a newline.
    return f"\n{name}" if name else raw


def _bursts_of(downloads: set[int], queued: list[Stored]) -> Iterator[Stored]:
    yield from queued
    known = {stored.pk for stored in queued}
    members = {pk for (pk,) in bulk.rows(_MEMBERS, sorted(downloads))}
    yield from _stored(sorted(members - known))


def _grouped(stored: Iterable[Stored]) -> list[Group]:
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


def _assigned(groups: list[Group]) -> list[Group]:
    """Give each group the oldest id among its bursts; an id goes to one group."""
    taken: set[int] = set()
    for group in sorted(groups, key=lambda g: g.members[0].facts.first):
        ids = {s.download_id for s in group.members if s.download_id is not None}
        group.download_id = min(ids - taken, default=None)
        if group.download_id is not None:
            taken.add(group.download_id)
    return groups


def _write(groups: list[Group], around: set[int], settled: set[int | None]) -> None:
    # Whoever links a session to one of these waits for them, or takes others first.
    before = {
        row[0]: Before(*row)
        for some in bulk.chunks(sorted(around))
        for row in Download.objects.select_for_update()
        .filter(pk__in=some)
        .order_by("pk")
        .values_list(*Before._fields)
    }
    derived = _derived(groups, before)
    changes = []
    for group, download in zip(groups, derived, strict=True):
        changes += _changes(group, before.get(group.download_id or 0), download)
    Download.objects.bulk_create([d for d in derived if d.pk is None])
    bulk.update(Download, DERIVED, [d for d in derived if d.pk in before])
    rows = [
        (download.pk, True, stored.pk)
        for group, download in zip(groups, derived, strict=True)
        for stored in group.members
        if not stored.grouped or stored.download_id != download.pk
    ]
    bulk.update_rows(Burst, ["download", "grouped"], rows)
    kept = {d.pk for d in derived} | settled
    changes += _absorb([before[pk] for pk in sorted(around - kept)], groups, derived)
    linking.reopen_many(changes)


def _derived(groups: list[Group], before: dict[int, Before]) -> list[Download]:
    pure = traffic.pure_buckets(
        [
            [
                (s.key[0], s.key[1], s.title_id, burst.first, burst.last)
                for burst in group.joined
                for s in {m.title_id: m for m in group.members}.values()
            ]
            for group in groups
        ]
    )
    limit = links.bytes_per_second(settings.LANCACHE_INTERFACE)
    return [
        _download(group, figures, before.get(group.download_id or 0), limit)
        for group, figures in zip(groups, pure, strict=True)
    ]


def _download(
    group: Group,
    pure: rates.PureBuckets | None,
    before: Before | None,
    limit: int | None,
) -> Download:
    """Return the row that ``group`` becomes; its links are not its own to write."""
    joined = group.joined
    source, client, service, _game = group.key
    starts = [b.first_start_ms / 1000 for b in joined if b.first_start_ms is not None]
    ends = [b.last_end_ms / 1000 for b in joined if b.last_end_ms is not None]
    hit = sum(burst.hit_bytes for burst in joined)
    miss = sum(burst.miss_bytes for burst in joined)
    other = sum(burst.other_bytes for burst in joined)
    rate, pauses, paused = rates.rate_and_silences(joined)
    split = rates.split_rates(rate, hit, miss, other, pure)
    peak = split.peak_bytes_per_second
    speed = rate.bytes_per_second
    implausible = limit is not None and max(speed or 0, peak or 0) > limit
    if implausible:
        peak = None
    return Download(
        pk=before.pk if before else None,
        datasource_id=source,
        client_id=client,
        service=service,
        title_id=min((s.raw, s.title_id) for s in group.members)[1],
        started_at=bulk.moment(min([joined[0].first, *starts])),
        ended_at=bulk.moment(max([joined[-1].last, *ends])),
        requests=sum(burst.requests for burst in joined),
        failed_requests=sum(burst.failed_requests for burst in joined),
        hit_bytes=hit,
        miss_bytes=miss,
        other_bytes=other,
        total_bytes=hit + miss + other,
        silences=pauses,
        silence_seconds=paused,
        bytes_per_second=speed,
        hit_bytes_per_second=split.hit_bytes_per_second,
        miss_bytes_per_second=split.miss_bytes_per_second,
        peak_bytes_per_second=peak,
        basis=rate.basis.value,
        split_basis=split.basis.value,
        implausible=implausible,
    )


def _changes(group: Group, before: Before | None, after: Download) -> list[Changed]:
    """Return the ranges in which sessions have to be asked again."""
    if before is None:
        return [_whole(after)]
    if before.started_at != after.started_at or before.title_id != after.title_id:
        return [_whole(after), _whole(before)]
    if before.ended_at == after.ended_at:
        return []
    ends = sorted([before.ended_at, after.ended_at])
    return [Changed(*group.key[:3], *ends)]


def _absorb(
    gone: list[Before], groups: list[Group], derived: list[Download]
) -> list[Changed]:
    """Delete downloads whose bursts went to others; their ids lead there."""
    heir = {
        stored.download_id: download.pk
        for group, download in zip(groups, derived, strict=True)
        for stored in group.members
    }
    heirs = {old.pk: heir.get(old.pk) or _covering(old, derived) for old in gone}
    _redirect({pk: to for pk, to in heirs.items() if to is not None})
    # Their bursts are others' by now.
    for statement in _FORGET:
        bulk.execute(statement, heirs)
    return [_whole(old) for old in gone]


def _redirect(heirs: dict[int, int]) -> None:
    """Let the ids that are keys, and those that led to them, lead to the values."""
    moved = [(heirs[to], pk) for pk, to in bulk.rows(_ALIASES, heirs)]
    bulk.update_rows(DownloadAlias, ["download"], moved)
    bulk.insert(DownloadAlias, ["id", "download"], list(heirs.items()))


def _whole(one: Download | Before) -> Changed:
    key = one.datasource_id, one.client_id, one.service
    return Changed(*key, one.started_at, one.ended_at)


def _covering(old: Before, derived: list[Download]) -> int | None:
    """Return the download in whose time ``old`` was: its bursts were joined there."""
    for new in derived:
        if (
            new.client_id == old.client_id
            and new.service == old.service
            and new.started_at <= old.ended_at
            and new.ended_at >= old.started_at
        ):
            return int(new.pk)
    return None
