"""One slice of one log file: read, parse, record, and move the cursor.

All of it in ONE transaction that ends with a conditional UPDATE of the cursor. Whoever
comes second finds the cursor moved, and rolls back: rows and cursor agree after any
kill and with any number of workers.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

import polars as pl
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from downloads import recording, titles
from downloads.models import Datasource
from ingest import formats
from ingest.counting import count
from ingest.identity import hash_of_head, tail_hash
from ingest.models import LogFile, RejectedLine
from ingest.reader import Chunk, FileReplaced, LineReader

SLICE = 8 << 20  # bytes; smaller ones double the cost of grouping
SAMPLES = 100  # of rejected lines, from one slice
OLDER = "older than asked for"
OVERLONG = "longer than a line may be"


class Overtaken(Exception):
    """Another worker has read this slice."""


@dataclass
class Totals:
    """What was read: lines = requests + sessions + skipped + rejected."""

    bytes: int = 0
    lines: int = 0
    requests: int = 0
    sessions: int = 0
    skipped: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Totals") -> None:
        self.bytes += other.bytes
        self.lines += other.lines
        self.requests += other.requests
        self.sessions += other.sessions
        self.skipped += other.skipped
        self.rejected += other.rejected
        self.reasons.update(other.reasons)

    def check(self) -> None:
        """Raise AssertionError unless every line is accounted for."""
        taken = self.requests + self.sessions + self.skipped + self.rejected
        if taken != self.lines:
            raise AssertionError(f"{self.lines} lines were read, {taken} accounted for")


@dataclass
class Understood:
    """A slice in the columns that recording takes."""

    totals: Totals
    format: str
    seconds: pl.DataFrame | None = None
    statuses: pl.DataFrame | None = None
    sessions: pl.DataFrame | None = None
    rejected: list[formats.Rejected] = field(default_factory=list)


@dataclass(frozen=True)
class Range:
    """The bytes of a file that are next: of its live end, or of its history."""

    start: int
    stop: int | None
    live: bool
    counts: bool


@dataclass(frozen=True)
class Slice:
    """A chunk of a file and what it says; not recorded yet."""

    part: Range
    chunk: Chunk
    understood: Understood
    tail_hash: str

    @property
    def more(self) -> bool:
        """Whether the file probably goes on behind it."""
        return self.chunk.end - self.chunk.start > SLICE // 2

    def rest(self) -> Range:
        return replace(self.part, start=self.chunk.end)


def read_slice(
    datasource: Datasource,
    row: LogFile,
    reader: LineReader,
    part: Range,
    since: int | None,
    file_service: str = "",
) -> Slice | None:
    """Read and parse the next slice of ``part``; None if there is nothing.

    ``since``: lines before this epoch second are skipped. Looks at no table. Raises
    OSError (FileReplaced where the file was truncated and holds something else), or
    reader.DamagedFile.
    """
    chunk = reader.read(part.start, SLICE, part.stop)
    if chunk.end == part.start:
        return None
    if row.kind == LogFile.Kind.STREAM:
        understood = _sessions(chunk, since)
    else:
        understood = _requests(chunk, datasource, since, file_service)
    understood.totals.check()
    tail = tail_hash(reader, chunk) if part.live else ""
    _check_head(row, reader)
    return Slice(part, chunk, understood, tail)


def record_slice(datasource: Datasource, row: LogFile, slice_: Slice) -> Totals:
    """Record a slice and move the cursor; return what it held.

    Raises Overtaken, or what the database raises; then nothing is recorded.
    """
    with transaction.atomic():
        _lock(datasource)
        _record(datasource, row, slice_.understood, slice_.part.counts)
        changed = _move(row, slice_)
    # Only now: what the database rolled back must not be believed.
    for name, value in changed.items():
        setattr(row, name, value)
    return slice_.understood.totals


def _check_head(row: LogFile, reader: LineReader) -> None:
    """Raise FileReplaced if a plain file begins otherwise than it did.

    Looked at after its lines: if the head still stands, they were the same file's.
    """
    if reader.compression or not row.head_len:
        return
    if hash_of_head(reader.exactly(0, row.head_len)) != row.head_hash:
        raise FileReplaced(0, "it was truncated and holds other lines", row.path)


def _lock(datasource: Datasource) -> None:
    """Let one worker at a time record into a datasource, and know its newest stamp.

    Two that join the same bursts at once would each leave half of them.
    """
    rows = Datasource.objects.select_for_update(no_key=True).filter(pk=datasource.pk)
    datasource.newest_stamp = rows.values_list("newest_stamp", flat=True).get()


def _requests(
    chunk: Chunk, datasource: Datasource, since: int | None, file_service: str
) -> Understood:
    parsed = formats.parse_access(chunk.data, titles.HEAD, SAMPLES)
    totals = _begun(chunk, parsed)
    frame = parsed.frame
    if since is not None:
        recent = frame.filter(pl.col("at") >= since)
        _skip(
            totals, OLDER, int(frame["requests"].sum()) - int(recent["requests"].sum())
        )
        frame = recent
    counted = count(frame, datasource.trusted_networks(), file_service)
    totals.requests = counted.requests
    for reason, number in counted.skipped.items():
        _skip(totals, reason, number)
    return Understood(
        totals,
        _format(parsed),
        seconds=counted.seconds,
        statuses=counted.statuses,
        rejected=parsed.samples,
    )


def _sessions(chunk: Chunk, since: int | None) -> Understood:
    parsed = formats.parse_stream(chunk.data, SAMPLES)
    totals = _begun(chunk, parsed)
    frame = parsed.frame
    if since is not None:
        recent = frame.filter(pl.col("at") >= since)
        _skip(totals, OLDER, frame.height - recent.height)
        frame = recent
    totals.sessions = frame.height
    return Understood(totals, _format(parsed), sessions=frame, rejected=parsed.samples)


def _begun(chunk: Chunk, parsed: formats.Slice) -> Totals:
    totals = Totals(
        bytes=chunk.end - chunk.start,
        lines=parsed.lines + len(chunk.overlong),
        rejected=parsed.rejected + len(chunk.overlong),
    )
    for reason, number in parsed.skipped.items():
        _skip(totals, reason, number)
    if chunk.overlong:
        totals.reasons[OVERLONG] += len(chunk.overlong)
    if parsed.rejected:
        totals.reasons["fits no format"] += parsed.rejected
    return totals


def _skip(totals: Totals, reason: str, number: int) -> None:
    if number:
        totals.skipped += number
        totals.reasons[reason] += number


def _format(parsed: formats.Slice) -> str:
    return ", ".join(sorted(parsed.formats))


def _record(
    datasource: Datasource, row: LogFile, understood: Understood, counts: bool
) -> None:
    if understood.seconds is not None and understood.statuses is not None:
        recording.record_requests(
            datasource, understood.seconds, understood.statuses, counts
        )
    if understood.sessions is not None:
        recording.record_sessions(datasource, understood.sessions, counts)
    if counts:
        totals = understood.totals
        recording.count_lines(
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
    chunk, understood = slice_.chunk, slice_.understood
    totals = understood.totals
    changed: dict[str, object] = {
        "lines": row.lines + totals.lines,
        "requests": row.requests + totals.requests,
        "sessions": row.sessions + totals.sessions,
        "skipped": row.skipped + totals.skipped,
        "rejected": row.rejected + totals.rejected,
        "format": understood.format or row.format,
    }
    if slice_.part.live:
        changed["offset"] = chunk.end
        changed["tail_hash"] = slice_.tail_hash
        changed["counted_offset"] = max(row.counted_offset, chunk.end)
    else:
        changed["history_offset"] = chunk.end
        changed["counted_history"] = max(row.counted_history, chunk.end)
    stamps = _stamps(understood)
    if stamps:
        changed["first_stamp"] = min(stamps[0], row.first_stamp or stamps[0])
        changed["last_stamp"] = max(stamps[1], row.last_stamp or stamps[1])
    moved = LogFile.objects.filter(
        pk=row.pk, offset=row.offset, history_offset=row.history_offset
    ).update(**changed)
    if not moved:
        raise Overtaken(row.path)
    _keep_rejected(row, chunk, understood.rejected)
    return changed


def _stamps(understood: Understood) -> tuple[int, int] | None:
    frame = understood.sessions if understood.seconds is None else understood.seconds
    if frame is None or frame.is_empty():
        return None
    return int(frame["at"].min()), int(frame["at"].max())  # type: ignore[arg-type]


def _keep_rejected(
    row: LogFile, chunk: Chunk, rejected: list[formats.Rejected]
) -> None:
    now = timezone.now()
    lines = [(chunk.start + r.position, r.reason, r.line) for r in rejected] + [
        (place, OVERLONG, beginning) for place, _size, beginning in chunk.overlong
    ]
    if not lines:
        return
    RejectedLine.objects.bulk_create(
        RejectedLine(
            datasource_id=row.datasource_id,
            path=row.path,
            position=position,
            reason=why,
            text=printable(line),
            seen_at=now,
        )
        for position, why, line in lines[:SAMPLES]
    )
    kept = RejectedLine.objects.filter(datasource_id=row.datasource_id)
    oldest = kept.order_by("-pk").values_list("pk", flat=True)
    bound = oldest[settings.REJECTED_LINES_KEPT : settings.REJECTED_LINES_KEPT + 1]
    for pk in list(bound):
        kept.filter(pk__lte=pk).delete()


def printable(line: bytes) -> str:
    """Return a line's beginning as text that no terminal or page can trip over."""
    return (
        line[:500]
        .decode("utf-8", "backslashreplace")
        .encode("unicode_escape")
        .decode("ascii")
    )
