"""(file, position) -> whole lines as bytes. Positions count decompressed bytes.

What a chunk holds depends on the file alone where it matters: a line is over-long
because of its length, never because of where a read happened to begin.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from ingest.opening import FileReplaced, Handle, Packed, Plain
from ingest.stamps import line_start_at_or_after
from ingest.unpacking import DamagedFile

__all__ = [
    "Chunk",
    "DamagedFile",
    "FileReplaced",
    "LineReader",
    "line_start_at_or_after",
]

MAX_LINE = 1 << 20  # bytes without the newline; nginx itself allows some 32 KB
BLOCK = MAX_LINE // 2
PEEK = 64 << 10
BEGINNING = 500  # bytes kept of an over-long line


@dataclass(frozen=True)
class Chunk:
    """Either whole lines, ``data`` that ends with a newline, or one over-long line.

    ``end`` is where the next read goes on. ``overlong``: (position, length with its
    newline, first 500 bytes); then ``data`` is empty. Nothing new: end == start.
    """

    data: bytes
    start: int
    end: int
    overlong: list[tuple[int, int, bytes]] = field(default_factory=list)


class LineReader:
    """Reads one file from where the caller says.

    Kept between reads, it unpacks a compressed file once, however many slices it is
    read in; that one stays open until there is nothing more in it.
    """

    def __init__(
        self,
        path: Path,
        compression: str = "",
        inode: int | None = None,
        device: int | None = None,
    ) -> None:
        """``inode`` and ``device``: the file meant, else the one found at first."""
        self.path = path
        self.compression = compression
        self._handle = Handle(path, inode, device)
        self._source: Plain | Packed = self._begun()
        self._told = False
        # A line that has no end yet: its start, how far was looked, its beginning.
        self._endless: tuple[int, int, bytes] | None = None

    def _begun(self) -> Plain | Packed:
        if self.compression:
            return Packed(self._handle, self.compression)
        return Plain(self._handle)

    def __enter__(self) -> "LineReader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def release(self) -> None:
        """Close the file, and go on from the same place when it is read again."""
        self._handle.release()

    def close(self) -> None:
        """Close the file and forget what was unpacked; it may be read again."""
        self._handle.forget()
        self._source = self._begun()

    @contextmanager
    def _opened(self) -> Iterator[Plain | Packed]:
        """Leave a plain file closed: an open one keeps the space of a deleted log."""
        try:
            yield self._source
        except OSError:
            self.close()
            raise
        finally:
            if not self.compression:
                self._handle.forget()

    def read(self, offset: int, limit: int, stop: int | None = None) -> Chunk:
        """Return the whole lines among the ``limit`` bytes from ``offset`` on.

        One line at least, if there is a whole one. ``stop`` is the start of a line,
        which is not read. The last line of a finished compressed file is whole without
        a newline, and gets one in ``data``. Raises OSError, FileReplaced among them,
        and DamagedFile, once, where nothing more can be read.
        """
        wanted = offset + limit if stop is None else min(offset + limit, stop)
        if wanted <= offset:
            return Chunk(b"", offset, offset)
        with self._opened() as source:
            chunk = None
            if self._looked(offset) - offset <= MAX_LINE:
                source.skip_to(offset)
                chunk = self._lines(offset, source.reach(wanted))
            chunk = chunk or self._long_line(offset, stop)
        if chunk.end == offset:
            self._handle.release()
            if source.damage and not self._told:
                self._told = True
                raise DamagedFile(source.damage)
        source.trim(chunk.end)
        return chunk

    def exactly(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to ``end``, fewer if the file is shorter.

        Going back in a compressed file, further than 256 bytes before where reading
        stands, unpacks it from its start. Raises OSError.
        """
        with self._opened() as source:
            return source.pread(max(0, end - start), start)

    def reaches(self, position: int) -> bool:
        """Whether there is a byte at ``position``; unpacks no further."""
        with self._opened() as source:
            source.skip_to(position)
            return source.reach(position + 1) > position

    def _lines(self, offset: int, end: int) -> Chunk | None:
        """Return the lines in [offset, end); None if the first does not end there."""
        cut = self._last_line_end(offset, end)
        if cut <= offset:
            return None
        data = self._source.pread(cut - offset, offset)
        if not data.endswith(b"\n"):  # truncated while we looked
            data = data[: data.rfind(b"\n") + 1]
        if not data:
            return None
        return _to_first_overlong(data, offset)

    def _last_line_end(self, offset: int, end: int) -> int:
        """Look backwards, so that what is read of 16 MB needs no cutting, no copy."""
        size = PEEK
        while end > offset:
            begin = max(offset, end - size)
            place = self._source.pread(end - begin, begin).rfind(b"\n")
            if place >= 0:
                return begin + place + 1
            end, size = begin, MAX_LINE
        return offset

    def _long_line(self, offset: int, stop: int | None) -> Chunk:
        """Return the one line at ``offset``, which goes on after the limit."""
        end = self._line_end(offset, stop)
        looked = self._looked(offset)
        whole = end is not None or (looked > offset and self._ends_at(looked))
        if self._endless is None or not whole:
            return Chunk(b"", offset, offset)
        beginning = self._endless[2]
        self._endless = None
        after = looked if end is None else end
        length = after - offset - (end is not None)
        if length > MAX_LINE:
            return Chunk(b"", offset, after, [(offset, after - offset, beginning)])
        data = self._source.pread(length, offset)
        if len(data) < length:  # truncated while we looked
            return Chunk(b"", offset, offset)
        return Chunk(data + b"\n", offset, after)

    def _looked(self, offset: int) -> int:
        """Return how far the end of the line at ``offset`` was looked for."""
        if self._endless is None or self._endless[0] != offset:
            return offset
        looked = self._endless[1]
        if not self.compression and self._source.reach(looked) < looked:
            self._endless = None  # the file was truncated
            return offset
        return looked

    def _ends_at(self, position: int) -> bool:
        """Whether nothing comes at ``position``, now or later."""
        return self._source.reach(position + 1) == position and self._source.finished

    def _line_end(self, offset: int, stop: int | None) -> int | None:
        """Return the position after the next newline; None if there is none yet.

        How far was looked is remembered: a line that grows is not looked at twice.
        """
        position = self._looked(offset)
        beginning = b""
        if self._endless and position > offset:
            beginning = self._endless[2]
        end = None
        while end is None and (stop is None or position < stop):
            size = BLOCK if stop is None else min(BLOCK, stop - position)
            data = self._source.pread(size, position)
            if not data:
                break
            beginning += data[: max(0, BEGINNING - len(beginning))]
            place = data.find(b"\n")
            end = position + place + 1 if place >= 0 else None
            position += len(data)
            if position - offset > 2 * MAX_LINE:
                self._source.trim(position)
        self._endless = (offset, position, beginning)
        return end


def _to_first_overlong(data: bytes, start: int) -> Chunk:
    """Cut before the first over-long line; if it comes first, return only that.

    A line that long covers a whole block, so that few bytes are looked at.
    """
    for block in range(0, len(data) - BLOCK + 1, BLOCK):
        if data.find(b"\n", block, block + BLOCK) >= 0:
            continue
        begin = data.rfind(b"\n", 0, block) + 1
        end = data.find(b"\n", block)
        if end - begin > MAX_LINE:
            if begin:
                return Chunk(data[:begin], start, start + begin)
            line = (start, end + 1, data[:BEGINNING])
            return Chunk(b"", start, start + end + 1, [line])
    return Chunk(data, start, start + len(data))
