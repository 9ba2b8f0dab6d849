"""The files of a datasource, matched with what is known of them.

Everything here is looked at once a second, so what a quiet directory costs is one look
at names and sizes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.utils import timezone

from downloads.models import Datasource
from downloads.titles import HEAD
from ingest import discovery, identity
from ingest.discovery import Found
from ingest.formats import parse_access
from ingest.identity import Assignment, Outcome
from ingest.models import LogFile
from ingest.reader import DamagedFile, LineReader, line_start_at_or_after
from ingest.series import Series, set_aside
from ingest.stamps import stamp_of

# What a first read takes in before the history: the newest hour, but not more than
# is read within a few seconds.
FRESH_SECONDS = 3600
FRESH_BYTES = 1 << 30
SMALL = 64 << 20  # not worth two ranges

# A compressed file is kept open from slice to slice; the others cost nothing.
_readers: dict[int, LineReader] = {}
_seen: dict[int, object] = {}


@dataclass
class Reading:
    """A file that may have something new."""

    row: LogFile
    found: Found
    reader: LineReader


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
        live = list(newest.values())
        yield from ((reading, True) for reading in live)
        for reading in sorted(self.readings, key=_age, reverse=True):
            yield reading, False
            if reading not in live:
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
    found = discovery.discover(directory)
    rows = {row.pk: row for row in LogFile.objects.filter(datasource=datasource)}
    files = [file for file in found.files if only in (None, file.path)]
    assignments = identity.assign(files, [_known(row) for row in rows.values()])
    unread = [[path.name, reason] for path, reason in found.ignored]
    result = Survey()
    first_read = not rows
    for assignment in assignments:
        row = _row(datasource, assignment, rows)
        if row is not None:
            file = assignment.found
            result.readings.append(Reading(row, file, _reader(row, file)))
    unread += _copies(assignments) + _set_aside(result)
    if only is None and unread != datasource.unread_files:
        datasource.unread_files = unread
        datasource.save(update_fields=["unread_files"])
    if not found.files:
        result.problems.append(f"{directory} holds no access or stream log.")
    if fresh_first and first_read:
        _begin_near_the_end(result)
    _begin_no_earlier(datasource, result)
    _seen[datasource.pk] = signature
    return result


def look_again(datasource: Datasource) -> None:
    """Let the next survey see the datasource as changed: something is left to do."""
    _seen.pop(datasource.pk, None)


def forget(datasource: Datasource) -> None:
    """Drop what is kept in memory; what the database says may be another thing."""
    look_again(datasource)
    for reader in _readers.values():
        reader.close()
    _readers.clear()


def _known(row: LogFile) -> identity.Known:
    return identity.Known(
        row.pk, row.path, row.head_len, row.head_hash, row.offset, row.tail_hash,
        row.inode, row.device, row.size,
    )  # fmt: skip


def _row(
    datasource: Datasource, assignment: Assignment, rows: dict[int, LogFile]
) -> LogFile | None:
    """Return the row of a file that is to be read, made or brought up to date."""
    found = assignment.found
    if assignment.outcome is Outcome.NEW:
        row = LogFile(datasource=datasource, head_len=0)
    elif assignment.outcome is Outcome.SAME and assignment.known:
        row = rows[assignment.known.pk]
    else:
        return None
    seen: dict[str, object] = {
        "path": str(found.path),
        "kind": found.kind,
        "inode": found.inode,
        "device": found.device,
        "size": found.size,
    }
    if row.head_len < identity.HEAD:
        with LineReader(found.path, found.compression) as reader:
            seen["head_len"], seen["head_hash"] = identity.head(reader)
    changed = [name for name, value in seen.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, seen[name])
    if row.pk is None:
        row.seen_at = timezone.now()
        row.save()
    elif changed:
        row.seen_at = timezone.now()
        row.save(update_fields=[*changed, "seen_at"])
    return row


def _reader(row: LogFile, found: Found) -> LineReader:
    reader = _readers.get(row.pk)
    if reader is None or (reader.path, reader.compression) != (
        found.path,
        found.compression,
    ):
        if reader:
            reader.close()
        reader = _readers[row.pk] = LineReader(found.path, found.compression)
    return reader


def _copies(assignments: list[Assignment]) -> list[list[str]]:
    return [
        [a.found.path.name, "a copy of what was read under another name"]
        for a in assignments
        if a.outcome is Outcome.COPY
    ]


def _set_aside(survey: Survey) -> list[list[str]]:
    """Leave out all series but one where several tell the same traffic."""
    by_series: dict[str, list[Reading]] = {}
    for reading in survey.readings:
        if reading.row.kind == LogFile.Kind.ACCESS:
            by_series.setdefault(reading.found.series, []).append(reading)
    if len(by_series) < 2:
        return []
    series = [s for name, some in by_series.items() if (s := _series(name, some))]
    aside = set_aside(series)
    names = []
    for reading in list(survey.readings):
        instead = aside.get(reading.found.series)
        state = LogFile.State.ASIDE if instead else LogFile.State.READING
        if reading.row.state != state:
            reading.row.state = state
            reading.row.save(update_fields=["state"])
        if instead and reading.row.kind == LogFile.Kind.ACCESS:
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


def _outline(reading: Reading) -> tuple[int | None, int | None, str]:
    """Return the first and last stamp of a file, and its format."""
    row, found = reading.row, reading.found
    with LineReader(found.path, found.compression) as reader:
        try:
            data = reader.read(0, discovery.PEEK).data
            if found.compression:
                # The end of a compressed file is far; when it was written is near.
                last: int | None = found.mtime_ns // 10**9
            else:
                start = max(0, found.size - discovery.PEEK)
                last = _last_stamp(reader.exactly(start, found.size))
        except (OSError, DamagedFile):
            return None, None, ""
    line = data.partition(b"\n")[0]
    formats = parse_access(line + b"\n", HEAD).formats if line else {}
    return row.first_stamp or stamp_of(line), last, next(iter(formats), "")


def _last_stamp(data: bytes) -> int | None:
    lines = data.split(b"\n")[:-1]
    return next((s for line in reversed(lines) if (s := stamp_of(line))), None)


def _begin_near_the_end(survey: Survey) -> None:
    """Let the first read of each newest plain file begin with its newest hour."""
    for reading, live in survey.order():
        row, found = reading.row, reading.found
        if not live:
            break
        if found.compression or found.size < SMALL or row.offset:
            continue
        tail = reading.reader.exactly(found.size - discovery.PEEK, found.size)
        last = _last_stamp(tail)
        if last is None:
            continue
        start = line_start_at_or_after(found.path, last - FRESH_SECONDS, stamp_of)
        if found.size - start > FRESH_BYTES:
            start = _line_after(reading.reader, found.size - FRESH_BYTES)
        row.live_start = row.offset = row.counted_offset = start
        row.tail_hash = identity.digest(
            reading.reader.exactly(max(0, start - identity.TAIL), start)
        )
        row.save(update_fields=["live_start", "offset", "counted_offset", "tail_hash"])


def _line_after(reader: LineReader, position: int) -> int:
    data = reader.exactly(position, position + discovery.PEEK)
    return position + data.find(b"\n") + 1


def _begin_no_earlier(datasource: Datasource, survey: Survey) -> None:
    """Do not read through lines that are older than the operator asks for."""
    if datasource.history_days is None:
        return
    since = int(timezone.now().timestamp()) - datasource.history_days * 86400
    for reading in survey.readings:
        row, found = reading.row, reading.found
        if found.compression or row.history_offset or row.lines:
            continue
        start = line_start_at_or_after(found.path, since, stamp_of)
        if row.live_start:
            row.history_offset = min(start, row.live_start)
            row.save(update_fields=["history_offset"])
        elif start > row.offset:
            row.live_start = row.history_offset = row.offset = start
            row.tail_hash = identity.digest(
                reading.reader.exactly(max(0, start - identity.TAIL), start)
            )
            row.save(
                update_fields=["live_start", "history_offset", "offset", "tail_hash"]
            )
