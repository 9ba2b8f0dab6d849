"""What reading again could not bring back: lines of files that are gone from disk."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from downloads.models import Datasource
from ingest import files, identity
from ingest.discovery import discover
from ingest.models import LogFile


@dataclass
class Extent:
    """Some files of one kind of log, and what was read of them."""

    files: int = 0
    lines: int = 0
    size: int = 0  # bytes on disk
    first: int | None = None  # epoch seconds, as last
    last: int | None = None

    def add(self, file: LogFile) -> None:
        self.files += 1
        self.lines += file.lines
        self.size += file.size
        if file.first_stamp is not None and file.last_stamp is not None:
            self.first = min(self.first or file.first_stamp, file.first_stamp)
            self.last = max(self.last or file.last_stamp, file.last_stamp)

    @property
    def times(self) -> tuple[datetime, datetime] | None:
        if self.first is None or self.last is None:
            return None
        first, last = (datetime.fromtimestamp(s, UTC) for s in (self.first, self.last))
        return first, last


def extents(source: Datasource, kind: str) -> tuple[Extent, Extent]:
    """Return what is on disk of one kind of log, and what was read and is gone.

    Raises DirectoryProblem where nothing on disk can be looked at.
    """
    found = discover(Path(source.log_directory)).files
    rows = list(LogFile.objects.filter(datasource=source, kind=kind))
    assigned = identity.assign(found, [files.known(row) for row in rows])
    here = {one.known.pk for one in assigned if one.known}
    there, gone = Extent(), Extent()
    for row in rows:
        if row.pk in here:
            there.add(row)
        elif row.lines:
            gone.add(row)
    return there, gone
