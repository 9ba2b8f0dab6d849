"""What all processes cost while nothing is logged, and a minute after a long read."""

import sqlite3
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil

from tests.benchmarks import evening
from tests.site.stack import Stack

SETTLED = 15  # seconds after everything is up
WATCHED = 30  # seconds
LINES = 10_000_000
READ_IN = 300  # seconds
AFTER_READING = 60  # seconds


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lancache-bench-") as place:
        logs = Path(place) / "logs"
        logs.mkdir()
        evening.write(logs / "access.log", 100_000)
        evening.write(Path(place) / "year.log", LINES)
        began = time.monotonic()
        with Stack(Path(place) / "data", LANCACHE_LOG_DIR=str(logs)) as stack:
            stack.wait_until_up()
            up = time.monotonic() - began
            time.sleep(SETTLED)
            processes = [psutil.Process(stack.process.pid), *stack.family()]
            before = sum(_cpu(process) for process in processes)
            time.sleep(WATCHED)
            cpu = sum(_cpu(process) for process in processes) - before
            idle = _memory(processes)
            (Path(place) / "year.log").rename(logs / "access.log.1")
            _wait_for_reading(stack.data_dir / "lancache.sqlite3")
            time.sleep(AFTER_READING)
            later = _memory(processes)
            stopped = stack.stop()
    print(
        f"stack: up {up:.1f} s after its first start; idle it takes"
        f" {100 * cpu / WATCHED:.1f} % of a core (at most 4) and {_told(idle)} (at most"
        f" 350); a minute after reading {LINES:,} lines {_told(later)} (at most 450);"
        f" stopped in {stopped:.1f} s"
    )


def _wait_for_reading(database: Path) -> None:
    deadline = time.monotonic() + READ_IN
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        while time.monotonic() < deadline:
            (lines,) = db.execute("SELECT SUM(lines) FROM ingest_logfile").fetchone()
            if lines >= LINES:
                return
            time.sleep(1)
    raise RuntimeError("it was never read")


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _memory(processes: list[psutil.Process]) -> dict[str, float]:
    """Return the PSS of all of one name, in MB."""
    found: dict[str, float] = defaultdict(float)
    for process in processes:
        found[_name(process)] += process.memory_full_info().pss / 1e6
    return found


def _told(memory: dict[str, float]) -> str:
    each = ", ".join(f"{name} {size:.0f}" for name, size in memory.items())
    return f"{sum(memory.values()):.0f} MB ({each})"


def _name(process: psutil.Process) -> str:
    words = process.cmdline()
    known = (
        "supervisor", "uvicorn", "worker", "sample_bandwidth", "beat", "valkey-server"
    )  # fmt: skip
    return next((k for k in known if any(k in word for word in words)), words[0])


if __name__ == "__main__":
    main()
