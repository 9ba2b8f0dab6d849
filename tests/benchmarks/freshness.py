"""How soon a large log that was never rotated shows its newest hour: from the first
start of everything to its last line in the database."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks import evening, process

BYTES = 5_000_000_000
PATIENCE = 120  # seconds


def main() -> None:
    with process.workplace() as place:
        log = place / "logs" / "access.log"
        block = evening.write(log, 1_000_000)
        # What comes before is the same evening again and again: only its last days
        # are looked at.
        text = block.read_bytes()
        with log.open("wb") as file:
            for day in range(BYTES // len(text), -1, -1):
                start = evening.START - day * 86400
                if day:
                    stamp = time.strftime("%d/%b/%Y", time.gmtime(start))
                    day_of = time.strftime("%d/%b/%Y", time.gmtime(evening.START))
                    file.write(text.replace(day_of.encode(), stamp.encode()))
                else:
                    file.write(text)
        seconds, expected = _first_start(place, log)
        print(
            f"freshness: {log.stat().st_size / 1e9:.1f} GB, first start to the newest"
            f" hour ({expected:,} lines) shown: {seconds:.1f} s (at most 10)"
        )


def _first_start(place: Path, log: Path) -> tuple[float, int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "DATA_DIR": str(place / "data"),
        "LANCACHE_LOG_DIR": str(log.parent),
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    began = time.monotonic()
    up = subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=process.ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.monotonic() - began < PATIENCE:
            if lines := _hour_shown(place / "data", log.stat().st_size):
                return time.monotonic() - began, lines
            time.sleep(0.05)
        raise RuntimeError("the newest hour was never shown")
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(30)


def _hour_shown(data: Path, size: int) -> int:
    """Return how many lines of it were read once the last line is a download's."""
    try:
        with sqlite3.connect(f"file:{data}/lancache.sqlite3?mode=ro", uri=True) as db:
            row = db.execute(
                "SELECT lines FROM ingest_logfile WHERE offset = ?", [size]
            ).fetchone()
            waiting = db.execute(
                "SELECT 1 FROM downloads_burst WHERE grouped = 0 LIMIT 1"
            ).fetchone()
            return row[0] if row and not waiting else 0
    except sqlite3.OperationalError:
        return 0


if __name__ == "__main__":
    main()
