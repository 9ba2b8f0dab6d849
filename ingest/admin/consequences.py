"""What an operation on a datasource leads to, in sentences that are read before it."""

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from downloads import quantities
from downloads.models import Datasource, Logs
from ingest import standing
from ingest.losses import Extent, extents
from ingest.standing import Standing

RESTS = "Reading of this cache rests meanwhile; others are read on."
COUNTED = "What Prometheus counts stays: a line counts once in its life."


def of_reading_now(source: Datasource) -> list[str]:
    found = _standing(source)
    lines = [f"{quantities.size(found.unread)} are known to be unread."]
    if found.packed:
        lines.append(f"So is something in {_files(found.packed)} that are compressed.")
    if not source.enabled or source.reads != Logs.BOTH:
        lines.append("What is paused stays so: what is there by now is read once.")
    return lines


def of_reading_again(source: Datasource) -> list[str]:
    """Raises DirectoryProblem where it would only forget."""
    lines = ["What the log said is forgotten, and made anew from the files on disk."]
    for logs in (Logs.ACCESS, Logs.STREAM):
        there, gone = extents(source, logs.value)
        lines.append(_of_log(logs, there, gone))
    if source.history_days is not None:
        lines.append(
            f"Only lines of the last {source.history_days:,} days are read, as is set."
        )
    return [
        *lines,
        "Downloads get other addresses: old links to them lead nowhere.",
        COUNTED,
        RESTS,
    ]


def _of_log(logs: Logs, there: Extent, gone: Extent) -> str:
    said = f"{logs.label}: {_files(there.files)}, {quantities.size(there.size)}."
    said = said[0].upper() + said[1:]
    if not gone.files:
        return f"{said} All that was read of it is still there: nothing is lost."
    when = ""
    if gone.times:
        first, last = (date_format(timezone.localtime(t), "j M Y") for t in gone.times)
        when = f" of {first}" if first == last else f" of {first} to {last}"
    return (
        f"{said} LOST FOR GOOD: what {gone.lines:,} lines{when} said, in"
        f" {_files(gone.files)} no longer on disk."
    )


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number:,} files"


def of_forgetting(source: Datasource) -> list[str]:
    found = _standing(source)
    unread = quantities.size(found.unread)
    return [
        "Of the access log: downloads and all traffic of clients and titles. Of the"
        " stream log: TLS sessions. Names of clients and titles stay.",
        "What was read is not read again: reading goes on where it stands. To have it"
        " back, ask to read again while the files are on disk.",
        f"{unread} that were not read yet will still be read."
        if found.unread
        else "What is logged from now on is read.",
        COUNTED,
        RESTS,
    ]


def of_deleting(source: Datasource) -> list[str]:
    lines = [
        "All its downloads, sessions and traffic are forgotten first, then its files,"
        " passes and rejected lines, and what Prometheus counted of it.",
        "The logs themselves stay as they are: they are never written to.",
        "Names of clients and titles stay.",
    ]
    if settings.LANCACHE_LOG_DIR and source.name == "default":
        lines.append("LANCACHE_LOG_DIR is set: the next start adds it again.")
    return lines


def of_preferring(source: Datasource, series: str) -> list[str]:
    """Raises DirectoryProblem, as of_reading_again."""
    return [
        f"From now on {series} is read, and its rivals are set aside.",
        "What was read of them is forgotten, or the same traffic would be told twice:"
        " the access log is read again from the start.",
        "Its lines have not counted for Prometheus yet: older ones count as backfill.",
        *of_reading_again(source),
    ]


PAUSING = [
    "Nothing is forgotten, and nothing that is logged meanwhile is missed as long as"
    " its file is on disk when reading goes on.",
]
GOING_ON = ["It is read from where it stood."]
READING_DAYS = [
    "It holds for both logs. Older lines that were not read yet are passed over.",
    "What was read stays. To take in what was passed over, ask to read again.",
]


def _standing(source: Datasource) -> Standing:
    return standing.of([source])[source.pk]
