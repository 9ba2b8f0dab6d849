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

from ingest.comparing import is_copy, opened
from ingest.discovery import Found
from ingest.reader import Chunk, LineReader

__all__ = [
    "HEAD",
    "TAIL",
    "Assignment",
    "Known",
    "Outcome",
    "assign",
    "digest",
    "hash_of_head",
    "head",
    "opened",
    "tail_hash",
]

HEAD = 1024
TAIL = 256


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
    live_start: int = 0
    history_offset: int = 0

    @property
    def has_history(self) -> bool:
        """Whether something before its live end was not read yet."""
        return self.history_offset < self.live_start


@dataclass(frozen=True)
class Assignment:
    """``known`` is the file that ``found`` is, or is a copy of."""

    found: Found
    outcome: Outcome
    known: Known | None = None


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
    return (length, hash_of_head(data[:length])) if length else (0, "")


def hash_of_head(beginning: bytes) -> str:
    """Hash the first line, and all of it: a copy may end before ``beginning`` does."""
    return _first_line_hash(beginning) + digest(beginning)


def _first_line_hash(beginning: bytes) -> str:
    line, newline, _ = beginning.partition(b"\n")
    return digest(line + newline)[:16]


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
    _leave_history(seen)
    return sorted((s.assignment for s in seen), key=lambda a: str(a.found.path))


def _leave_history(seen: "list[_Seen]") -> None:
    """Let the longest copy stand for a file that is gone with its history unread."""
    here = {s.assignment.known for s in seen if s.assignment.outcome is Outcome.SAME}
    copies = [s for s in seen if s.assignment.outcome is Outcome.COPY]
    copies.sort(
        key=lambda s: (bool(s.assignment.found.compression), -s.assignment.found.size)
    )
    for copy in copies:
        found, known = copy.assignment.found, copy.assignment.known
        if known is not None and known.has_history and known not in here:
            copy.assignment = Assignment(found, Outcome.SAME, known)
            here.add(known)


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
        if is_copy(found, other.assignment.found):
            copy = Assignment(found, Outcome.COPY, other.assignment.known)
            return [_Seen(copy, b"")]
        fresh = other.assignment.outcome is Outcome.NEW
        if fresh and is_copy(other.assignment.found, found):
            other.assignment = Assignment(other.assignment.found, Outcome.COPY)
    return [_Seen(assignment, data[:length])]


def _among_known(
    found: Found,
    reader: LineReader,
    data: bytes,
    known: Sequence[Known],
    seen: list[_Seen],
) -> Assignment:
    taken = {s.assignment.known for s in seen if s.assignment.outcome is Outcome.SAME}
    shorter: Known | None = None
    for one in _by_likeness(found, known):
        if one in taken or not _same_head(data, one):
            continue
        likeness = _compare(found, reader, one)
        if likeness is Outcome.SAME:
            return Assignment(found, Outcome.SAME, one)
        if likeness is Outcome.COPY:
            shorter = shorter or one
    return Assignment(found, Outcome.COPY if shorter else Outcome.NEW, shorter)


def _same_head(data: bytes, known: Known) -> bool:
    """Whether ``data`` begins as ``known`` does, as far as it goes.

    Of a file shorter than the known head only the first line can be compared. Another
    file with that line is taken for a copy, then, until it has grown past that head.
    """
    if len(data) >= known.head_len:
        return hash_of_head(data[: known.head_len]) == known.head_hash
    return known.head_hash.startswith(_first_line_hash(data))


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
