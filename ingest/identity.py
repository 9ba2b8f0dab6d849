"""Which file is it? By content, not by name: a log stays one file while it is renamed,
copied and compressed. Pure.

A known file is the one at a path if its head, the first whole lines, and its tail,
the bytes before the position it was read to, are there. Same head but shorter than
that: a copy of what was read, such as copytruncate makes. Same head with another tail:
another file.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ingest.discovery import Found
from ingest.reader import Chunk, LineReader

HEAD = 1024
TAIL = 256
BLOCK = 1 << 20
MOST_COMPARISONS = 100


class Outcome(Enum):
    SAME = "the known file"
    NEW = "a file that was not known"
    COPY = "a copy of what was read"
    NOTHING = "no whole line yet"


@dataclass(frozen=True)
class Known:
    """What is kept of a file to know it again; ``size`` is that on disk."""

    pk: int
    path: str
    head_len: int
    head_hash: str
    offset: int
    tail_hash: str
    inode: int | None
    device: int | None
    size: int


@dataclass(frozen=True)
class Assignment:
    """``known`` is the file that ``found`` is, or is a copy of."""

    found: Found
    outcome: Outcome
    known: Known | None = None


def opened(found: Found) -> LineReader:
    """Return a reader of this very file, even if another lies at its path by now."""
    return LineReader(found.path, found.compression, found.inode, found.device)


def digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def head(reader: LineReader) -> tuple[int, str]:
    """Return length and hash of the first whole lines within HEAD bytes.

    A first line that is longer counts with its beginning. (0, "") if there is none.
    """
    data = reader.exactly(0, HEAD)
    length = data.rfind(b"\n") + 1
    if not length and len(data) == HEAD:
        length = HEAD
    return (length, digest(data[:length])) if length else (0, "")


def tail_hash(reader: LineReader, chunk: Chunk) -> str:
    """Return the hash of the TAIL bytes before a chunk's end."""
    start = max(0, chunk.end - TAIL)
    inside = chunk.data[: chunk.end - chunk.start]
    if len(inside) >= chunk.end - start and not chunk.overlong:
        return digest(inside[-(chunk.end - start) :])
    return digest(reader.exactly(start, chunk.end))


def assign(found: Sequence[Found], known: Sequence[Known]) -> list[Assignment]:
    """Tell for each file which known one it is; each known file is at one path.

    Files whose inode is known go first, then the longer of two: the other is its
    copy. Raises nothing for a file that vanished: it is NOTHING.
    """
    inodes = {(k.inode, k.device) for k in known}
    order = sorted(
        found,
        key=lambda f: (
            (f.inode, f.device) not in inodes,
            bool(f.compression),
            -f.size,
            str(f.path),
        ),
    )
    seen: list[_Seen] = []
    for file in order:
        try:
            seen += _identify(file, known, seen)
        except OSError:
            seen.append(_Seen(Assignment(file, Outcome.NOTHING), b""))
    return sorted((s.assignment for s in seen), key=lambda a: str(a.found.path))


@dataclass
class _Seen:
    """A file that was told already, and its first whole lines within HEAD bytes."""

    assignment: Assignment
    beginning: bytes

    def is_another(self, beginning: bytes) -> bool:
        """Whether it is read itself, and may have the same content."""
        if self.assignment.outcome not in (Outcome.SAME, Outcome.NEW):
            return False
        length = min(len(self.beginning), len(beginning))
        return self.beginning[:length] == beginning[:length]


def _identify(found: Found, known: Sequence[Known], seen: list[_Seen]) -> list[_Seen]:
    with opened(found) as reader:
        data = reader.exactly(0, HEAD)
        length, _hash = head(reader)
        if not length:
            return [_Seen(Assignment(found, Outcome.NOTHING), b"")]
        assignment = _among_known(found, reader, data, known, seen)
    if assignment.outcome is Outcome.SAME:
        return [_Seen(assignment, data[:length])]
    for other in seen:
        if not other.is_another(data[:length]):
            continue
        if _is_copy(found, other.assignment.found):
            copy = Assignment(found, Outcome.COPY, other.assignment.known)
            return [_Seen(copy, b"")]
        fresh = other.assignment.outcome is Outcome.NEW
        if fresh and _is_copy(other.assignment.found, found):
            other.assignment = Assignment(other.assignment.found, Outcome.COPY)
    return [_Seen(assignment, data[:length])]


def _among_known(
    found: Found,
    reader: LineReader,
    data: bytes,
    known: Sequence[Known],
    seen: list[_Seen],
) -> Assignment:
    taken = {s.assignment.known.pk for s in seen if s.assignment.known}
    shorter: Known | None = None
    for one in _by_likeness(found, known):
        same_head = (
            len(data) >= one.head_len and digest(data[: one.head_len]) == one.head_hash
        )
        if not same_head or one.pk in taken:
            continue
        likeness = _compare(found, reader, one)
        if likeness is Outcome.SAME:
            return Assignment(found, Outcome.SAME, one)
        if likeness is Outcome.COPY:
            shorter = shorter or one
    return Assignment(found, Outcome.COPY if shorter else Outcome.NEW, shorter)


def _by_likeness(found: Found, known: Sequence[Known]) -> list[Known]:
    def key(one: Known) -> tuple[bool, bool, int]:
        same_inode = (one.inode, one.device) == (found.inode, found.device)
        return (not same_inode, one.path != str(found.path), -one.offset)

    return sorted(known, key=key)


def _compare(found: Found, reader: LineReader, known: Known) -> Outcome:
    """Compare what lies before the position that ``known`` was read to."""
    unchanged = (known.inode, known.device, known.size) == (
        found.inode,
        found.device,
        found.size,
    )
    if (found.compression and unchanged) or not known.offset:
        # A finished file under whatever name: not unpacked only to see that.
        return Outcome.SAME
    start = max(0, known.offset - TAIL)
    tail = reader.exactly(start, known.offset)
    if len(tail) < known.offset - start:
        return Outcome.COPY
    return Outcome.SAME if digest(tail) == known.tail_hash else Outcome.NEW


def _is_copy(found: Found, original: Found) -> bool:
    """Whether ``found``, with the same head, is wholly a beginning of ``original``.

    Plain files are compared by their tails, as known ones are; compressed ones, whose
    length nobody knows, in full, but each byte once: such a file grows for minutes
    while it is made, and may lie beside its original for good.
    """
    key = (found.inode, found.device, original.inode, original.device)
    comparison = _comparisons.pop(key, None)
    if comparison is None or comparison.size > found.size:
        comparison = _Comparison()
    # The least lately used goes first.
    _comparisons[key] = comparison
    while len(_comparisons) > MOST_COMPARISONS:
        del _comparisons[next(iter(_comparisons))]
    if (found.size, found.mtime_ns) != (comparison.size, comparison.mtime_ns):
        comparison.go_on(found, original)
    return comparison.same


@dataclass
class _Comparison:
    """How far a file was found to be a beginning of another."""

    size: int = 0
    mtime_ns: int = 0
    position: int = 0
    same: bool = True
    reader: LineReader | None = None

    def go_on(self, found: Found, original: Found) -> None:
        if self.reader is None or self.reader.path != found.path:
            self.reader = opened(found)
        one = self.reader
        if not found.compression:
            self.position = max(0, found.size - TAIL)
        with opened(original) as other:
            while self.same and (
                data := one.exactly(self.position, self.position + BLOCK)
            ):
                end = self.position + len(data)
                self.same = other.exactly(self.position, end) == data
                self.position = end
        one.release()
        self.size, self.mtime_ns = found.size, found.mtime_ns


_comparisons: dict[tuple[int, int, int, int], _Comparison] = {}
