"""The files of a datasource, matched with what is known of them.

Everything here is looked at once a second, so what a quiet directory costs is one look
at names and sizes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from downloads.models import Datasource
from downloads.titles import HEAD
from ingest import discovery, identity
from ingest.discovery import Found
from ingest.formats import parse_access
from ingest.identity import Assignment, Outcome, opened
from ingest.models import LogFile
from ingest.reader import (
    DamagedFile,
    FileReplaced,
    LineReader,
    line_start_at_or_after,
)
from ingest.series import Series, set_aside
from ingest.stamps import stamp_of

# What a first read takes in before the history: the newest hour, but not more than
# is read within a few seconds.
FRESH_SECONDS = 3600
FRESH_BYTES = 1 << 30
SMALL = 64 << 20  # not worth two ranges

# By datasource and row. A compressed file is unpacked once, not anew for each slice.
_readers: dict[tuple[int, int], LineReader] = {}
_seen: dict[int, object] = {}
# First and last stamp and format of a file that looked like this.
Outline = tuple[int | None, int | None, str]
_outlines: dict[tuple[object, ...], Outline] = {}
MOST_OUTLINES = 10_000


class Raced(Exception):
    """Another worker has made rows for the same files."""


@dataclass
class Reading:
    """A file that may have something new."""

    row: LogFile
    found: Found
    reader: LineReader

    @property
    def finished(self) -> bool:
        """Whether all of it was read, as far as can be told without opening it."""
        row = self.row
        if row.history_offset < row.live_start:
            return False
        if self.found.compression:
            return row.finished
        return row.offset >= self.found.size


@dataclass
class Survey:
    """What a datasource's directory holds. ``idle``: nothing has changed in it."""

    readings: list[Reading] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    idle: bool = False

    def order(self) -> Iterator[tuple[Reading, bool]]:
        """Yield what to read, each with whether it is a file's live end.

        The newest file of each series comes first, then the history, oldest first.
        """
        newest: dict[str, Reading] = {}
        for reading in self.readings:
            best = newest.get(reading.found.series)
            if best is None or _age(reading) < _age(best):
                newest[reading.found.series] = reading
        live = {reading.row.pk for reading in newest.values()}
        yield from ((reading, True) for reading in newest.values())
        for reading in sorted(self.readings, key=_age, reverse=True):
            yield reading, False
            if reading.row.pk not in live:
                yield reading, True

    def left(self) -> int | None:
        """Return how many bytes are unread; None where a compressed file's aren't
        known."""
        if any(reading.found.compression for reading in self.readings):
            return None
        rows = [(reading.row, reading.found.size) for reading in self.readings]
        return sum(
            max(0, size - row.offset) + max(0, row.live_start - row.history_offset)
            for row, size in rows
        )


def _age(reading: Reading) -> tuple[bool, int]:
    """Order by age, the youngest first."""
    return (bool(reading.found.compression), -reading.found.mtime_ns)


def survey(
    datasource: Datasource, fresh_first: bool = True, only: Path | None = None
) -> Survey:
    """Look through the directory of ``datasource``. Raises DirectoryProblem.

    Rows are made for new files and brought up to date for known ones.
    """
    directory = Path(datasource.log_directory)
    signature = (discovery.signature(directory), only, datasource.history_days)
    if _seen.get(datasource.pk) == signature:
        return Survey(idle=True)
    while True:
        try:
            result = _survey(datasource, directory, fresh_first, only)
            break
        except Raced:
            continue
    _seen[datasource.pk] = signature
    return result


def _survey(
    datasource: Datasource, directory: Path, fresh_first: bool, only: Path | None
) -> Survey:
    found = discovery.discover(directory)
    rows = {row.pk: row for row in LogFile.objects.filter(datasource=datasource)}
    files = [file for file in found.files if only in (None, file.path)]
    assignments = identity.assign(files, [_known(row) for row in rows.values()])
    new = _made(datasource, assignments, rows, fresh_first and not rows)
    result = Survey(problems=list(found.refused))
    for assignment in assignments:
        row = new.get(assignment.found.path) or _row(assignment, rows)
        if row is not None:
            file = assignment.found
            result.readings.append(Reading(row, file, _reader(row, file)))
    _drop_readers(datasource, result)
    aside = _set_aside(result)
    if only is None:
        unread = [[path.name, reason] for path, reason in found.ignored]
        _tell(datasource, unread + _copies(assignments) + aside + _notes(result))
    if not found.files and not found.refused:
        result.problems.append(f"{directory} holds no access or stream log.")
    _begin_no_earlier(datasource, result)
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


def _known(row: LogFile) -> identity.Known:
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
        _begin_near_the_end([(made[f.path], f) for f in new if f.path in made])
    with transaction.atomic():
        Datasource.objects.select_for_update(no_key=True).filter(
            pk=datasource.pk
        ).values_list("pk").get()
        known = LogFile.objects.filter(datasource=datasource)
        if set(known.values_list("pk", flat=True)) != rows.keys():
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


def _set_aside(survey: Survey) -> list[list[str]]:
    """Leave out all series but one where several tell the same traffic."""
    by_series: dict[str, list[Reading]] = {}
    for reading in survey.readings:
        if reading.row.kind == LogFile.Kind.ACCESS:
            by_series.setdefault(reading.found.series, []).append(reading)
    series = [
        one
        for name, some in by_series.items()
        if len(by_series) > 1 and (one := _series(name, some))
    ]
    aside = set_aside(series)
    names = []
    for reading in list(survey.readings):
        access = reading.row.kind == LogFile.Kind.ACCESS
        instead = aside.get(reading.found.series) if access else None
        state = LogFile.State.ASIDE if instead else LogFile.State.READING
        if reading.row.state != state:
            reading.row.state = state
            reading.row.save(update_fields=["state"])
        if instead:
            survey.readings.remove(reading)
            reason = f"the same traffic as {instead}, in another format: is it?"
            names.append([reading.found.path.name, reason])
    return names


def _series(name: str, readings: list[Reading]) -> Series | None:
    firsts, lasts, formats = [], [], []
    for reading in readings:
        first, last, format_id = _outline(reading)
        firsts += [first] if first is not None else []
        lasts += [last] if last is not None else []
        formats += [format_id] if format_id else []
    if not firsts or not lasts or not formats:
        return None
    being_read = any(
        r.row.state == LogFile.State.READING and (r.row.lines or r.row.offset)
        for r in readings
    )
    return Series(name, formats[-1], min(firsts), max(lasts), being_read)


def _outline(reading: Reading) -> Outline:
    """Return the first and last stamp of a file, and its format."""
    found = reading.found
    key = (found.path, found.inode, found.device, found.size, found.mtime_ns)
    if key not in _outlines:
        if len(_outlines) >= MOST_OUTLINES:
            _outlines.clear()
        try:
            _outlines[key] = _outlined(found)
        except OSError:
            return None, None, ""
    first, last, format_id = _outlines[key]
    return reading.row.first_stamp or first, last, format_id


def _outlined(found: Found) -> Outline:
    with opened(found) as reader:
        try:
            data = reader.read(0, discovery.PEEK).data
        except DamagedFile:
            return None, None, ""
        if found.compression:
            # The end of a compressed file is far; when it was written is near.
            last: int | None = found.mtime_ns // 10**9
        else:
            start = max(0, found.size - discovery.PEEK)
            last = _last_stamp(reader.exactly(start, found.size))
    line = data.partition(b"\n")[0]
    formats = parse_access(line + b"\n", HEAD).formats if line else {}
    return stamp_of(line), last, next(iter(formats), "")


def _last_stamp(data: bytes) -> int | None:
    lines = data.split(b"\n")[:-1]
    return next((s for line in reversed(lines) if (s := stamp_of(line))), None)


def _begin_near_the_end(new: list[tuple[LogFile, Found]]) -> None:
    """Let the first read of each newest plain file begin with its newest hour."""
    newest: dict[str, tuple[LogFile, Found]] = {}
    for row, found in new:
        best = newest.get(found.series)
        if not found.compression and (
            best is None or found.mtime_ns > best[1].mtime_ns
        ):
            newest[found.series] = (row, found)
    for row, found in newest.values():
        if found.size < SMALL:
            continue
        try:
            with opened(found) as reader:
                if start := _fresh_start(found, reader):
                    _begin_at(row, reader, start)
                    row.counted_offset = start
        except OSError:
            continue  # rotated just now: it is read from its start, then


def _begin_at(row: LogFile, reader: LineReader, start: int) -> None:
    row.live_start = row.offset = start
    row.tail_hash = identity.digest(
        reader.exactly(max(0, start - identity.TAIL), start)
    )


def _fresh_start(found: Found, reader: LineReader) -> int:
    """Return where the newest lines begin; 0 where that can't be told."""
    begin = max(0, found.size - discovery.PEEK)
    last = _last_stamp(reader.exactly(begin, found.size))
    if last is None:
        return 0
    start = _line_start(found, last - FRESH_SECONDS)
    if found.size - start > FRESH_BYTES:
        position = found.size - FRESH_BYTES
        data = reader.exactly(position, position + discovery.PEEK)
        start = position + data.find(b"\n") + 1 if b"\n" in data else 0
    return start


def _line_start(found: Found, since: int) -> int:
    """Return where the first line of ``since`` or later begins. Raises OSError."""
    start = line_start_at_or_after(found.path, since, stamp_of)
    status = found.path.stat()
    if (status.st_ino, status.st_dev) != (found.inode, found.device):
        raise FileReplaced(0, "another file lies here by now", str(found.path))
    return start


def _begin_no_earlier(datasource: Datasource, survey: Survey) -> None:
    """Do not read through lines that are older than the operator asks for."""
    if datasource.history_days is None:
        return
    since = int(timezone.now().timestamp()) - datasource.history_days * 86400
    for reading in survey.readings:
        row, found = reading.row, reading.found
        if found.compression or row.history_offset or row.lines:
            continue
        before = {"offset": row.offset, "history_offset": 0, "lines": 0}
        try:
            start = _line_start(found, since)
            if row.live_start:
                row.history_offset = min(start, row.live_start)
            elif start > row.offset:
                _begin_at(row, reading.reader, start)
                row.history_offset = start
            else:
                continue
        except OSError:
            continue
        names = ("live_start", "history_offset", "offset", "tail_hash")
        LogFile.objects.filter(pk=row.pk, **before).update(
            **{name: getattr(row, name) for name in names}
        )
