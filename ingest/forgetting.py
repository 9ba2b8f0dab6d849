"""Forgets what the logs of a datasource said, in steps that hold nobody up.

Reading of the datasource rests from the first step to the last, whatever is killed
between: `Datasource.forgetting` says so, and whoever records looks at it. Each window
of rows is a transaction of its own, which takes its locks in the order of whoever
groups, links and prunes: the datasource, downloads, then what hangs on them.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db import models, transaction
from django.db.models import Q

from downloads.models import (
    Burst,
    Counter,
    Datasource,
    Download,
    DownloadAlias,
    Logs,
    StreamSession,
    TrafficBucket,
    TrafficQuarter,
)
from ingest.models import IngestRun, LogFile, RejectedLine

WINDOW = 5000  # primary keys in one transaction
DOWNLOADS = 2000  # the same of downloads, on each of which several sessions may hang
# Seconds between two. Who waits to write to SQLite looks ten times a second whether
# they may, and would find it locked each time.
BREATH = 0.1
# Forgets what it is given: the rows of a datasource in one window.
Forget = Callable[["models.QuerySet[Any]"], None]


class Table(NamedTuple):
    """Rows to forget, a window of primary keys after the other."""

    model: type[models.Model]
    forget: Forget
    most: int = 1 << 30  # primary keys in one of its windows


class Interrupted(Exception):
    """Nothing is to be forgotten any more: another worker has done it."""


def _delete(rows: "models.QuerySet[Any]") -> None:
    rows.delete()


def _delete_downloads(rows: "models.QuerySet[Any]") -> None:
    """Their sessions are asked again what they belong to."""
    held = list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
    StreamSession.objects.filter(download__in=held).update(
        download=None, confidence=None, correlated=False
    )
    DownloadAlias.objects.filter(download__in=held).delete()
    # Not through the model: it would look for all that hangs on each of them.
    Download.objects.filter(pk__in=held)._raw_delete(rows.db)


def _clear_uploads(rows: "models.QuerySet[Any]") -> None:
    """What downloads know from their sessions only goes with them."""
    known = rows.filter(session_seconds__isnull=False).order_by("pk")
    held = list(known.select_for_update(no_key=True).values_list("pk", flat=True))
    Download.objects.filter(pk__in=held).update(
        session_seconds=None, upload_bytes_per_second=None
    )


# Bursts before downloads: grouping would make them anew.
ACCESS = (
    Table(TrafficBucket, _delete),
    Table(TrafficQuarter, _delete),
    Table(Burst, _delete),
    Table(Download, _delete_downloads, DOWNLOADS),
)
SESSIONS = Table(StreamSession, _delete)
UPLOADS = Table(Download, _clear_uploads, DOWNLOADS)
RECORD = (Table(IngestRun, _delete), Table(RejectedLine, _delete))
# Sessions first: what hangs on no download makes deleting those cheap.
TABLES = {
    Logs.BOTH: (SESSIONS, *ACCESS),
    Logs.ACCESS: ACCESS,
    Logs.STREAM: (SESSIONS, UPLOADS),
}


def tables(logs: Logs, remove: bool) -> tuple[Table, ...]:
    """Return what is forgotten of ``logs``; ``remove``: the record of reading, too."""
    return (*TABLES[logs], *(RECORD if remove else ()))


def begin(source_pk: int, logs: Logs) -> None:
    """Let reading rest. Raises Datasource.DoesNotExist."""
    with transaction.atomic():
        forgetting = _locked(source_pk)
        _mark(source_pk, _kinds(forgetting) | logs.kinds)


def total(tables: Sequence[Table]) -> int:
    """Return how many primary keys there are to go through."""
    spans = [_span(table.model) for table in tables]
    return sum(last - first + 1 for first, last in spans)


def go_on(
    source_pk: int,
    logs: Logs,
    tables: Sequence[Table],
    position: dict[str, int],
    deadline: float,
) -> bool:
    """Forget some more from ``position`` on, and move it; return whether all is done.

    It is {"table", "after", "passed"}: how many are done, the last primary key of the
    next, and how many keys were gone through. Raises Interrupted.
    """
    while position["table"] < len(tables):
        table = tables[position["table"]]
        low = _next(table.model, position["after"])
        if low is None:
            position |= {"table": position["table"] + 1, "after": 0}
            continue
        high = low + min(WINDOW, table.most) - 1
        with transaction.atomic():
            if not logs.kinds <= _kinds(_locked(source_pk)):
                raise Interrupted
            keys = {"pk__gte": low, "pk__lte": high}
            table.forget(
                table.model._default_manager.filter(datasource=source_pk, **keys)
            )
        position["passed"] += high - (position["after"] or low - 1)
        position["after"] = high
        if time.monotonic() + BREATH >= deadline:
            return False
        time.sleep(BREATH)
    return True


def finish(source_pk: int, logs: Logs, again: bool) -> None:
    """Let reading go on; ``again``: from the start of what is on disk.

    What has counted for Prometheus has counted, and is not counted again.
    """
    with transaction.atomic():
        forgetting = _locked(source_pk)
        if not forgetting:
            return
        if again:
            _reset(source_pk, logs)
        _mark(source_pk, _kinds(forgetting) - logs.kinds)


def remove(source_pk: int) -> None:
    """Delete the row of a datasource of which all else is forgotten."""
    with transaction.atomic():
        _locked(source_pk)
        LogFile.objects.filter(datasource=source_pk).delete()
        Counter.objects.filter(datasource=source_pk).delete()
        Datasource.objects.filter(pk=source_pk).delete()


def _reset(source_pk: int, logs: Logs) -> None:
    """Move all cursors to the start, where nothing is known of what was read."""
    files = LogFile.objects.filter(datasource=source_pk, kind__in=logs.kinds)
    RejectedLine.objects.filter(
        Q(file__kind__in=logs.kinds) | Q(file=None), datasource=source_pk
    ).delete()
    # Two ranges are left as they are where one of them has not wholly counted yet.
    files.filter(counted_history__gte=models.F("live_start")).update(live_start=0)
    files.update(
        offset=models.F("live_start"),
        history_offset=0,
        tail_hash="",
        finished=False,
        state=LogFile.State.READING,
        lines=0,
        requests=0,
        sessions=0,
        skipped=0,
        rejected=0,
        format="",
        first_stamp=None,
        last_stamp=None,
        note="",
    )
    if logs is Logs.BOTH:
        Datasource.objects.filter(pk=source_pk).update(newest_stamp=0)


def _locked(source_pk: int) -> str:
    """Hold the datasource for this transaction; return what of it is forgotten."""
    rows = Datasource.objects.select_for_update(no_key=True).filter(pk=source_pk)
    return str(rows.values_list("forgetting", flat=True).get())


def _kinds(forgetting: str) -> frozenset[str]:
    return Logs(forgetting).kinds if forgetting else frozenset()


def _mark(source_pk: int, kinds: frozenset[str]) -> None:
    Datasource.objects.filter(pk=source_pk).update(forgetting=Logs.of(kinds) or "")


def _next(model: type[models.Model], after: int) -> int | None:
    keys = model._default_manager.filter(pk__gt=after).order_by("pk")
    return keys.values_list("pk", flat=True).first()


def _span(model: type[models.Model]) -> tuple[int, int]:
    """Return the first and the last primary key, of whatever datasource."""
    ends = model._default_manager.aggregate(
        first=models.Min("pk"), last=models.Max("pk")
    )
    return ends["first"] or 0, ends["last"] or -1
