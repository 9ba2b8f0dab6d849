"""Which file is it? By content, not by name: a log stays one file while it is renamed,
copied and compressed. Pure.

A known file is the one at a path if its head, the first whole lines, and its tail,
the bytes before the position it was read to, are there. Same head but shorter than
that: a copy of what was read, such as copytruncate makes. Same head with another tail:
another file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ingest.comparing import is_copy, opened
from ingest.discovery import Found
from ingest.fingerprints import (
    HEAD,
    TAIL,
    Known,
    digest,
    hash_of_head,
    head,
    same_head,
    tail_hash,
    whole_lines,
)
from ingest.reader import LineReader

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


class Outcome(Enum):
    SAME = "the known file"
    NEW = "a file that was not known"
    COPY = "a copy of what was read"
    NOTHING = "no whole line yet"


@dataclass(frozen=True)
class Assignment:
    """``known`` is the file that ``found`` is, or is a copy of."""

    found: Found
    outcome: Outcome
    known: Known | None = None


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
        data = _beginning(found, reader)
        length = whole_lines(data)
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


def _beginning(found: Found, reader: LineReader) -> bytes:
    """Return up to HEAD bytes; a packed file that has not changed is not unpacked."""
    if not found.compression:
        return reader.exactly(0, HEAD)
    key = (found.inode, found.device, found.size, found.mtime_ns)
    if key not in _beginnings:
        if len(_beginnings) >= MOST_BEGINNINGS:
            _beginnings.clear()
        _beginnings[key] = reader.exactly(0, HEAD)
    return _beginnings[key]


_beginnings: dict[tuple[int, int, int, int], bytes] = {}
MOST_BEGINNINGS = 1000


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
        if one in taken or not same_head(data, one):
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
    # None is kept of a file that is to be read again.
    return Outcome.SAME if known.tail_hash in ("", digest(tail)) else Outcome.NEW
