"""Where a first read of a file begins: near its end, or where a time begins."""

from collections.abc import Sequence

from django.utils import timezone

from downloads.models import Datasource
from ingest import discovery, identity
from ingest.discovery import Found
from ingest.identity import opened
from ingest.models import LogFile
from ingest.reader import FileReplaced, LineReader, line_start_at_or_after
from ingest.readings import Reading
from ingest.stamps import last_stamp, stamp_of

# What a first read takes in before the history: the newest hour, but not more than
# is read within a few seconds.
FRESH_SECONDS = 3600
FRESH_BYTES = 1 << 30
SMALL = 64 << 20  # not worth two ranges


def begin_near_the_end(new: list[tuple[LogFile, Found]]) -> None:
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
    last = last_stamp(reader.exactly(begin, found.size))
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


def begin_no_earlier(datasource: Datasource, readings: Sequence[Reading]) -> None:
    """Do not read through lines that are older than the operator asks for."""
    if datasource.history_days is None:
        return
    since = int(timezone.now().timestamp()) - datasource.history_days * 86400
    for reading in readings:
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
