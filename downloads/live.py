"""What runs now: the message "downloads" of the websocket, version 1.

    {"v": 1, "type": "downloads", "at": epoch seconds, "bytesPerSecond", "more",
     "downloads": [{"id", "url", "client": address, "clientName", "service", "title",
     "startedAt": ISO 8601 Z, "bytes", "hitShare": 0..1, "bytesPerSecond",
     "hitBytesPerSecond", "missBytesPerSecond", "silentSeconds", "expectedBytes",
     "secondsLeft"}]}

The fastest come first, at most 50; ``more`` run and are not shown. The sum is that of
all, without clients that are left out of statistics; hidden ones count, and are named
nowhere. Null is unknown: rates of a download that logged nothing of late, as a single
long GET does, and "hitShare" where neither hits nor misses were logged.
``expectedBytes`` is the most that a download of the title came to, null if that is no
more than there is already; ``secondsLeft`` is a guess from it.

Rates are those of the last ten seconds that are complete, see downloads.logtime, and
come from buckets: ``Live().message(now)`` tells them to whoever asks.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Subquery

from bandwidth.messages import VERSION, Message
from downloads import bulk
from downloads.groups import LONGEST_SILENCE, game
from downloads.logtime import SECONDS, LogTime, LogTimes
from downloads.models import Burst, Datasource, Download, Title, TrafficBucket

SHOWN = 50
# The worker does not load the pages: a test holds this to their address.
URL = "/admin/downloads/download/{}/change/"
# Of a title, the latest first: so many downloads are looked through for its largest,
# once while it runs.
LOOKED_THROUGH = 10_000
_DOWNLOAD, _TITLE = Download._meta.db_table, Title._meta.db_table
_LARGEST = (
    "SELECT t.id, (SELECT COALESCE(MAX(total_bytes), 0) FROM (SELECT d.total_bytes"
    f" FROM {_DOWNLOAD} d WHERE d.title_id = t.id ORDER BY d.started_at DESC"
    f" LIMIT {LOOKED_THROUGH}) latest) FROM {_TITLE} t WHERE t.id IN"
)
# (datasource, client, service, game)
Key = tuple[int, int, str, str]


class Row(NamedTuple):
    """A download as it is stored, and whose it is."""

    pk: int
    datasource: int
    client: int
    service: str
    title: int
    title_name: str
    title_raw: str
    started_at: datetime
    ended_at: datetime
    hit_bytes: int
    miss_bytes: int
    total_bytes: int
    address: str
    client_name: str
    person: str
    hidden: bool
    excluded: bool

    @property
    def key(self) -> Key:
        title = game(self.title_name, self.title_raw)
        return self.datasource, self.client, self.service, title


@dataclass(slots=True)
class Moved:
    """Bytes of the last ten seconds."""

    total: float = 0
    hit: float = 0
    miss: float = 0


@dataclass(frozen=True, slots=True)
class Running:
    row: Row
    silent_seconds: int
    moved: Moved

    @property
    def bytes_per_second(self) -> int | None:
        return _per_second(self.moved.total) if self.moved.total else None


class Live:
    """Looks at what runs, again and again: it knows each log's time, and how much the
    titles that run may come to."""

    def __init__(self) -> None:
        self._times = LogTimes()
        self._largest: dict[int, int] = {}

    def message(self, now: float, held_back: Container[int] = ()) -> Message:
        """Return what runs at ``now``, in epoch seconds; see LogTimes.at."""
        newest = Datasource.objects.values_list("pk", "newest_stamp")
        times = self._times.at(dict(newest), now, held_back)
        rows = _rows(times)
        running = at_work(rows, _moved(times) if rows else {}, times)
        shown = [one for one in running if not one.row.hidden][:SHOWN]
        self._look_up({one.row.title for one in shown if one.row.key[-1]})
        return message(now, running, shown, self._largest)

    def _look_up(self, titles: set[int]) -> None:
        """Know the largest download of each of ``titles``, and of no other."""
        known = {pk: self._largest[pk] for pk in titles & self._largest.keys()}
        self._largest = known | dict(bulk.rows(_LARGEST, sorted(titles - known.keys())))


def at_work(
    rows: Iterable[Row], moved: dict[Key, Moved], times: dict[int, LogTime]
) -> list[Running]:
    """Return those of ``rows`` that run by their own log's time, the fastest first.

    A silence is no end until it is one that parts two downloads. Those without a rate
    come last, who spoke last before the others.
    """
    running = []
    for row in rows:
        if row.total_bytes and (time := times.get(row.datasource)):
            silent = max(0, int(time.now - row.ended_at.timestamp()))
            if silent < LONGEST_SILENCE:
                running.append(Running(row, silent, moved.get(row.key) or Moved()))
    return sorted(
        running, key=lambda one: (-one.moved.total, one.silent_seconds, one.row.pk)
    )


def message(
    now: float,
    running: Sequence[Running],
    shown: Sequence[Running],
    largest: dict[int, int],
) -> Message:
    total = sum(one.moved.total for one in running if not one.row.excluded)
    return {
        "v": VERSION,
        "type": "downloads",
        "at": round(now, 3),
        "bytesPerSecond": _per_second(total),
        "more": len(running) - len(shown),
        "downloads": [_told(one, largest.get(one.row.title, 0)) for one in shown],
    }


def _told(one: Running, largest: int) -> dict[str, Any]:
    row, rate = one.row, one.bytes_per_second
    split = row.hit_bytes + row.miss_bytes
    left = max(0, largest - row.total_bytes)
    return {
        "id": row.pk,
        "url": URL.format(row.pk),
        "client": row.address,
        "clientName": row.client_name or row.person,
        "service": row.service,
        "title": row.title_name or row.title_raw,
        "startedAt": row.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "bytes": row.total_bytes,
        "hitShare": round(row.hit_bytes / split, 4) if split else None,
        "bytesPerSecond": rate,
        "hitBytesPerSecond": None if rate is None else _per_second(one.moved.hit),
        "missBytesPerSecond": None if rate is None else _per_second(one.moved.miss),
        "silentSeconds": one.silent_seconds,
        "expectedBytes": largest if left else None,
        "secondsLeft": round(left / rate) if left and rate else None,
    }


def _per_second(size: float) -> int:
    return round(size / SECONDS)


def _rows(times: dict[int, LogTime]) -> list[Row]:
    """Return the downloads that may run. By their end alone: with a datasource or a
    size to go by, SQLite would walk all it ever had."""
    if not times:
        return []
    since = min(time.now for time in times.values()) - LONGEST_SILENCE
    found = Download.objects.filter(ended_at__gt=bulk.moment(since))
    return [
        Row(*row)
        for row in found.values_list(
            "pk", "datasource_id", "client_id", "service", "title_id", "title__name",
            "title__raw", "started_at", "ended_at", "hit_bytes", "miss_bytes",
            "total_bytes", "client__address", "client__name", "client__person",
            "client__hidden", "client__excluded",
        )
    ]  # fmt: skip


def _moved(times: dict[int, LogTime]) -> dict[Key, Moved]:
    """Return what the last ten seconds of each log brought, by game and client."""
    first = min(time.first_bucket for time in times.values())
    last_second = Burst.objects.filter(
        datasource=OuterRef("datasource"),
        client=OuterRef("client"),
        title=OuterRef("title"),
        last=OuterRef("datasource__newest_stamp"),
    ).values("bytes_in_last_second")[:1]
    moved: dict[Key, Moved] = defaultdict(Moved)
    for source, client, service, name, raw, at, last, total, hit, miss in (
        TrafficBucket.objects.filter(at__gte=first)
        .annotate(last_second=Subquery(last_second))
        .values_list(
            "datasource_id", "client_id", "title__service", "title__name",
            "title__raw", "at", "last_second",
            F("hit_bytes") + F("miss_bytes") + F("other_bytes"), "hit_bytes",
            "miss_bytes",
        )
    ):  # fmt: skip
        time = times.get(source)
        if time and total and (share := time.share(at, total, last or 0)):
            sums = moved[source, client, service, game(name, raw)]
            sums.total += share * total
            sums.hit += share * hit
            sums.miss += share * miss
    return moved
