"""(file, position) -> whole lines as bytes. Positions count decompressed bytes."""

import gzip
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

from backports import zstd

BLOCK = 1 << 20
BEGINNING = 500  # bytes kept of an over-long line


class DamagedFile(Exception):
    """A compressed file ends or breaks in its middle; what came before was given."""


@dataclass(frozen=True)
class Chunk:
    """Whole lines: ``data`` ends with a newline unless it is empty.

    ``end`` is where the next read goes on. ``overlong``: (position, length, beginning)
    of a line that does not fit into a chunk; then it is all that the chunk holds.
    """

    data: bytes
    start: int
    end: int
    overlong: list[tuple[int, int, bytes]] = field(default_factory=list)


class LineReader:
    """Reads one file from where the caller says. Keeps it open between reads, so that
    a compressed one is unpacked once, however many slices it is read in."""

    def __init__(self, path: Path, compression: str = "") -> None:
        self.path = path
        self.compression = compression
        self._stream: IO[bytes] | None = None
        self._position = 0
        self._damage: str | None = None
        # A line without its end, and how far it was looked for.
        self._endless: tuple[int, int] | None = None

    def __enter__(self) -> "LineReader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = None

    def read(self, offset: int, limit: int, stop: int | None = None) -> Chunk:
        """Return the whole lines among the ``limit`` bytes from ``offset`` on.

        ``stop`` is a start of a line that is not read. Nothing new is an empty chunk.
        Raises OSError, and DamagedFile where nothing more can be read.
        """
        if stop is not None:
            limit = min(limit, stop - offset)
        if limit <= 0:
            return Chunk(b"", offset, offset)
        data, ended = self._bytes(offset, limit)
        cut = data.rfind(b"\n") + 1
        if cut:
            return Chunk(data[:cut], offset, offset + cut)
        if ended and data and self.compression and not self._damage:
            # Nothing will be appended to it: the last line is whole.
            return Chunk(data + b"\n", offset, offset + len(data))
        if len(data) == limit:
            return self._overlong(offset, limit, data[:BEGINNING])
        if ended and self._damage:
            raise DamagedFile(f"damaged: {self._damage}")
        return Chunk(b"", offset, offset)

    def exactly(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to ``end``, fewer if the file is shorter.

        Meant for compressed files only where it can't be helped: it unpacks them
        from the start if ``start`` was passed.
        """
        return self._bytes(start, end - start)[0]

    def _overlong(self, offset: int, limit: int, beginning: bytes) -> Chunk:
        """Go past a line that is longer than ``limit``, once its end is there."""
        position = offset + limit
        if self._endless and self._endless[0] == offset:
            position = self._endless[1]
        while True:
            data, _ended = self._bytes(position, BLOCK)
            if not data:
                self._endless = (offset, position)
                return Chunk(b"", offset, offset)
            if (place := data.find(b"\n")) >= 0:
                end = position + place + 1
                return Chunk(b"", offset, end, [(offset, end - offset, beginning)])
            position += len(data)

    def _bytes(self, offset: int, size: int) -> tuple[bytes, bool]:
        """Return up to ``size`` bytes, and whether the file ends behind them."""
        if not self.compression:
            return self._plain(offset, size)
        return self._unpacked(offset, size)

    def _plain(self, offset: int, size: int) -> tuple[bytes, bool]:
        # Opened anew each time: a path may be another file by now, and an open one
        # would keep a deleted log's disk space.
        with self.path.open("rb", buffering=0) as file:
            data = os.pread(file.fileno(), size, offset)
        return data, len(data) < size

    def _unpacked(self, offset: int, size: int) -> tuple[bytes, bool]:
        if self._stream is None or offset < self._position:
            self._open()
        while self._position < offset:
            skipped = self._next(min(BLOCK, offset - self._position))
            if not skipped:
                return b"", True
        parts, left = [], size
        while left and (data := self._next(min(BLOCK, left))):
            parts.append(data)
            left -= len(data)
        return b"".join(parts), bool(left)

    def _open(self) -> None:
        self.close()
        if self.compression == "gz":
            self._stream = gzip.open(self.path, "rb")
        else:
            self._stream = zstd.open(self.path, "rb")
        self._position = 0
        self._damage = None

    def _next(self, size: int) -> bytes:
        assert self._stream is not None
        if self._damage:
            return b""
        try:
            data = self._stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError) as error:
            self._damage = str(error) or type(error).__name__
            return b""
        self._position += len(data)
        return data


StampOf = Callable[[bytes], int | None]


def line_start_at_or_after(path: Path, target: int, stamp_of: StampOf) -> int:
    """Return where the first line of ``target`` (epoch seconds) or later begins.

    Bisects a plain file: about 30 seeks in 100 GB. Seconds may step back a little in
    a log; then the answer may be a few lines off.
    """
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while high - low > BLOCK // 16:
            middle = (low + high) // 2
            start, stamp = _stamp_after(file, middle, high, stamp_of)
            if stamp is None or stamp >= target:
                high = middle
            else:
                low = start
        return _first_at(file, low, target, stamp_of)


def _stamp_after(
    file: IO[bytes], position: int, end: int, stamp_of: StampOf
) -> tuple[int, int | None]:
    """Return start and stamp of the first line after ``position`` that has one."""
    file.seek(position)
    file.readline(BLOCK)
    while (start := file.tell()) < end:
        line = file.readline(BLOCK)
        if (stamp := stamp_of(line)) is not None:
            return start, stamp
    return end, None


def _first_at(file: IO[bytes], low: int, target: int, stamp_of: StampOf) -> int:
    file.seek(low)
    while True:
        start = file.tell()
        line = file.readline(BLOCK)
        if not line:
            return start
        stamp = stamp_of(line)
        if stamp is not None and stamp >= target:
            return start
