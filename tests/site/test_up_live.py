"""Live bandwidth under `manage.py up`, whose broker is killed while all of it runs."""

import json
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.ingest.logs import append, request
from tests.site.stack import Stack, manage, within

SIGN_IN = """
from django.contrib.auth.models import User
from django.test import Client
browser = Client()
browser.force_login(User.objects.get())
print(browser.cookies["sessionid"].value)
"""
REQUESTS = "SELECT COALESCE(SUM(requests), 0) FROM downloads_download"
# The milliseconds that stored bytes stand for, and the readings of them.
COVERED = """
SELECT SUM(covered_ms), SUM(samples) FROM bandwidth_bandwidthsample
WHERE seconds = 10
"""


def ask(data: Path, question: str) -> tuple[Any, ...]:
    with closing(sqlite3.connect(data / "lancache.sqlite3", timeout=5)) as database:
        row: tuple[Any, ...] = database.execute(question).fetchone()
        return row


@contextmanager
def listening(stack: Stack) -> Iterator[ClientConnection]:
    code, said, errors = manage(stack.data_dir, "shell", "-v0", "-c", SIGN_IN)
    assert code == 0, errors
    address = f"127.0.0.1:{stack.port}"
    headers = {"Cookie": f"sessionid={said.split()[-1]}", "Origin": f"http://{address}"}
    with connect(
        f"ws://{address}/ws/bandwidth/", additional_headers=headers
    ) as websocket:
        yield websocket


def next_sample(websocket: ClientConnection, after: float) -> float:
    """Return when the first sample was made that was made after that."""
    at = 0.0
    while at <= after:
        message = json.loads(websocket.recv(timeout=30))
        at = message["at"] if message["type"] == "sample" else 0.0
    return at


def test_a_killed_broker_costs_no_byte_and_no_line(tmp_path: Path):
    data, logs = tmp_path / "data", tmp_path / "logs"
    logs.mkdir()
    append(logs / "access.log", request(int(time.time())))
    settings = {"LANCACHE_LOG_DIR": str(logs), "BANDWIDTH_SAMPLE_INTERVAL": "500"}
    with Stack(data, **settings) as stack:
        stack.wait_until_up()
        with listening(stack) as websocket:
            snapshot = json.loads(websocket.recv(timeout=10))
            # A source that answers the first tick late is in the message after it.
            first = next(one["at"] for one in snapshot["samples"] if one["interfaces"])
            next_sample(websocket, time.time())
            before = [
                stack.child(word)
                for word in ("lancache_site.worker", "sample_bandwidth")
            ]
            stack.child("valkey-server").kill()
            killed = time.time()
            append(logs / "access.log", *[request(int(killed))] * 9)
            # Over the same websocket: whoever looks on need not even join again.
            last = next_sample(websocket, killed + 2)
        within(60, lambda: ask(data, REQUESTS) == (10,), "what was appended")
        assert all(one.is_running() for one in before)
        assert "broker was killed by SIGKILL" in stack.output
        stack.stop(signal.SIGTERM)
        covered, samples = ask(data, COVERED)
    # Without a gap: what stands for no time would be bytes that nobody counted. The
    # last reading may have come late, too.
    assert covered >= 1000 * (last - first) - 600
    assert covered <= 1000 * (time.time() - first)
    assert samples >= 1.8 * (last - first) - 1
