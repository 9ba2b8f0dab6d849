"""`manage.py up` has what is appended to a log within seconds, on either database."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.ingest.logs import append, request, session
from tests.postgres import Postgres, postgres
from tests.site.stack import Stack, within

__all__ = ["postgres"]
REQUESTS = "SELECT COALESCE(SUM(requests), 0) FROM downloads_download"
SESSIONS = "SELECT COUNT(*) FROM downloads_streamsession"
LINKED = f"{SESSIONS} WHERE download_id IS NOT NULL"

Ask = Callable[[str], int]


def grow(logs: Path, count: int) -> None:
    """Append ``count`` requests and a session of the same client, ended just now."""
    now = int(time.time())
    append(logs / "access.log", *[request(now - n % 20) for n in range(count)])
    append(logs / "stream-access.log", session(now, 20.0))


def check(stack: Stack, logs: Path, ask: Ask) -> None:
    grow(logs, 40)
    stack.wait_until_up()
    within(5, lambda: (ask(REQUESTS), ask(SESSIONS)) == (40, 1), "what was there")
    grow(logs, 60)
    within(5, lambda: (ask(REQUESTS), ask(SESSIONS)) == (100, 2), "what was appended")
    (logs / "access.log").rename(logs / "access.log.1")
    grow(logs, 50)
    within(5, lambda: (ask(REQUESTS), ask(SESSIONS)) == (150, 3), "what was rotated")
    within(10, lambda: ask(LINKED) == 3, "sessions linked")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    place = tmp_path / "logs"
    place.mkdir()
    return place


def test_on_sqlite(tmp_path: Path, logs: Path):
    def ask(question: str) -> int:
        database = sqlite3.connect(tmp_path / "data" / "lancache.sqlite3", timeout=5)
        try:
            return int(database.execute(question).fetchone()[0])
        finally:
            database.close()

    (tmp_path / "data").mkdir()
    with Stack(tmp_path / "data", LANCACHE_LOG_DIR=str(logs)) as stack:
        check(stack, logs, ask)
        # A minute without the database costs nothing but that.
        locked = sqlite3.connect(tmp_path / "data" / "lancache.sqlite3", timeout=20)
        locked.isolation_level = None
        locked.execute("BEGIN IMMEDIATE")
        grow(logs, 10)
        time.sleep(6)
        locked.execute("ROLLBACK")
        locked.close()
        within(30, lambda: ask(REQUESTS) == 160, "what came while it was locked")


def test_on_postgres_that_goes_away(postgres: Postgres, tmp_path: Path, logs: Path):
    url = postgres.database("up")

    def ask(question: str) -> int:
        with psycopg.connect(url) as database:
            row = database.execute(question).fetchone()
            assert row
            return int(row[0])

    with Stack(
        tmp_path / "data", LANCACHE_LOG_DIR=str(logs), DATABASE_URL=url
    ) as stack:
        check(stack, logs, ask)
        postgres.stop()
        try:
            grow(logs, 10)
            time.sleep(4)
            assert stack.process.poll() is None
        finally:
            postgres.start()
        within(30, lambda: ask(REQUESTS) == 160, "what came while it was gone")
        stack.wait_until_up()
