"""300,000 names from a file to all downloads grouped anew, and the same once more."""

import json
from pathlib import Path

from tests.benchmarks import depots, process

FILL = """
import django; django.setup()
from django.db import transaction
from downloads import grouping, linking
from tests.benchmarks import library
with transaction.atomic():
    library.fill()
grouping.group()
while linking.correlate().answered:
    pass
"""
# Everything that names and grouping are, but for what a second look costs.
STATE = """
import hashlib, json
import django; django.setup()
from downloads.models import Burst, Download, DownloadAlias, Title
state = hashlib.sha256()
for model in (Burst, Download, DownloadAlias, Title):
    for row in model.objects.order_by("pk").values_list().iterator():
        state.update(repr(row).encode())
print(json.dumps({"downloads": Download.objects.count(), "state": state.hexdigest()}))
"""


def main() -> None:
    with process.workplace() as place:
        # In a process of its own: what this one holds would count for those it starts.
        names = place / "pics.json"
        process.run(["-m", "tests.benchmarks.depots", str(names)], place)
        data = process.migrated(place / "data")
        process.run(["-c", SETTINGS + FILL], data)
        before = _state(data)
        first = process.run(["manage.py", "import_titles", str(names)], data)
        after = _state(data)
        second = process.run(["manage.py", "import_titles", str(names)], data)
        print(
            f"titles: {depots.LISTED:,} names, {before['downloads']:,} downloads"
            f" grouped to {after['downloads']:,}: {first.wall:.1f} s (at most 15),"
            f" {first.cpu:.1f} s of CPU, peak {first.peak / 1e6:.0f} MB"
        )
        print(
            f"titles: the same again: {second.wall:.1f} s, peak"
            f" {second.peak / 1e6:.0f} MB, changed: {_state(data) != after}"
        )


SETTINGS = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lancache_site.settings")
"""


def _state(data: Path) -> dict[str, object]:
    printed = process.run(["-c", SETTINGS + STATE], data).output
    found: dict[str, object] = json.loads(printed)
    return found


if __name__ == "__main__":
    main()
