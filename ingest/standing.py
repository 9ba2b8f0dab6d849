"""How far each datasource is read, and how fast it was of late, in few queries."""

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from downloads.models import Datasource
from ingest.models import IngestRun, LogFile

LATELY = timedelta(minutes=10)
MOST_RUNS = 500  # that are looked at: no index leads to the runs of a time
MOST_FILES = 500  # with something unread that are looked for on disk


@dataclass
class Standing:
    """What of a datasource's logs is read. Sizes are bytes, as the log has them."""

    files: int = 0
    read: int = 0
    behind: int = 0  # what was written and not yet read
    history: int = 0  # unread before where the first read began
    packed: int = 0  # compressed files with something unread: nobody knows how much
    gone: int = 0  # files that went before all of them was read
    lines_per_second: float | None = None
    bytes_per_second: float | None = None

    @property
    def unread(self) -> int:
        return self.behind + self.history

    @property
    def is_read(self) -> bool:
        return not self.unread and not self.packed

    @property
    def seconds_left(self) -> float | None:
        """How long what is unread takes at the pace of late; None if nobody knows."""
        if not self.bytes_per_second or self.packed:
            return None
        return self.unread / self.bytes_per_second


def unread(datasources: Iterable[Datasource]) -> dict[int, Standing]:
    """Return what is unread of each datasource by its primary key, in one query."""
    found = {source.pk: Standing() for source in datasources}
    _unread(LogFile.objects.filter(datasource__in=found), found)
    return found


def of(datasources: Iterable[Datasource]) -> dict[int, Standing]:
    """Return the standing of each datasource by its primary key."""
    found = unread(datasources)
    files = LogFile.objects.filter(datasource__in=found)
    position = F("history_offset") + F("offset") - F("live_start")
    sums = (
        files.order_by().values("datasource").annotate(n=Count("pk"), b=Sum(position))
    )
    for pk, number, size in sums.values_list("datasource", "n", "b"):
        found[pk].files, found[pk].read = number, size
    _lately(found)
    return found


def _unread(files: QuerySet[LogFile], found: dict[int, Standing]) -> None:
    # A compressed file's size says nothing of how much is in it.
    packed = Q(path__endswith=".gz") | Q(path__endswith=".zst")
    unread = Q(offset__lt=F("size")) | Q(history_offset__lt=F("live_start")) | packed
    rows = files.filter(unread, state=LogFile.State.READING, finished=False)
    for file in rows.order_by("-pk")[:MOST_FILES]:
        standing = found[file.datasource_id]
        if not _is_there(file):
            standing.gone += 1
        elif file.path.endswith((".gz", ".zst")):
            standing.packed += 1
        else:
            standing.behind += max(0, file.size - file.offset)
            standing.history += max(0, file.live_start - file.history_offset)


def _is_there(file: LogFile) -> bool:
    try:
        status = os.stat(file.path)  # noqa: PTH116 hundreds of them
    except OSError:
        return False
    return (status.st_ino, status.st_dev) == (file.inode, file.device)


def _lately(found: dict[int, Standing]) -> None:
    since = timezone.now() - LATELY
    sums: dict[int, list[float]] = defaultdict(lambda: [0, 0, 0])
    runs = IngestRun.objects.order_by("-id").values_list(
        "datasource", "started_at", "seconds", "lines", "bytes"
    )
    for pk, started_at, *figures in runs[:MOST_RUNS]:
        if started_at >= since:
            sums[pk] = [a + b for a, b in zip(sums[pk], figures, strict=True)]
    for pk, (seconds, lines, size) in sums.items():
        if pk in found and seconds and size:
            found[pk].lines_per_second = lines / seconds
            found[pk].bytes_per_second = size / seconds
