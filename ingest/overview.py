"""How reading goes, for the overview: each cache with what needs a look."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from downloads.models import Datasource
from ingest import standing
from ingest.models import LogFile, RejectedLine
from ingest.standing import Standing

LATELY = timedelta(hours=24)


@dataclass(frozen=True)
class Cache:
    """A datasource, what is unread of it, and what it rejected of late."""

    datasource: Datasource
    standing: Standing
    files: int
    rejected_lately: int  # lines kept for a look

    @property
    def unread(self) -> list[str]:
        """The names of files that look like logs and are not read, but for copies."""
        copy = LogFile.State.COPY.label
        listed = self.datasource.unread_files
        return [name for name, reason in listed if not reason.startswith(copy)]

    def seconds_behind(self, now: datetime) -> float | None:
        """Return how old the newest line is, if newer ones are waiting."""
        if not self.standing.behind or not self.datasource.newest_stamp:
            return None
        return max(0.0, now.timestamp() - self.datasource.newest_stamp)


def caches(now: datetime) -> list[Cache]:
    """Return one for each datasource, in the order of their names."""
    counted = Datasource.objects.annotate(files=Count("logfile")).order_by("name")
    sources = list(counted)
    standings = standing.unread(sources)
    # Bounded by REJECTED_LINES_KEPT for each datasource.
    rejected = dict(
        RejectedLine.objects.filter(seen_at__gte=now - LATELY)
        .order_by()
        .values_list("datasource")
        .annotate(Count("id"))
    )
    return [
        Cache(source, standings[source.pk], source.files, rejected.get(source.pk, 0))
        for source in sources
    ]
