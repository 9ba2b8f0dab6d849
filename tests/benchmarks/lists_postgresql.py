"""The same lists as in tests.benchmarks.lists, on PostgreSQL."""

import shutil
import tempfile
from pathlib import Path

from tests.benchmarks import lists, process
from tests.postgres import Postgres


def main() -> None:
    # Its sockets' paths are short, and its user may be another than ours.
    place = Path(tempfile.mkdtemp(prefix="lancache-pg-", dir="/tmp"))
    server = None
    try:
        server = Postgres(place)
        server.start()
        url = server.database("lists")
        data = process.migrated(place / "django", DATABASE_URL=url)
        lists.report("PostgreSQL", data, DATABASE_URL=url)
    finally:
        if server:
            server.stop()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
