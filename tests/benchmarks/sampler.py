"""What the sampler costs with this host and its disk as sources, and how punctual it
is: the real command, with a real Valkey, on SQLite."""

import json
import os
import statistics
import time
from collections.abc import Sequence

from tests.benchmarks import live, process

SETTLED = 12  # seconds after it began: rows of ten seconds have been written once
WATCHED = 150  # seconds: a hundredth of the ticks is more than the worst one
INTERVAL = 1.0  # seconds


def main() -> None:
    with process.workplace() as place, live.broker(place) as url:
        data = live.migrated(place)
        where = {"DATA_DIR": str(data), "REDIS_URL": url}
        command = live.commands(data, **where)["sampler"]
        with live.started(command, place / "log", **where) as sampler:
            time.sleep(SETTLED)
            began = live.cpu(sampler)
            time.sleep(WATCHED)
            share = 100 * (live.cpu(sampler) - began) / WATCHED
            memory = live.pss(sampler)
        late = deviations([json.loads(text)["at"] for text in live.samples(url)])
    print(
        f"sampler: {share:.2f} % of a core (at most 1.5), {memory:.0f} MB (at most 90);"
        f" of {len(late)} ticks the 99th percentile is"
        f" {1000 * late[int(len(late) * 0.99)]:.1f} ms off the grid (at most 20 where"
        f" the machine is idle: its load is {os.getloadavg()[0]:.1f}), the median"
        f" {1000 * statistics.median(late):.1f} ms"
    )


def deviations(at: Sequence[float]) -> list[float]:
    """Return by how much each tick is off the grid that fits them best, sorted."""
    phases = [(moment - at[0] + INTERVAL / 2) % INTERVAL for moment in at]
    middle = statistics.median(phases)
    return sorted(abs(phase - middle) for phase in phases)


if __name__ == "__main__":
    main()
