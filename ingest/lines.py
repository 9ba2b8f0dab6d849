"""Cutting a source of bytes into whole lines. Pure.

What a chunk holds depends on the file alone where it matters: a line is over-long
because of its length, never because of where a read happened to begin.
"""

from dataclasses import dataclass, field

from ingest.opening import Packed, Plain

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


def lines(source: Plain | Packed, offset: int, end: int) -> Chunk | None:
    """Return the lines in [offset, end); None if not even the first ends there."""
    cut = _last_line_end(source, offset, end)
    if cut <= offset:
        return None
    data = source.pread(cut - offset, offset)
    if not data.endswith(b"\n"):  # truncated while we looked
        data = data[: data.rfind(b"\n") + 1]
    return _to_first_overlong(data, offset) if data else None


def _last_line_end(source: Plain | Packed, offset: int, end: int) -> int:
    """Look backwards, so that what is read of 16 MB needs no cutting, no copy."""
    size = PEEK
    while end > offset:
        begin = max(offset, end - size)
        place = source.pread(end - begin, begin).rfind(b"\n")
        if place >= 0:
            return begin + place + 1
        end, size = begin, MAX_LINE
    return offset


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


class LongLine:
    """The search for the end of the one line that begins at ``start``.

    How far was looked is remembered: a line that grows is not looked at twice.
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self.looked = start
        self.beginning = b""

    def chunk(self, source: Plain | Packed, stop: int | None) -> Chunk:
        """Return the line when it is whole, until then nothing.

        It is whole without a newline, too, at the end of a file that is finished.
        """
        end = self._newline(source, stop)
        if end is not None:
            return self._taken(source, end - 1, end)
        if self.looked > self.start and _ends_at(source, self.looked):
            return self._taken(source, self.looked, self.looked)
        return Chunk(b"", self.start, self.start)

    def _newline(self, source: Plain | Packed, stop: int | None) -> int | None:
        """Return the position after the next newline; None if there is none yet."""
        while stop is None or self.looked < stop:
            size = BLOCK if stop is None else min(BLOCK, stop - self.looked)
            data = source.pread(size, self.looked)
            if not data:
                break
            self.beginning += data[: max(0, BEGINNING - len(self.beginning))]
            place = data.find(b"\n")
            if place >= 0:
                return self.looked + place + 1
            self.looked += len(data)
            if self.looked - self.start > 2 * MAX_LINE:
                source.trim(self.looked)
        return None

    def _taken(self, source: Plain | Packed, end: int, after: int) -> Chunk:
        start, length = self.start, end - self.start
        if length > MAX_LINE:
            line = (start, after - start, self.beginning)
            return Chunk(b"", start, after, [line])
        data = source.pread(length, start)
        if len(data) < length:  # truncated while we looked
            return Chunk(b"", start, start)
        return Chunk(data + b"\n", start, after)


def _ends_at(source: Plain | Packed, position: int) -> bool:
    """Whether nothing comes at ``position``, now or later."""
    return source.reach(position + 1) == position and source.finished
