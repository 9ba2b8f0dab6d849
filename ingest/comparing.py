"""Whether one log is a beginning of another, told by reading each byte once."""

from dataclasses import dataclass

from ingest.discovery import Found
from ingest.fingerprints import TAIL
from ingest.reader import LineReader

BLOCK = 1 << 20
MOST_COMPARISONS = 100


def opened(found: Found) -> LineReader:
    """Return a reader of this very file, even if another lies at its path by now."""
    return LineReader(found.path, found.compression, found.inode, found.device)


def is_copy(found: Found, original: Found) -> bool:
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
