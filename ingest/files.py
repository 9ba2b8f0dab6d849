"""The files of a datasource, matched with what is known of them.

Everything here is looked at once a second, so what a quiet directory costs is one look
at names and sizes.
"""

from pathlib import Path

from django.db import transaction
from django.utils import timezone

from downloads.models import Datasource, Logs
from ingest import aside, discovery, identity, starting
from ingest.discovery import Found
from ingest.identity import Assignment, Outcome, opened
from ingest.models import LogFile
from ingest.reader import LineReader
from ingest.readings import Reading, Survey

# By datasource and row. A compressed file is unpacked once, not anew for each slice.
_readers: dict[tuple[int, int], LineReader] = {}
_seen: dict[int, object] = {}


class Raced(Exception):
    """Another worker has made rows for the same files."""


def survey(
    datasource: Datasource,
    fresh_first: bool = True,
    only: Path | None = None,
    kinds: frozenset[str] = Logs.BOTH.kinds,
) -> Survey:
    """Look through the directory of ``datasource``. Raises DirectoryProblem.

    Rows are made for new files and brought up to date for known ones. Only those of
    ``kinds`` are to be read.
    """
    signature = _signature(datasource, only, kinds)
    if _seen.get(datasource.pk) == signature:
        return Survey(idle=True)
    directory = Path(datasource.log_directory)
    while True:
        try:
            result = _survey(datasource, directory, fresh_first, only)
            result.readings = [r for r in result.readings if r.row.kind in kinds]
            break
        except Raced:
            continue
    _seen[datasource.pk] = signature
    return result


def has_changed(datasource: Datasource) -> bool:
    """Tell whether the next survey has something to look at: names and sizes only."""
    kinds = Logs(datasource.reads).kinds
    try:
        return _seen.get(datasource.pk) != _signature(datasource, None, kinds)
    except discovery.DirectoryProblem:
        return False  # surveys tell of it, and once a second is enough


def _signature(
    datasource: Datasource, only: Path | None, kinds: frozenset[str]
) -> object:
    how = (only, kinds, datasource.history_days, datasource.preferred_series)
    return discovery.signature(Path(datasource.log_directory)), how


def _survey(
    datasource: Datasource, directory: Path, fresh_first: bool, only: Path | None
) -> Survey:
    found = discovery.discover(directory)
    rows = {row.pk: row for row in LogFile.objects.filter(datasource=datasource)}
    files = [file for file in found.files if only in (None, file.path)]
    assignments = identity.assign(files, [known(row) for row in rows.values()])
    new = _made(datasource, assignments, rows, fresh_first and not rows)
    result = Survey(problems=list(found.refused))
    for assignment in assignments:
        row = new.get(assignment.found.path) or _row(assignment, rows)
        if row is not None:
            file = assignment.found
            result.readings.append(Reading(row, file, _reader(row, file)))
    _drop_readers(datasource, result)
    left_out = aside.leave_out(result, datasource.preferred_series)
    if only is None:
        unread = [[path.name, reason] for path, reason in found.ignored]
        _tell(datasource, unread + _copies(assignments) + left_out + _notes(result))
    if not found.files and not found.refused:
        result.problems.append(f"{directory} holds no access or stream log.")
    starting.begin_no_earlier(datasource, result.readings)
    result.readings = [r for r in result.readings if not r.finished]
    return result


def _tell(datasource: Datasource, unread: list[list[str]]) -> None:
    if unread != datasource.unread_files:
        datasource.unread_files = unread
        datasource.save(update_fields=["unread_files"])


def look_again(datasource: Datasource) -> None:
    """Let the next survey see the datasource as changed: something is left to do."""
    _seen.pop(datasource.pk, None)


def forget(datasource: Datasource) -> None:
    """Drop what is kept in memory; what the database says may be another thing."""
    look_again(datasource)
    for key in [key for key in _readers if key[0] == datasource.pk]:
        _readers.pop(key).close()


def release(survey: Survey) -> None:
    """Hold no file open between passes: a deleted log would keep its disk space."""
    for reading in survey.readings:
        reading.reader.release()


def finish(reading: Reading, note: str = "") -> None:
    """Keep that nothing more is to be had from a compressed file; ``note``: why."""
    row = reading.row
    row.finished, row.note = True, note
    row.save(update_fields=["finished", "note"])


def known(row: LogFile) -> identity.Known:
    """Return what is kept of a file to know it again."""
    return identity.Known(
        row.pk, row.path, row.head_len, row.head_hash, row.offset, row.tail_hash,
        row.inode, row.device, row.size, row.live_start, row.history_offset,
    )  # fmt: skip


def _made(
    datasource: Datasource,
    assignments: list[Assignment],
    rows: dict[int, LogFile],
    fresh_first: bool,
) -> dict[Path, LogFile]:
    """Make the rows of files that were not known. Raises Raced.

    Two rows of one file would be read twice, so that who is second sees the first's.
    """
    new = [a.found for a in assignments if a.outcome is Outcome.NEW]
    if not new:
        return {}
    made = {}
    for found in new:
        row = LogFile(datasource=datasource, seen_at=timezone.now())
        try:
            for name, value in _looks(found, row).items():
                setattr(row, name, value)
        except OSError:
            continue  # gone: the next survey finds it under its new name
        if row.head_len:
            made[found.path] = row
    if fresh_first:
        starting.begin_near_the_end([(made[f.path], f) for f in new if f.path in made])
    with transaction.atomic():
        Datasource.objects.select_for_update(no_key=True).filter(
            pk=datasource.pk
        ).values_list("pk").get()
        stored = LogFile.objects.filter(datasource=datasource)
        if set(stored.values_list("pk", flat=True)) != rows.keys():
            raise Raced
        for row in made.values():
            row.save()
    return made


def _row(assignment: Assignment, rows: dict[int, LogFile]) -> LogFile | None:
    """Return the row of a known file that is to be read, brought up to date."""
    if assignment.outcome is not Outcome.SAME or not assignment.known:
        return None
    row = rows[assignment.known.pk]
    try:
        looks = _looks(assignment.found, row)
    except OSError:
        return None
    changed = [name for name, value in looks.items() if getattr(row, name) != value]
    if {"inode", "device", "size"} & set(changed) and (row.finished or row.note):
        looks |= {"finished": False, "note": ""}
        changed += ["finished", "note"]
        # What damaged it is told again, if it still is.
        _readers.pop((row.datasource_id, row.pk), None)
    for name in changed:
        setattr(row, name, looks[name])
    if changed:
        row.seen_at = timezone.now()
        row.save(update_fields=[*changed, "seen_at"])
    return row


def _looks(found: Found, row: LogFile) -> dict[str, object]:
    """Return what is kept of a file to know it again. Raises OSError."""
    looks: dict[str, object] = {
        "path": str(found.path),
        "kind": found.kind,
        "inode": found.inode,
        "device": found.device,
        "size": found.size,
    }
    if (row.head_len or 0) < identity.HEAD:
        with opened(found) as reader:
            length, head_hash = identity.head(reader)
        if length > (row.head_len or 0):
            looks |= {"head_len": length, "head_hash": head_hash}
    return looks


def _reader(row: LogFile, found: Found) -> LineReader:
    key = (row.datasource_id, row.pk)
    reader = _readers.get(key)
    if reader is None or not reader.is_of(found.path, found.inode, found.device):
        if reader:
            reader.close()
        reader = _readers[key] = opened(found)
    return reader


def _drop_readers(datasource: Datasource, survey: Survey) -> None:
    """Forget the readers of files that have gone."""
    here = {reading.row.pk for reading in survey.readings}
    gone = [key for key in _readers if key[0] == datasource.pk and key[1] not in here]
    for key in gone:
        _readers.pop(key).close()


def _copies(assignments: list[Assignment]) -> list[list[str]]:
    return [
        [a.found.path.name, "a copy of what was read under another name"]
        for a in assignments
        if a.outcome is Outcome.COPY
    ]


def _notes(survey: Survey) -> list[list[str]]:
    return [[r.found.path.name, r.row.note] for r in survey.readings if r.row.note]
