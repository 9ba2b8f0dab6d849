"""What ten million lines cost in memory and on disk, and what little comes after them
costs: a thousand new lines, and a pass with nothing new."""

import json

from tests.benchmarks import evening, process

LINES = 10_000_000
NEW = 1000
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
print(json.dumps({"costs": sorted(costs[2:]), "idle": idle, "wrote": wrote}))
""".replace("NEW_LINES", str(NEW))


def main() -> None:
    figures = {}
    for name, count in (("none", 10_000), ("10 million", LINES)):
        with process.workplace() as place:
            log = evening.write(place / "logs" / "access.log", count)
            data = process.migrated(place / "data")
            cost = process.ingest(place / "logs", data)
            size, log_size = process.database_bytes(data), log.stat().st_size
            seconds = count // evening.LINES_A_SECOND + 60
            passes = process.run(["-c", PASSES, str(seconds)], data)
            figures[name] = json.loads(passes.output.splitlines()[-1])
            if count == LINES:
                print(
                    f"scale: {count:,} lines,"
                    f" {count / cost.report['seconds']:,.0f} a second:"
                    f" peak {cost.peak / 1e6:.0f} MB (at most 300); database"
                    f" {size / 1e6:.1f} MB, {100 * size / log_size:.2f} % of the log"
                    " (at most 1)"
                )
    medians = {name: f["costs"][len(f["costs"]) // 2] for name, f in figures.items()}
    ratio = medians["10 million"] / medians["none"]
    print(
        f"scale: {NEW} new lines cost {1000 * medians['10 million']:.0f} ms of CPU on"
        f" top of {LINES:,}, {1000 * medians['none']:.0f} ms on top of none:"
        f" {ratio:.2f} times (at most 1.2)"
    )
    idle = figures["10 million"]
    print(
        f"scale: a pass with nothing new: {1000 * idle['idle']:.2f} ms of CPU"
        f" (at most 20), wrote: {idle['wrote']}"
    )


if __name__ == "__main__":
    main()
