"""From a line of a log to the message on the socket, through all processes."""

import time
from pathlib import Path

from tests.ingest.logs import append, request
from tests.postgres import Postgres, postgres
from tests.site.listening import listener, messages
from tests.site.stack import Stack

__all__ = ["postgres"]


def check(stack: Stack, log: Path) -> None:
    stack.wait_until_up()
    with listener(stack) as socket:
        heard = messages(socket, "downloads", 15)
        now = int(time.time())
        append(log, *[request(now - n, 3_000_000) for n in range(20, 0, -1)])
        message = next(m for m in heard if m["downloads"])
        assert time.time() - now < 5
        (one,) = message["downloads"]
        assert (one["client"], one["title"]) == ("10.0.0.7", "441")
        assert one["bytes"] == 60_000_000
        assert one["bytesPerSecond"] == 3_000_000 == message["bytesPerSecond"]
        append(log, request(int(time.time()), 1))
        assert any(m["downloads"][0]["bytes"] == 60_000_001 for m in heard)


def test_what_is_logged_is_heard_by_who_listens(tmp_path: Path):
    log = tmp_path / "logs" / "access.log"
    log.parent.mkdir()
    with Stack(tmp_path / "data", LANCACHE_LOG_DIR=str(log.parent)) as stack:
        check(stack, log)


def test_on_postgres_it_is_heard_too(postgres: Postgres, tmp_path: Path):
    log = tmp_path / "logs" / "access.log"
    log.parent.mkdir()
    url = postgres.database("live")
    with Stack(
        tmp_path / "data", LANCACHE_LOG_DIR=str(log.parent), DATABASE_URL=url
    ) as stack:
        check(stack, log)
