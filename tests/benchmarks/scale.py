"""What ten million lines cost in memory and on disk, and what little comes after them
costs: a thousand new lines, and a pass with nothing new."""

import json
import statistics
from pathlib import Path
from typing import Any

from tests.benchmarks import evening, process

LINES = 10_000_000
NEW = 1000
ROUNDS = 5
PASSES = """
import json, os, resource, sys, time
from pathlib import Path
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lancache_site.settings")
import django; django.setup()
from django.conf import settings
from downloads.models import Datasource
from ingest import passes
from tests.benchmarks import evening

def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime

source = Datasource.objects.get()
log = Path(source.log_directory) / "access.log"
passes.run(source)
start = evening.START + int(sys.argv[1])
costs = []
for n in range(12):
    with log.open("a") as file:
        file.writelines(evening.lines(NEW_LINES, start + 10 * n, seed=n))
    before = cpu()
    done = passes.run(source)
    costs.append(cpu() - before)
    assert done.totals.requests == NEW_LINES, done
database = Path(settings.DATABASES["default"]["NAME"])
seen = [p.stat().st_mtime_ns for p in database.parent.glob(database.name + "*")]
before = cpu()
for _ in range(100):
    passes.run(source)
idle = (cpu() - before) / 100
after = [p.stat().st_mtime_ns for p in database.parent.glob(database.name + "*")]
wrote = seen != after
print(json.dumps({"costs": costs[2:], "idle": idle, "wrote": wrote}))
""".replace("NEW_LINES", str(NEW))


def main() -> None:
    with process.workplace() as small, process.workplace() as large:
        places = {small: 10_000, large: LINES}
        for place, count in places.items():
            _fill(place, count)
        figures: dict[Path, list[dict[str, Any]]] = {small: [], large: []}
        # In turns: a machine is not as fast at one time as at another.
        for number in range(ROUNDS):
            for place, count in places.items():
                start = count // evening.LINES_A_SECOND + 60 + 1000 * number
                done = process.run(["-c", PASSES, str(start)], place / "data")
                figures[place].append(json.loads(done.output.splitlines()[-1]))
    none, many = (
        1000
        * statistics.median(ms for round_ in figures[place] for ms in round_["costs"])
        for place in (small, large)
    )
    print(
        f"scale: {NEW} new lines cost {many:.0f} ms of CPU on top of {LINES:,},"
        f" {none:.0f} ms on top of none: {many / none:.2f} times (at most 1.2)"
    )
    idle = statistics.median(round_["idle"] for round_ in figures[large])
    wrote = any(round_["wrote"] for round_ in figures[large])
    print(
        f"scale: a pass with nothing new: {1000 * idle:.2f} ms of CPU (at most 20),"
        f" wrote: {wrote}"
    )


def _fill(place: Path, count: int) -> None:
    log = evening.write(place / "logs" / "access.log", count)
    data = process.migrated(place / "data")
    cost = process.ingest(place / "logs", data)
    size, log_size = process.database_bytes(data), log.stat().st_size
    if count == LINES:
        print(
            f"scale: {count:,} lines, {count / cost.report['seconds']:,.0f} a second:"
            f" peak {cost.peak / 1e6:.0f} MB (at most 300); database"
            f" {size / 1e6:.1f} MB, {100 * size / log_size:.2f} % of the log"
            " (at most 1)"
        )


if __name__ == "__main__":
    main()
