"""(file, position) -> whole lines as bytes. Positions count decompressed bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from ingest.lines import MAX_LINE, Chunk, LongLine, lines
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
        self._source = self._begun()
        self._told = False
        self._long: LongLine | None = None

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

    def is_of(self, path: Path, inode: int, device: int) -> bool:
        """Whether it reads this file, as it is called now."""
        return path == self.path and self._handle.is_of(inode, device)

    @property
    def finished(self) -> bool:
        """Whether nothing will follow: a whole compressed file was given."""
        return self._source.finished

    def release(self) -> None:
        """Close the file, and go on from the same place when it is read again."""
        self._handle.release()

    def close(self) -> None:
        """Close the file and forget what was unpacked; it may be read again."""
        self._handle.forget()
        self._source = self._begun()

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
            chunk = self._next(source, offset, wanted, stop)
        if chunk.end == offset:
            self.release()
            if source.damage and not self._told:
                self._told = True
                raise DamagedFile(source.damage)
        else:
            source.trim(chunk.end)
        return chunk

    def _next(
        self, source: Plain | Packed, offset: int, wanted: int, stop: int | None
    ) -> Chunk:
        long = self._long
        if long is None or long.start != offset or _shrunk(source, long):
            long = LongLine(offset)
        # A line known to be that long is not looked for among the short ones.
        if long.looked - offset <= MAX_LINE:
            source.skip_to(offset)
            if found := lines(source, offset, source.reach(wanted)):
                self._long = None
                return found
        chunk = long.chunk(source, stop)
        self._long = long if chunk.end == offset else None
        return chunk

    def exactly(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to ``end``, fewer if the file is shorter.

        Going back in a compressed file, further than 256 bytes before where reading
        stands, unpacks it from its start. Raises OSError.
        """
        with self._opened() as source:
            data = source.pread(max(0, end - start), start)
            source.trim(start)
            return data

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


def _shrunk(source: Plain | Packed, long: LongLine) -> bool:
    return isinstance(source, Plain) and source.reach(long.looked) < long.looked
