"""Links sessions to downloads: the queue and the writer around ``correlating``.

The answer for a session depends on nothing but itself and the downloads that it
overlaps. So any order of arrival ends in the same links, provided that whoever
changes a download calls ``reopen`` for what changed, in the same transaction.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Max, Sum

from downloads import bulk, correlating, ranges
from downloads.clock import bucket_horizon
from downloads.correlating import Candidate, Session
from downloads.models import Download, StreamSession, TrafficBucket
from downloads.models.sessions import Unlinked
from downloads.ranges import Changed

__all__ = [
    "Changed",
    "Correlated",
    "Fetched",
    "correlate",
    "fetched_during",
    "reopen",
    "reopen_all",
    "reopen_many",
    "reopen_these",
]

BATCH = 500
STEP = 10_000
# Sessions of one key with less than this between them: their downloads come as one.
NEAR = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
BUCKET = TrafficBucket.SECONDS

Key = tuple[int, int, str]
# What is written to a session, and its primary key.
WRITTEN = ["download", "confidence", "unlinked", "correlated"]
Answer = tuple[int | None, float | None, str, bool, int]


class Correlated(NamedTuple):
    """How many sessions were answered, and how many of these are linked."""

    answered: int
    linked: int


class Fetched(NamedTuple):
    """Bytes that a client fetched through the cache."""

    hit_bytes: int
    miss_bytes: int
    other_bytes: int


def reopen(
    datasource_id: int, client_id: int, service: str, start: datetime, end: datetime
) -> int:
    """Queue the sessions around a changed range again; return how many."""
    return reopen_many([Changed(datasource_id, client_id, service, start, end)])


def reopen_many(changes: Iterable[Changed]) -> int:
    """Queue the sessions that overlap the changed ranges; return how many.

    A download that is new, gone, renamed, or whose start moved, changed in its whole
    range, old and new. Where only its end moved, the range between the old end and
    the new one is enough: a growing download costs what it grew by.
    """
    # Those already queued, too: a worker that has one of them in hand (its row is
    # locked, so this waits for it) may not have seen the change.
    touching = ranges.touching(StreamSession, changes, gap=2 * ranges.REACH)
    return reopen_these(touching)


def reopen_these(sessions: Iterable[int]) -> int:
    """Queue the sessions with these primary keys again; return how many."""
    table = StreamSession._meta.db_table
    statement = f"UPDATE {table} SET correlated = FALSE WHERE id IN"
    return bulk.execute(statement, sorted(sessions))


def reopen_all(after: int = 0, deadline: float | None = None) -> tuple[int, int | None]:
    """Queue every session again, those with primary keys above ``after``.

    In steps, so that nobody waits for a lock on a table of millions. Returns how many
    were queued, and after which key to go on: None once all are.
    """
    newest = StreamSession.objects.aggregate(newest=Max("pk"))["newest"] or 0
    reopened = 0
    while after < newest:
        if deadline is not None and time.monotonic() >= deadline:
            return reopened, after
        some = StreamSession.objects.filter(pk__gt=after, pk__lte=after + STEP)
        reopened += some.update(correlated=False)
        after += STEP
    return reopened, None


def correlate(limit: int = 5000, deadline: float | None = None) -> Correlated:
    """Answer up to ``limit`` queued sessions, newest first.

    ``deadline`` is a reading of time.monotonic(), looked at between batches.
    """
    answered = linked = 0
    ids = _queued(min(BATCH, limit))
    while ids and (deadline is None or time.monotonic() < deadline):
        answers = _correlate_batch(ids)
        answered += len(answers)
        linked += sum(download is not None for download, *_ in answers)
        # Onwards by key: what another worker has in hand can't hold this one up.
        ids = _queued(min(BATCH, limit - answered), below=ids[-1])
    return Correlated(answered, linked)


def _queued(count: int, below: int | None = None) -> list[int]:
    """Return the newest primary keys of the queue, below one if given."""
    if count <= 0:
        return []
    # SQLite, once it has seen the queue long, would rather read the whole table.
    index = "INDEXED BY session_uncorrelated" if connection.vendor == "sqlite" else ""
    older = "" if below is None else "AND id < %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {StreamSession._meta.db_table} {index}"
            f" WHERE NOT correlated {older} ORDER BY id DESC LIMIT %s",
            [count] if below is None else [below, count],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _correlate_batch(ids: list[int]) -> list[Answer]:
    with transaction.atomic():
        sessions = list(
            StreamSession.objects.filter(pk__in=ids, correlated=False)
            .order_by("pk")
            .select_for_update(skip_locked=True, no_key=True)
        )
        answers = _answers(sessions)
        touched = {
            one.pk: {one.download_id, answer[0]} - {None}
            for one, answer in zip(sessions, answers, strict=True)
        }
        # Never wait for a download's lock while holding sessions' locks: whoever
        # changes downloads waits for sessions. What is locked stays in the queue.
        held = set(
            Download.objects.filter(pk__in=set().union(*touched.values()))
            .order_by("pk")
            .select_for_update(skip_locked=True, no_key=True)
            .values_list("pk", flat=True)
        )
        answers = [one for one in answers if touched[one[-1]] <= held]
        _write_links(answers)
        _write_uploads(held)
    return answers


def _answers(sessions: list[StreamSession]) -> list[Answer]:
    reasons = {one.pk: _why_not(one) for one in sessions}
    candidates = _candidates([one for one in sessions if not reasons[one.pk]])
    answers: list[Answer] = []
    for one in sessions:
        if reason := reasons[one.pk]:
            answers.append((None, None, reason, True, one.pk))
        elif found := correlating.link(_pure(one), candidates.get(_key(one), ())):
            answers.append((found.key, found.confidence, "", True, one.pk))
        else:
            answers.append((None, None, Unlinked.NO_DOWNLOAD.value, True, one.pk))
    return answers


def _why_not(session: StreamSession) -> str:
    """Return why a session can belong to no download at all, or ''."""
    if session.status != 200 or not session.total_bytes:
        return Unlinked.NOTHING_SENT.value
    if not session.service:
        return Unlinked.NO_SERVICE.value
    if session.duration is None or session.started_at is None:
        return Unlinked.NO_DURATION.value
    return ""


def _candidates(sessions: list[StreamSession]) -> dict[Key, list[Candidate]]:
    """Return the downloads around these sessions, of each of their keys."""
    spans = [Changed(*_key(one), _start(one), one.ended_at) for one in sessions]
    touching = sorted(ranges.touching(Download, spans, gap=NEAR))
    found: dict[Key, list[Candidate]] = defaultdict(list)
    for some in bulk.chunks(touching):
        # By the raw title, which no one can rename.
        rows = Download.objects.filter(pk__in=some).values_list(
            "datasource", "client", "service",
            "pk", "started_at", "ended_at", "title__raw",
        )  # fmt: skip
        for datasource, client, service, pk, start, end, title in rows:
            one = Candidate(pk, _ms(start), _ms(end), title)
            found[datasource, client, service].append(one)
    return found


def _write_links(answers: list[Answer]) -> None:
    linked = [one for one in answers if one[0] is not None]
    bulk.update_rows(StreamSession, WRITTEN, linked)
    # Most belong to nothing: those of one reason are written at once.
    by_reason: dict[str, list[int]] = defaultdict(list)
    for download, _, reason, _, pk in answers:
        if download is None:
            by_reason[reason].append(pk)
    for reason, ids in by_reason.items():
        StreamSession.objects.filter(pk__in=ids).update(
            download=None, confidence=None, unlinked=reason, correlated=True
        )


def _write_uploads(downloads: set[int]) -> None:
    """Tell how fast the clients of these downloads sent, from their sessions."""
    spans: dict[int, list[tuple[int, int, int]]] = {one: [] for one in downloads}
    rows = StreamSession.objects.filter(
        download__in=spans, status=200, total_bytes__gt=0, duration__gt=0
    ).values_list("download", "started_at", "ended_at", "bytes_received")
    for download, start, end, size in rows:
        if start is not None:
            spans[download].append((_ms(start), _ms(end), size))
    uploads = [(correlating.upload(of_one), one) for one, of_one in spans.items()]
    bulk.update_rows(
        Download,
        ["session_seconds", "upload_bytes_per_second"],
        [(*(sent or (None, None)), one) for sent, one in uploads],
    )


def fetched_during(session: StreamSession) -> Fetched | None:
    """Return what its client fetched of its service while the session was open.

    Buckets are whole: what completed up to ten seconds before or after may be among
    it. None where no time or service is known, or buckets that old are pruned.
    """
    if not session.service or session.started_at is None:
        return None
    since = _ms(session.started_at) // 1000 // BUCKET * BUCKET
    until = _ms(session.ended_at) // 1000
    if since < bucket_horizon(session.datasource.newest_stamp):
        return None
    sums = TrafficBucket.objects.filter(
        datasource=session.datasource_id,
        client=session.client_id,
        title__service=session.service,
        at__gte=since,
        at__lte=until,
    ).aggregate(
        hit=Sum("hit_bytes", default=0),
        miss=Sum("miss_bytes", default=0),
        other=Sum("other_bytes", default=0),
    )
    return Fetched(sums["hit"], sums["miss"], sums["other"])


def _key(session: StreamSession) -> Key:
    return session.datasource_id, session.client_id, session.service


def _pure(session: StreamSession) -> Session:
    return Session(_ms(_start(session)), _ms(session.ended_at), session.host)


def _start(session: StreamSession) -> datetime:
    return session.started_at or session.ended_at


def _ms(moment: datetime) -> int:
    return (moment - EPOCH) // MILLISECOND
