"""What is kept of a log to know it again: hashes of its head and of its tail.

The head are the first whole lines, growing up to HEAD bytes; the tail are the TAIL
bytes before the position that it was read to.
"""

import hashlib
from dataclasses import dataclass

from ingest.reader import Chunk, LineReader

HEAD = 1024
TAIL = 256


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


def digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def head(reader: LineReader) -> tuple[int, str]:
    """Return length and hash of the first whole lines within HEAD bytes.

    A first line that is longer counts with its beginning. (0, "") if there is none.
    """
    data = reader.exactly(0, HEAD)
    length = whole_lines(data)
    return (length, hash_of_head(data[:length])) if length else (0, "")


def whole_lines(data: bytes) -> int:
    """Return how much of a file's first HEAD bytes is its head; 0 if nothing is."""
    length = data.rfind(b"\n") + 1
    return HEAD if not length and len(data) == HEAD else length


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


def same_head(data: bytes, known: Known) -> bool:
    """Whether ``data`` begins as ``known`` does, as far as it goes.

    Of a file shorter than the known head only the first line can be compared. Another
    file with that line is taken for a copy, then, until it has grown past that head.
    """
    if len(data) >= known.head_len:
        return hash_of_head(data[: known.head_len]) == known.head_hash
    return known.head_hash.startswith(_first_line_hash(data))
