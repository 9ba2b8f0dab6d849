"""Files that may have something new, and in what order they are read."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.discovery import Found
from ingest.models import LogFile
from ingest.reader import LineReader


@dataclass
class Reading:
    """A file that may have something new."""

    row: LogFile
    found: Found
    reader: LineReader

    @property
    def finished(self) -> bool:
        """Whether all of it was read, as far as can be told without opening it."""
        row = self.row
        if row.history_offset < row.live_start:
            return False
        if self.found.compression:
            return row.finished
        return row.offset >= self.found.size


@dataclass
class Survey:
    """What a datasource's directory holds. ``idle``: nothing has changed in it."""

    readings: list[Reading] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    idle: bool = False

    def order(self) -> Iterator[tuple[Reading, bool]]:
        """Yield what to read, each with whether it is a file's live end.

        The newest file of each series comes first, then the history, oldest first.
        """
        newest: dict[str, Reading] = {}
        for reading in self.readings:
            best = newest.get(reading.found.series)
            if best is None or _age(reading) < _age(best):
                newest[reading.found.series] = reading
        live = {reading.row.pk for reading in newest.values()}
        yield from ((reading, True) for reading in newest.values())
        for reading in sorted(self.readings, key=_age, reverse=True):
            yield reading, False
            if reading.row.pk not in live:
                yield reading, True

    def left(self) -> int | None:
        """Return how many bytes are unread; None where a compressed file's aren't
        known."""
        if any(reading.found.compression for reading in self.readings):
            return None
        rows = [(reading.row, reading.found.size) for reading in self.readings]
        return sum(
            max(0, size - row.offset) + max(0, row.live_start - row.history_offset)
            for row, size in rows
        )


def _age(reading: Reading) -> tuple[bool, int]:
    """Order by age, the youngest first."""
    return (bool(reading.found.compression), -reading.found.mtime_ns)
