"""What 500 open live pages cost, and how soon each has every sample: real websockets
against the real server, the sampler and a Valkey, over loopback. Then all leave."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis

from tests.benchmarks import live, process
from tests.site.stack import free_port

LISTENERS = 500
LISTENING = (sys.executable, "-m", "tests.benchmarks.listening")
SECONDS = 60
SETTLED = 3  # seconds: what joining or leaving costs is over
SIGN_IN = """
from django.contrib.auth.models import User
from django.test import Client
browser = Client()
browser.force_login(User.objects.create_user("mia"))
print(browser.cookies["sessionid"].value)
"""


class Clients:
    """All listeners, in a process of their own."""

    def __init__(self, address: str, cookie: str) -> None:
        self._process = subprocess.Popen(
            [*LISTENING, address, cookie, str(LISTENERS)],
            cwd=process.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.hear("joined")

    def ask(self) -> list[tuple[float, float]]:
        """Return of every sample of every client when it was made, and its delay."""
        self._say()
        assert self._process.stdout
        answer: list[tuple[float, float]] = json.loads(self._process.stdout.readline())
        return answer

    def leave(self) -> None:
        self._say()
        self.hear("gone")
        if self._process.wait(20):
            raise RuntimeError("the listeners failed")

    def hear(self, word: str) -> None:
        assert self._process.stdout
        if (said := self._process.stdout.readline().strip()) != word:
            raise RuntimeError(f"the listeners said {said!r}, not {word!r}")

    def _say(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()


@dataclass(frozen=True)
class Live:
    """Everything that a live page needs, as it runs."""

    url: str  # of the Valkey
    address: str  # of the websocket
    cookie: str
    web: psutil.Process


@dataclass(frozen=True)
class Told:
    """``delays``: sorted seconds of what was heard, out of the ``due`` samples."""

    delays: list[float]
    due: int
    cpu: float  # percent of a core
    megabytes: float
    joining: float  # seconds until all had their snapshots


def main() -> None:
    with process.workplace() as place:
        with ExitStack() as stack:
            live_ = started(place, stack)
            alone = live.pss(live_.web)
            told = listened(live_, SECONDS)
            after, groups = live.pss(live_.web), left_over(live_.url)
            # What was not given back may be kept for the next ones: it must not add up.
            listened(live_, SETTLED)
            again = live.pss(live_.web)
        errors = [one for name in ("web", "sampler") for one in wrong(place / name)]
    heard = 100 * len(told.delays) / told.due
    print(
        f"listeners: {LISTENERS} had {heard:.2f} % of {told.due:,} samples (at least"
        f" 99.9), the 99th percentile after {_percentile(told.delays, 99):.0f} ms (at"
        f" most 500), the median after {_percentile(told.delays, 50):.0f} ms; web took"
        f" {told.cpu:.1f} % of a core (under 30) and {told.megabytes:.0f} MB (under"
        f" 200), {alone:.0f} MB before they came, {after:.0f} MB after they left at"
        f" once, {again:.0f} MB after others came and left; all had joined after"
        f" {told.joining:.1f} s; {groups} subscriptions left, {len(errors)} errors"
        f" logged; the machine's load is {os.getloadavg()[0]:.1f}"
    )
    if errors:
        print("\n".join(errors[:20]))


def started(place: Path, stack: ExitStack) -> Live:
    url = stack.enter_context(live.broker(place))
    data, port = live.migrated(place), free_port()
    cookie = f"sessionid={live.python(data, SIGN_IN).splitlines()[-1]}"
    where = {"DATA_DIR": str(data), "REDIS_URL": url, "HOST": "127.0.0.1"}
    where["PORT"] = str(port)
    commands = live.commands(data, **where)
    for name in ("sampler", "web"):
        child = live.started(commands[name], place / name, **where)
        web = stack.enter_context(child)
    wait_for(port)
    live.fill_ten_minutes(url)
    return Live(url, f"ws://127.0.0.1:{port}/ws/bandwidth/", cookie, web)


def listened(live_: Live, seconds: float) -> Told:
    """Let all come, listen for so long, and leave at once."""
    coming = time.monotonic()
    clients = Clients(live_.address, live_.cookie)
    joining = time.monotonic() - coming
    time.sleep(SETTLED)
    began, cost = time.time(), live.cpu(live_.web)
    time.sleep(seconds)
    ended, cost = time.time(), live.cpu(live_.web) - cost
    memory = live.pss(live_.web)
    time.sleep(SETTLED)  # the last sample has come
    heard = clients.ask()
    made = [json.loads(text)["at"] for text in live.samples(live_.url)]
    clients.leave()
    time.sleep(SETTLED)
    return Told(
        sorted(delay for at, delay in heard if began <= at < ended),
        LISTENERS * sum(began <= at < ended for at in made),
        100 * cost / (ended - began),
        memory,
        joining,
    )


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/login/", timeout=5)
            return
        time.sleep(0.1)
    raise RuntimeError("the web does not answer")


def subscriptions(url: str) -> int:
    with redis.from_url(url) as client:
        channels = client.pubsub_channels("*")
    assert isinstance(channels, list)
    return len(channels)


def left_over(url: str) -> int:
    """Return how many subscriptions nobody has given up within some seconds."""
    deadline = time.monotonic() + 5 * SETTLED
    while (count := subscriptions(url)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return count


def wrong(log: Path) -> list[str]:
    words = ("Traceback", "ERROR", "CRITICAL", "Exception", "Warning")
    return [
        line for line in log.read_text().splitlines() if any(map(line.count, words))
    ]


def _percentile(seconds: Sequence[float], percent: int) -> float:
    return 1000 * seconds[min(len(seconds) - 1, len(seconds) * percent // 100)]


if __name__ == "__main__":
    main()
