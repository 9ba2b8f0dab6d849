"""One slice of one log file: hand it to recording, and move the cursor.

All of it in ONE transaction that ends with a conditional UPDATE of the cursor. Whoever
comes second finds the cursor moved, and rolls back: rows and cursor agree after any
kill and with any number of workers.
"""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from downloads import counters, recording
from downloads.models import Datasource
from ingest.escaping import printable
from ingest.formats import Rejected
from ingest.models import LogFile, RejectedLine
from ingest.slices import Slice
from ingest.understanding import SAMPLES, Totals, Understood

KEPT = 500  # bytes of a rejected line


class Overtaken(Exception):
    """Another worker has read this slice, or forgets what was read."""


def record_slice(datasource: Datasource, row: LogFile, slice_: Slice) -> Totals:
    """Record a slice and move the cursor; return what it held.

    Raises Overtaken, or what the database raises; then nothing is recorded.
    """
    with transaction.atomic():
        _lock(datasource)
        _record(datasource, slice_.understood, slice_.counts)
        changed = _move(row, slice_)
    # Only now: what the database rolled back must not be believed.
    for name, value in changed.items():
        setattr(row, name, value)
    return slice_.understood.totals


def _lock(datasource: Datasource) -> None:
    """Let one worker at a time record into a datasource, and know its newest stamp.

    Two that join the same bursts at once would each leave half of them. What is
    recorded while facts are forgotten would be forgotten in part. Raises Overtaken.
    """
    rows = Datasource.objects.select_for_update(no_key=True).filter(pk=datasource.pk)
    found = rows.values_list("newest_stamp", "forgetting").first()
    if found is None or found[1]:
        raise Overtaken(datasource.name)
    datasource.newest_stamp = found[0]


def _record(datasource: Datasource, understood: Understood, counts: bool) -> None:
    if understood.seconds is not None and understood.statuses is not None:
        recording.record_requests(
            datasource, understood.seconds, understood.statuses, counts
        )
    if understood.sessions is not None:
        recording.record_sessions(datasource, understood.sessions, counts)
    if counts:
        totals = understood.totals
        counters.count_lines(
            datasource,
            {
                "request": totals.requests,
                "session": totals.sessions,
                "skipped": totals.skipped,
                "rejected": totals.rejected,
            },
        )


def _move(row: LogFile, slice_: Slice) -> dict[str, object]:
    """Move the cursor, unless somebody else has: then raise Overtaken.

    Returns what changed in ``row``.
    """
    understood, totals = slice_.understood, slice_.understood.totals
    changed: dict[str, object] = {
        "lines": row.lines + totals.lines,
        "requests": row.requests + totals.requests,
        "sessions": row.sessions + totals.sessions,
        "skipped": row.skipped + totals.skipped,
        "rejected": row.rejected + totals.rejected,
        "format": understood.format or row.format,
    }
    if slice_.live:
        changed["offset"] = slice_.end
        changed["tail_hash"] = slice_.tail_hash
        changed["counted_offset"] = max(row.counted_offset, slice_.end)
    else:
        changed["history_offset"] = slice_.end
        changed["counted_history"] = max(row.counted_history, slice_.end)
    if stamps := understood.stamps():
        changed["first_stamp"] = min(stamps[0], row.first_stamp or stamps[0])
        changed["last_stamp"] = max(stamps[1], row.last_stamp or stamps[1])
    position = row.offset if slice_.live else row.history_offset
    if position != slice_.start:
        raise Overtaken(row.path)
    moved = LogFile.objects.filter(
        pk=row.pk, offset=row.offset, history_offset=row.history_offset
    ).update(**changed)
    if not moved:
        raise Overtaken(row.path)
    _keep_rejected(row, understood.rejected)
    return changed


def _keep_rejected(row: LogFile, rejected: list[Rejected]) -> None:
    if not rejected:
        return
    now = timezone.now()
    RejectedLine.objects.bulk_create(
        RejectedLine(
            datasource_id=row.datasource_id,
            file_id=row.pk,
            path=row.path,
            position=one.position,
            reason=one.reason,
            text=printable(one.line[:KEPT].decode("utf-8", "backslashreplace")),
            seen_at=now,
        )
        for one in rejected[:SAMPLES]
    )
    kept = RejectedLine.objects.filter(datasource_id=row.datasource_id)
    oldest = kept.order_by("-pk").values_list("pk", flat=True)
    bound = oldest[settings.REJECTED_LINES_KEPT : settings.REJECTED_LINES_KEPT + 1]
    for pk in list(bound):
        kept.filter(pk__lte=pk).delete()
