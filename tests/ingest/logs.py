"""Lines as nginx writes them, and everything that a database says of them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db.models import F, Model, Sum, Value
from django.db.models.functions import Replace

import ingest.tasks  # noqa: F401 the steps of its jobs, as a worker has them
from downloads import linking
from downloads.models import (
    Burst,
    Client,
    Counter,
    Datasource,
    Download,
    DownloadAlias,
    StreamSession,
    TrafficBucket,
    TrafficQuarter,
)
from ingest import files, passes
from ingest.models import IngestRun, LogFile, RejectedLine

NOON = 1_790_000_000  # 2026-09-21
ALL = [
    StreamSession,
    Burst,
    DownloadAlias,
    Download,
    TrafficBucket,
    TrafficQuarter,
    Counter,
    LogFile,
    IngestRun,
    RejectedLine,
    Datasource,
    Client,
]


def stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def request(
    at: int,
    size: int = 1_000_000,
    client: str = "10.0.0.7",
    depot: int = 441,
    cache: str = "HIT",
    status: int = 200,
    forwarded: str = "-",
    service: str = "steam",
    chunk: int = 0,
    seconds: float | None = None,
) -> bytes:
    timed = "" if seconds is None else f" {seconds:.3f} -"
    return (
        f"[{service}] {client} / {forwarded} - - [{stamp(at)}]"
        f' "GET /depot/{depot}/chunk/{chunk:040x} HTTP/1.1" {status} {size} "-"'
        f' "Valve/Steam HTTP Client 1.0" "{cache}" "cache1.steamcontent.com" "-"'
        f"{timed}\n"
    ).encode()


def json_request(at: int, size: int = 1_000_000, client: str = "10.0.0.7") -> bytes:
    return (
        f'{{"timestamp":"{at}.000","time_local":"{stamp(at)}",'
        f'"cache_identifier":"steam","remote_addr":"{client}","forwarded_for":"",'
        f'"remote_user":"","status":"200","bytes_sent":{size},"referer":"",'
        '"user_agent":"Valve/Steam HTTP Client 1.0","upstream_cache_status":"HIT",'
        '"host":"cache1.steamcontent.com","http_range":"","method":"GET",'
        f'"path":"/depot/441/chunk/{at:040x}","proto":"HTTP/1.1","scheme":"http"}}\n'
    ).encode()


def session(
    at: int,
    seconds: float = 5.0,
    client: str = "10.0.0.7",
    host: str = "api.steampowered.com",
    sent: int = 4000,
    received: int = 700,
    status: int = 200,
) -> bytes:
    return (
        f"{client} [{stamp(at)}] TCP {status} {sent} {received} {seconds:.3f}"
        f' "{host}"\n'
    ).encode()


def datasource(directory: Path, name: str = "hall", **fields: Any) -> Datasource:
    return Datasource.objects.create(name=name, log_directory=str(directory), **fields)


def append(path: Path, *lines: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"".join(lines))


def read(source: Datasource, **options: Any) -> passes.Pass:
    """Make one pass, as a process that has just begun would."""
    source.refresh_from_db()
    files.forget(source)
    return passes.run(source, **options)


def requests_of(source: Datasource) -> int:
    total = TrafficQuarter.objects.filter(datasource=source).aggregate(
        n=Sum("requests")
    )
    return total["n"] or 0


def clear() -> None:
    for model in ALL:
        manager: Any = model._default_manager
        manager.all()._raw_delete("default")


Rows = list[tuple[Any, ...]]


def _rows(model: type[Model], *names: str) -> Rows:
    return sorted(model._default_manager.values_list(*names), key=repr)


def snapshot() -> dict[str, Rows]:
    """Return all that the database promises for any cut, order and interleaving.

    Links are looked for first.
    """
    while linking.correlate().answered:
        pass
    sums = ("hit_bytes", "miss_bytes", "other_bytes", "requests")
    key = ("datasource__name", "client__address")
    title = ("title__service", "title__raw")
    download = ("client__address", "service", "title__raw", "started_at", "ended_at")
    counters = (
        Counter.objects.annotate(told=Replace("name", Value("backfill_"), Value("")))
        .values_list("datasource__name", "told", "service", "kind")
        .annotate(Sum("value"))
        .order_by()
    )
    return {
        "bursts": _rows(
            Burst, *key, *title, "first", "last", *sums, "failed_requests",
            "bytes_in_first_second", "bytes_in_last_second", "first_start_ms",
            "last_end_ms", "grouped", "download__started_at",
        ),
        "buckets": _rows(TrafficBucket, *key, *title, "at", *sums),
        "quarters": _rows(
            TrafficQuarter, *key, "service", "at", *sums, "failed_requests"
        ),
        "downloads": _rows(
            Download, "datasource__name", *download, *sums, "failed_requests",
            "total_bytes", "silences", "silence_seconds", "bytes_per_second",
            "hit_bytes_per_second", "miss_bytes_per_second", "peak_bytes_per_second",
            "upload_bytes_per_second", "session_seconds", "basis", "split_basis",
            "implausible",
        ),
        "sessions": _rows(
            StreamSession, *key, "service", "host", "protocol", "status", "bytes_sent",
            "bytes_received", "total_bytes", "duration", "started_at", "ended_at",
            "confidence", "unlinked", "correlated",
            *(f"download__{name}" for name in download),
        ),
        "counters": sorted(counters, key=repr),
    }  # fmt: skip


def lines_of_runs() -> tuple[int, int]:
    """Return the lines of all runs, and how many of them are accounted for."""
    found = IngestRun.objects.aggregate(
        lines=Sum("lines"),
        told=Sum(F("requests") + F("sessions") + F("skipped") + F("rejected")),
    )
    return found["lines"] or 0, found["told"] or 0
