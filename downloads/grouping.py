"""Bursts to downloads: those of one game and client, at most five minutes apart.

A burst that recording has touched waits in a queue, ``grouped = false``. Grouping
takes it together with the downloads around it and groups all their bursts anew, so
that the result is the same in whatever order they came. It also runs again where a
title got another name.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db import connection, transaction

from downloads import absorbing, bulk, bursts, deriving, linking
from downloads.bursts import FIELDS
from downloads.groups import (
    LONGEST_SILENCE,
    Before,
    Group,
    Stored,
    assigned,
    game,
    grouped,
)
from downloads.models import Burst, Datasource, Download, Title
from downloads.ranges import Changed, touching

BATCH = 4000  # bursts in one transaction, of half a second

# Plain SQL for what is asked of thousands of rows at once: see bulk.rows.
_BURST, _TITLE = (model._meta.db_table for model in (Burst, Title))
_STORED = (
    "SELECT b.id, b.datasource_id, b.client_id, b.title_id, t.service, t.name, t.raw,"
    f" b.download_id, b.grouped, {', '.join(f'b.{name}' for name in FIELDS)}"
    f" FROM {_BURST} b JOIN {_TITLE} t ON t.id = b.title_id WHERE b.id IN"
)
_MEMBERS = f"SELECT id FROM {_BURST} WHERE download_id IN"


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
    _hold(around)
    stored = {s.pk: s for s in _bursts_of(around.keys(), queued)}
    groups = assigned(grouped(stored.values()))
    sizes = Counter(s.download_id for s in stored.values())
    changed = [group for group in groups if not group.settled(sizes)]
    unchanged = {g.download_id for g in groups if g.settled(sizes)}
    _write(changed, around, unchanged)
    return len(changed)


def _downloads_around(queued: list[Stored]) -> dict[int, Before]:
    """Return the downloads that a queued burst is of, could join, or join to each
    other, by key."""
    games = {stored.key[2:] for stored in queued}
    own = {s.download_id for s in queued if s.download_id is not None}
    near = touching(Download, _spans(queued), gap=timedelta(0))
    rows = Download.objects.order_by()
    return {
        row[0]: Before(*row)
        for some in bulk.chunks(sorted(own | near))
        for *row, name, raw in rows.filter(pk__in=some).values_list(
            *Before._fields, "title__name", "title__raw"
        )
        # Those of other games, of which a client may have thousands, stay as they are.
        if row[0] in own or (row[3], game(name, raw)) in games
    }


def _hold(downloads: Iterable[int]) -> None:
    """Let whoever links a session to one of these wait, or go first."""
    if connection.features.has_select_for_update:
        rows = Download.objects.select_for_update().order_by("pk").values_list("pk")
        for some in bulk.chunks(sorted(downloads)):
            list(rows.filter(pk__in=some))


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


def _bursts_of(downloads: Iterable[int], queued: list[Stored]) -> Iterator[Stored]:
    yield from queued
    known = {stored.pk for stored in queued}
    members = {pk for (pk,) in bulk.rows(_MEMBERS, sorted(downloads))}
    yield from _stored(sorted(members - known))


def _write(
    groups: list[Group], before: dict[int, Before], settled: set[int | None]
) -> None:
    downloads = deriving.derived(groups, before)
    pairs = list(zip(groups, downloads, strict=True))
    changes = []
    for group, download in pairs:
        changes += _changes(group, before.get(group.download_id or 0), download)
    deriving.save(downloads, before)
    rows = [
        (download.pk, True, stored.pk)
        for group, download in pairs
        for stored in group.members
        if not stored.grouped or stored.download_id != download.pk
    ]
    bulk.update_rows(Burst, ["download", "grouped"], rows)
    kept = {download.pk for download in downloads} | settled
    gone = [before[pk] for pk in sorted(before.keys() - kept)]
    absorbing.absorb(gone, groups, downloads)
    linking.reopen_many([*changes, *map(_whole, gone)])


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


def _whole(one: Download | Before) -> Changed:
    key = one.datasource_id, one.client_id, one.service
    return Changed(*key, one.started_at, one.ended_at)
