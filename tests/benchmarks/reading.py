"""Access lines from file to committed rows, against a loop that only parses them."""

import subprocess
import sys
from pathlib import Path

from tests.benchmarks import evening, process

LINES = 4_000_000


def main() -> None:
    with process.workplace() as place:
        log = evening.write(place / "logs" / "access.log", LINES)
        loop = _loop(log)
        data = process.migrated(place / "data")
        cost = process.ingest(place / "logs", data)
        again = _loop(log)
        report = cost.report
        assert report["requests"] == LINES, report
        base = (loop + again) / 2
        speed = report["lines"] / report["seconds"]
        size = process.database_bytes(data)
        print(
            f"reading: {speed:,.0f} lines/s from file to committed rows;"
            f" a regex loop {base:,.0f} (before {loop:,.0f}, after {again:,.0f});"
            f" ratio {speed / base:.2f} (floor 2.5);"
            f" peak {cost.peak / 1e6:.0f} MB;"
            f" database {size / 1e6:.1f} MB, {100 * size / log.stat().st_size:.2f} %"
        )


def _loop(log: Path) -> float:
    script = Path(__file__).parent / "regex_loop.py"
    printed = subprocess.run(
        [sys.executable, str(script), str(log)], capture_output=True, text=True
    )
    return float(printed.stdout.split()[-1])


if __name__ == "__main__":
    main()
