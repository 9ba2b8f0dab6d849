"""How long forgetting a cache takes, and how long writes for another one wait."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.benchmarks.process import ROOT, migrated, workplace

DOWNLOADS, SESSIONS, BUCKETS = 200_000, 1_000_000, 1_000_000
FACTS = "1000, 0, 0, 1"
# Each with the rows that a download has of it, of one client and one title.
FILL = (
    "INSERT INTO downloads_datasource (id, name, log_directory, enabled, reads,"
    " trusted_proxies, preferred_series, forgetting, last_error, unread_files,"
    " newest_stamp) VALUES (1, 'hall', '/srv/hall', 1, 'both', '', '', '', '', '[]',"
    " 0)",
    "INSERT INTO downloads_client (id, address, name, person, hidden, excluded)"
    " VALUES (1, '10.0.0.7', '', '', 0, 0)",
    "INSERT INTO downloads_title (id, service, raw, name) VALUES (1, 'steam', '1', '')",
)
EACH = (
    (DOWNLOADS, "downloads_download (datasource_id, client_id, service, title_id,"
     " started_at, ended_at, requests, failed_requests, hit_bytes, miss_bytes,"
     " other_bytes, total_bytes, silences, silence_seconds, basis, split_basis,"
     " implausible, session_seconds)",
     "1, 1, 'steam', 1, '2026-01-01', '2026-01-01', 1, 0, 1, 1, 1, 3, 0, 0, 'stamps',"
     " 'mixed', 0, 1.0"),
    (DOWNLOADS, "downloads_burst (datasource_id, client_id, title_id, first, last,"
     " hit_bytes, miss_bytes, other_bytes, requests, failed_requests,"
     " bytes_in_first_second, bytes_in_last_second, download_id, grouped)",
     "1, 1, 1, n, n, 1, 1, 1, 1, 0, 1, 1, n, 1"),
    (SESSIONS, "downloads_streamsession (datasource_id, client_id, service, host,"
     " protocol, status, bytes_sent, bytes_received, total_bytes, ended_at,"
     " download_id, unlinked, correlated)",
     f"1, 1, 'steam', 'h', 'TCP', 200, 1, 1, 2, '2026-01-01', n % {DOWNLOADS} + 1,"
     " '', 1"),
    (BUCKETS, "downloads_trafficbucket (datasource_id, client_id, title_id, at,"
     " hit_bytes, miss_bytes, other_bytes, requests)", f"1, 1, 1, n * 10, {FACTS}"),
)  # fmt: skip
FORGET = """
import os, time, django
django.setup()
import ingest.tasks
from downloads import jobs
from downloads.models import Datasource, Job
from ingest import operations
job = operations.ask(Job.Kind.FORGET_DATASOURCE, Datasource.objects.get(), remove=True)
while job.is_open:
    jobs.run(time.monotonic() + 2)
    job.refresh_from_db()
assert job.state == "done", job.outcome
"""


def main() -> None:
    with workplace() as place:
        database = migrated(place) / "lancache.sqlite3"
        _fill(database)
        waits: list[float] = []
        stop = threading.Event()
        other = threading.Thread(target=_write_beside, args=(database, waits, stop))
        other.start()
        began = time.perf_counter()
        _forget(place)
        seconds = time.perf_counter() - began
        stop.set()
        other.join()
    rows = 2 * DOWNLOADS + SESSIONS + BUCKETS
    print(f"forgetting {rows:,} rows: {seconds:.1f} s, {seconds / rows * 1e6:.1f} s/M")
    print(f"another cache's writes wait {max(waits) * 1000:.0f} ms at most,", end=" ")
    print(f"{sorted(waits)[len(waits) // 2] * 1000:.0f} ms in the median")


def _fill(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        for statement in FILL:
            connection.execute(statement)
        for number, table, values in EACH:
            connection.execute(
                f"WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1"
                f" FROM count WHERE n < {number}) INSERT INTO {table}"
                f" SELECT {values} FROM count"
            )


def _write_beside(database: Path, waits: list[float], stop: threading.Event) -> None:
    """Take the lock that recording takes, ten times a second."""
    connection = sqlite3.connect(database, timeout=20, isolation_level=None)
    while not stop.wait(0.1):
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE downloads_client SET name = 'x' WHERE id = 1")
        connection.execute("COMMIT")
        waits.append(time.perf_counter() - began)
    connection.close()


def _forget(place: Path) -> None:
    environment = os.environ | {
        "DATA_DIR": str(place),
        "DJANGO_SETTINGS_MODULE": "lancache_site.settings",
    }
    subprocess.run(
        [sys.executable, "-c", FORGET], cwd=ROOT, env=environment, check=True
    )


if __name__ == "__main__":
    main()
