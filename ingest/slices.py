"""What a file has that was not read, in slices: one is parsed while one is recorded."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from downloads.models import Datasource
from ingest import formats, understanding
from ingest.fingerprints import hash_of_head, tail_hash
from ingest.lines import Chunk
from ingest.models import LogFile
from ingest.reader import FileReplaced, LineReader
from ingest.readings import Reading
from ingest.understanding import Understood

SIZE = 22 << 20  # bytes; smaller ones cost more a line, larger ones more memory
SESSIONS_SIZE = 4 << 20  # of a stream log, in which every line becomes a row


@dataclass(frozen=True)
class Slice:
    """Bytes [start, end) of a file and what they say; not recorded yet.

    ``live``: of the file's live end, not of its history. ``counts``: its lines have
    not counted for Prometheus yet.
    """

    start: int
    end: int
    live: bool
    counts: bool
    understood: Understood
    tail_hash: str


@dataclass(frozen=True)
class Parsed:
    """A chunk, its bytes let go, and what its lines say."""

    chunk: Chunk
    lines: formats.Slice
    counts: bool
    tail_hash: str


def slices(
    datasource: Datasource,
    reading: Reading,
    live: bool,
    since: int | None,
    is_over: Callable[[], bool],
) -> Generator[Slice, None, None]:
    """Yield what was not read; the caller records each, in order.

    One at least, if there is one; none is begun once ``is_over``, and none of what came
    since the look at the file: line by line, that would never end. Lines before the
    epoch second ``since`` are skipped. Looks at no table. Raises OSError (FileReplaced
    where the file was truncated and holds something else), or DamagedFile.
    """
    access = reading.row.kind == LogFile.Kind.ACCESS
    parse = understanding.parse_access if access else understanding.parse_stream
    understand = _understanding(datasource, reading, since)

    def after(start: int) -> Parsed | None:
        chunk, counts = _read(reading.row, reading.reader, live, start)
        if chunk.end == start:
            return None
        tail = tail_hash(reading.reader, chunk) if live else ""
        return Parsed(replace(chunk, data=b""), parse(chunk), counts, tail)

    with ThreadPoolExecutor(1) as ahead:
        start = reading.row.offset if live else reading.row.history_offset
        following = ahead.submit(after, start)
        while parsed := following.result():
            end = parsed.chunk.end
            is_last = is_over() or _all_found(reading, end)
            if not is_last:
                following = ahead.submit(after, end)
            # Here, not ahead: parsing takes longer than all else.
            understood = understand(parsed.chunk, parsed.lines)
            yield Slice(start, end, live, parsed.counts, understood, parsed.tail_hash)
            start = end
            if is_last:
                return


def _all_found(reading: Reading, end: int) -> bool:
    """Tell whether ``end`` is where the file ended when it was looked at."""
    return not reading.found.compression and end >= reading.found.size


def _read(
    row: LogFile, reader: LineReader, live: bool, start: int
) -> tuple[Chunk, bool]:
    """Read one slice, cut where lines begin that have not counted yet."""
    stop = None if live else row.live_start
    counted = row.counted_offset if live else row.counted_history
    if start < counted:
        stop = counted if stop is None else min(stop, counted)
    size = min(SIZE, SESSIONS_SIZE) if row.kind == LogFile.Kind.STREAM else SIZE
    chunk = reader.read(start, size, stop)
    if chunk.end > start:
        _check_head(row, reader)
    return chunk, start >= counted


def _check_head(row: LogFile, reader: LineReader) -> None:
    """Raise FileReplaced if a plain file begins otherwise than it did.

    Looked at after its lines: if the head still stands, they were the same file's.
    """
    if reader.compression or not row.head_len:
        return
    if hash_of_head(reader.exactly(0, row.head_len)) != row.head_hash:
        raise FileReplaced(0, "it was truncated and holds other lines", row.path)


def _understanding(
    datasource: Datasource, reading: Reading, since: int | None
) -> Callable[[Chunk, formats.Slice], Understood]:
    if reading.row.kind == LogFile.Kind.STREAM:
        return partial(understanding.sessions, since=since)
    return partial(
        understanding.requests,
        since=since,
        trusted=datasource.trusted_networks(),
        file_service=reading.found.service,
    )
