"""What it costs to export a million downloads from a real web server: how soon the
first bytes come, how long all of them take, and how much memory grows meanwhile."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.benchmarks import process
from tests.site.stack import free_port

DOWNLOADS = 1_000_000
MOST_GROWTH = 30  # MB
FILL = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lancache_site.settings")
import django; django.setup()
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from downloads.models import Download
from tests import rows

one = rows.download(client=rows.client(name="Mia", person="Family"))
columns = [f.column for f in Download._meta.concrete_fields if not f.primary_key]
names = ", ".join(columns)
with connection.cursor() as cursor:
    cursor.execute(
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
        f" INSERT INTO downloads_download ({names}) SELECT {names} FROM n,"
        " downloads_download WHERE id = %s", [int(sys.argv[1]), one.pk])
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
user = User.objects.create_superuser("operator")
session = SessionStore()
session["_auth_user_id"] = str(user.pk)
session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
session["_auth_user_hash"] = user.get_session_auth_hash()
session.create()
print(session.session_key)
"""


def main() -> None:
    with process.workplace() as place:
        data = process.migrated(place / "data")
        key = process.run(["-c", FILL, str(DOWNLOADS)], data).output.split()[-1]
        with _web(data) as (url, web):
            _fetch(f"{url}/admin/downloads/download/export/csv/?q=nobody", key, web)
            for kind in ("csv", "json"):
                export = f"{url}/admin/downloads/download/export/{kind}/"
                before = web.memory_info().rss
                first, took, size, peak = _fetch(export, key, web)
                growth = (peak - before) / 1e6
                assert growth < MOST_GROWTH, f"{growth:.0f} MB more"
                print(
                    f"export: {DOWNLOADS:,} downloads as {kind}, {size / 1e6:.0f} MB:"
                    f" the first bytes after {1000 * first:.0f} ms, all after"
                    f" {took:.0f} s; memory grew by {growth:.1f} MB at most, to"
                    f" {peak / 1e6:.0f} MB (at most {MOST_GROWTH} more)"
                )
        journal = (data / "lancache.sqlite3-wal").stat()
        print(f"export: SQLite's journal is {journal.st_size / 1e6:.1f} MB after it")


@contextmanager
def _web(data: Path) -> Iterator[tuple[str, psutil.Process]]:
    port = free_port()
    server = subprocess.Popen(
        [
            sys.executable, "-m", "uvicorn", "lancache_site.asgi:application",
            "--port", str(port), "--log-level", "warning", "--lifespan", "off",
        ],
        cwd=process.ROOT,
        env=os.environ | {"DATA_DIR": str(data)},
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{url}/admin/login/", timeout=5).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield url, psutil.Process(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


def _fetch(
    url: str, session: str, web: psutil.Process
) -> tuple[float, float, int, int]:
    """Return seconds to the first row and to the end, bytes, and the peak in bytes."""
    request = urllib.request.Request(url, headers={"Cookie": f"sessionid={session}"})
    began = time.monotonic()
    size, peak, first, end = 0, 0, 0.0, b""
    with urllib.request.urlopen(request, timeout=60) as response:
        while chunk := response.read1(1 << 20):
            first = first or time.monotonic() - began
            size += len(chunk)
            end = chunk[-64:]
            peak = max(peak, web.memory_info().rss)
    assert size < 10_000 or end.endswith((b"\r\n", b"]\n")), end
    return first, time.monotonic() - began, size, peak


if __name__ == "__main__":
    main()
