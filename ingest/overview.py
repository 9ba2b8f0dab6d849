"""How far reading is, for the overview."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce, Greatest

from downloads.models import Datasource
from ingest.models import LogFile, RejectedLine

LATELY = timedelta(hours=24)


@dataclass(frozen=True)
class Standing:
    """Where reading one datasource stands, as of the last look at its directory."""

    datasource: Datasource
    files: int
    bytes_behind: int  # what was written and not yet read
    history_bytes: int  # before where the first read began
    compressed_waiting: int  # files, whose bytes nobody knows before they are read
    rejected_lately: int  # lines kept for a look

    @property
    def unread(self) -> list[str]:
        """The names of files that look like logs and are not read, but for copies."""
        copy = LogFile.State.COPY.label
        listed = self.datasource.unread_files
        return [name for name, reason in listed if not reason.startswith(copy)]

    def seconds_behind(self, now: datetime) -> float | None:
        """Return how old the newest line is, if newer ones are waiting."""
        if not self.bytes_behind or not self.datasource.newest_stamp:
            return None
        return max(0.0, now.timestamp() - self.datasource.newest_stamp)


def standings(now: datetime) -> list[Standing]:
    """Return one for each datasource, in the order of their names."""
    waiting = Q(logfile__state=LogFile.State.READING, logfile__finished=False)
    compressed = Q(logfile__path__endswith=".gz") | Q(logfile__path__endswith=".zst")
    plain = waiting & ~compressed
    zero = Coalesce(0, 0)
    sources = Datasource.objects.annotate(
        files=Count("logfile"),
        compressed_waiting=Count("logfile", filter=waiting & compressed),
        bytes_behind=Coalesce(
            Sum(
                Greatest(zero, F("logfile__size") - F("logfile__offset")), filter=plain
            ),
            0,
        ),
        history_bytes=Coalesce(
            Sum(
                Greatest(zero, F("logfile__live_start") - F("logfile__history_offset")),
                filter=plain,
            ),
            0,
        ),
    )
    # Bounded by REJECTED_LINES_KEPT for each datasource.
    rejected = dict(
        RejectedLine.objects.filter(seen_at__gte=now - LATELY)
        .order_by()
        .values_list("datasource")
        .annotate(Count("id"))
    )
    return [
        Standing(
            datasource=source,
            files=source.files,
            bytes_behind=source.bytes_behind,
            history_bytes=source.history_bytes,
            compressed_waiting=source.compressed_waiting,
            rejected_lately=rejected.get(source.pk, 0),
        )
        for source in sources.order_by("name")
    ]
