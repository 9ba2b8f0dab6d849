"""Running the product's own commands as processes, and what each of them cost."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Cost:
    """``cpu`` and ``wall`` in seconds, ``peak`` resident memory in bytes."""

    cpu: float
    wall: float
    peak: int
    output: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON object on the last line."""
        found: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return found


def run(arguments: Sequence[str], data: Path, **variables: str) -> Cost:
    environment = os.environ | {"DATA_DIR": str(data)} | variables
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=output
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise RuntimeError(f"{arguments} ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024, text)


def migrated(data: Path, **variables: str) -> Path:
    run(["manage.py", "migrate", "-v0"], data, **variables)
    return data


def ingest(logs: Path, data: Path) -> Cost:
    return run(["manage.py", "ingest", str(logs), "--json"], data)


def database_bytes(data: Path) -> int:
    """Return what the database takes on disk once its journal is written back."""
    import sqlite3

    path = data / "lancache.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


@contextmanager
def workplace() -> Iterator[Path]:
    """Yield an empty directory on disk that is removed afterwards."""
    place = Path(tempfile.mkdtemp(prefix="lancache-bench-"))
    (place / "logs").mkdir()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
