"""Kills the reader with SIGKILL at random moments, rotates between, and compares.

    python -m tests.benchmarks.kills [KILLS [LINES]]

Half of the processes are `manage.py ingest`, half read in passes of a third of a second
as the worker does. They are forked off a process that has loaded everything, so that
killing one costs no start; a pipe tells what each was doing when it died.
"""

import gzip
import json
import os
import pickle
import random
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

KILLS, LINES = 50, 500_000
SEED = 20261123
SLICE = 128 << 10  # of the processes that are killed: many transactions in a moment
PARTS = 12
LONGEST = 0.5  # seconds from a process's first transaction to its end
# What a process says it is at.
MEANING = {
    "r": "recording",
    "c": "between rows and cursor",
    "g": "grouping",
    "l": "linking",
    "-": "reading",
}
DWELL = 0.01  # seconds between rows and cursor, so that enough kills land there


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    lines = int(sys.argv[2]) if len(sys.argv) > 2 else LINES
    with tempfile.TemporaryDirectory(prefix="lancache-kills-") as place:
        report = run(Path(place), kills, lines)
    at = ", ".join(f"{number} {moment}" for moment, number in report["at"].items())
    print(
        f"kills: {report['kills']} of {kills} with SIGKILL landed while a process was"
        f" at work ({at}), {report['rotations']} rotations between them"
    )
    for name, (rows, same) in report["tables"].items():
        print(f"kills: {rows:,} {name}: {'the same' if same else 'DIFFERENT'}")
    print(json.dumps(report))
    if not all(same for _, same in report["tables"].values()):
        raise SystemExit(1)


def run(place: Path, kills: int, lines: int) -> dict[str, Any]:
    _load(place)
    logs, calm = place / "logs", place / "calm"
    logs.mkdir()
    calm.mkdir()
    database, other = place / "killed.sqlite3", place / "undisturbed.sqlite3"
    _child(database, _migrate)
    shutil.copy(database, other)
    parts = list(_parts(lines))
    for name in ("access.log", "stream-access.log"):
        (calm / name).write_bytes(b"".join(part[name] for part in parts))
    report = _killed(logs, database, parts, kills)
    _child(database, lambda: _ingest(logs))
    _child(other, lambda: _ingest(calm))
    found, expected = _snapshot(database, place), _snapshot(other, place)
    report["tables"] = {
        name: (len(rows), found[name] == rows) for name, rows in expected.items()
    }
    return report


def _load(place: Path) -> None:
    """Load all that a process needs, and use none of it: no thread survives a fork."""
    os.environ["DATA_DIR"] = str(place / "data")
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "lancache_site.settings"
    import django

    django.setup()
    from ingest import passes
    from tests.ingest import logs

    assert passes and logs


def _parts(lines: int) -> Iterator[dict[str, bytes]]:
    """Yield an evening's lines of both logs, part by part."""
    from tests.benchmarks import evening

    seconds = evening.lines(lines)
    each = max(1, lines // evening.LINES_A_SECOND // PARTS)
    with tempfile.NamedTemporaryFile() as file:
        evening.write_sessions(Path(file.name), lines // 100)
        sessions = file.read().splitlines(keepends=True)
    for number in range(PARTS):
        some = islice(seconds, each if number < PARTS - 1 else None)
        low, high = (len(sessions) * n // PARTS for n in (number, number + 1))
        yield {
            "access.log": "".join(some).encode(),
            "stream-access.log": b"".join(sessions[low:high]),
        }


def _killed(
    logs: Path, database: Path, parts: list[dict[str, bytes]], kills: int
) -> dict[str, Any]:
    chance = random.Random(SEED)
    at: Counter[str] = Counter()
    rotations = 0
    for part in parts[:3]:
        rotations += _rotate(logs)
        _append(logs, part)
    left = parts[3:]
    for number in range(kills):
        work = _tick if number % 2 else _ingest
        moment = _kill_one(database, partial(work, logs), chance)
        if moment:
            at[MEANING[moment]] += 1
        if left and chance.random() < max(0.5, len(left) / (kills - number)):
            _append(logs, left.pop(0))
        if chance.random() < 0.4:
            rotations += _rotate(logs)
    for part in left:
        _append(logs, part)
    return {"kills": at.total(), "at": dict(at), "rotations": rotations}


def _append(logs: Path, part: dict[str, bytes]) -> None:
    for name, data in part.items():
        with (logs / name).open("ab") as file:
            file.write(data)


def _rotate(logs: Path) -> int:
    """Rename both logs as logrotate does, and compress what is older."""
    for name in ("access.log", "stream-access.log"):
        if not (logs / name).exists():
            return 0
        for number in range(40, 1, -1):
            packed = logs / f"{name}.{number}.gz"
            if packed.exists():
                packed.rename(logs / f"{name}.{number + 1}.gz")
        if (logs / f"{name}.1").exists():
            with gzip.open(logs / f"{name}.2.gz", "wb", compresslevel=1) as packed_file:
                packed_file.write((logs / f"{name}.1").read_bytes())
            (logs / f"{name}.1").unlink()
        (logs / name).rename(logs / f"{name}.1")
    return 1


def _kill_one(
    database: Path, work: Callable[[], object], chance: random.Random
) -> str | None:
    """Kill a process at work; return what it was at, None if it ended before that."""
    reading, writing = os.pipe()
    pid = _fork(database, lambda: _telling(writing, work))
    os.close(writing)
    select.select([reading], [], [], 60)  # until its first transaction, or its end
    time.sleep(chance.uniform(0, LONGEST))
    os.kill(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    told = b""
    while some := os.read(reading, 1 << 16):
        told += some
    os.close(reading)
    return told.decode()[-1] if told and os.WIFSIGNALED(status) else None


def _telling(pipe: int, work: Callable[[], object]) -> None:
    """Do ``work`` in small slices, and write to ``pipe`` what is being done."""
    from downloads import grouping, linking
    from ingest import passes, pipeline, slices

    slices.SIZE = SLICE
    for module, name, letter in (
        (passes, "record_slice", b"r"),
        (pipeline, "_move", b"c"),
        (grouping, "_group", b"g"),
        (linking, "_correlate_batch", b"l"),
    ):
        setattr(module, name, _told(getattr(module, name), pipe, letter))
    work()


def _told(really: Callable[..., Any], pipe: int, letter: bytes) -> Callable[..., Any]:
    def telling(*args: Any) -> Any:
        os.write(pipe, letter)
        if letter == b"c":
            time.sleep(DWELL)
        result = really(*args)
        os.write(pipe, b"-")
        return result

    return telling


def _fork(database: Path, work: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        from django.db import connection

        connection.settings_dict["NAME"] = str(database)
        work()
        connection.close()  # and with it the database's own log, before it is copied
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _child(database: Path, work: Callable[[], object]) -> None:
    _pid, status = os.waitpid(_fork(database, work), 0)
    if status:
        raise RuntimeError(f"a process ended with {os.waitstatus_to_exitcode(status)}")


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _ingest(logs: Path) -> None:
    from django.core.management import call_command

    with Path(os.devnull).open("w") as nowhere:
        call_command("ingest", str(logs), "--datasource=hall", "--json", stdout=nowhere)


def _tick(logs: Path) -> None:
    from downloads import linking
    from downloads.models import Datasource
    from ingest import passes

    source, _made = Datasource.objects.get_or_create(
        name="hall", defaults={"log_directory": str(logs)}
    )
    while not passes.run(source, budget=0.3).finished:
        linking.correlate(limit=1000)


def _snapshot(database: Path, place: Path) -> dict[str, list[Any]]:
    from tests.ingest.logs import snapshot

    path = place / "snapshot"
    _child(database, lambda: path.write_bytes(pickle.dumps(snapshot())))
    found: dict[str, list[Any]] = pickle.loads(path.read_bytes())
    return found


if __name__ == "__main__":
    main()
