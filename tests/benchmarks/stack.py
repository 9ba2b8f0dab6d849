"""What all processes cost while nothing is logged, and how soon they are up."""

import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks import evening
from tests.site.stack import Stack

SETTLED = 15  # seconds after everything is up
WATCHED = 30  # seconds


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lancache-bench-") as place:
        logs = Path(place) / "logs"
        logs.mkdir()
        evening.write(logs / "access.log", 100_000)
        began = time.monotonic()
        with Stack(Path(place) / "data", LANCACHE_LOG_DIR=str(logs)) as stack:
            stack.wait_until_up()
            up = time.monotonic() - began
            time.sleep(SETTLED)
            processes = [psutil.Process(stack.process.pid), *stack.family()]
            before = sum(_cpu(process) for process in processes)
            time.sleep(WATCHED)
            cpu = sum(_cpu(process) for process in processes) - before
            memory = {_name(p): p.memory_full_info().pss / 1e6 for p in processes}
            stopped = stack.stop()
    each = ", ".join(f"{name} {size:.0f}" for name, size in memory.items())
    print(
        f"stack: up {up:.1f} s after its first start; idle it takes"
        f" {100 * cpu / WATCHED:.1f} % of a core and {sum(memory.values()):.0f} MB"
        f" ({each}); stopped in {stopped:.1f} s"
    )


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _name(process: psutil.Process) -> str:
    words = process.cmdline()
    known = ("supervisor", "uvicorn", "worker", "beat", "valkey-server")
    return next((k for k in known if any(k in word for word in words)), words[0])


if __name__ == "__main__":
    main()
