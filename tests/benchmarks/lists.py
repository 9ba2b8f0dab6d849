"""How long the admin's lists take on a large LANCache of two years: each filter and
sort that they offer, by itself, in pairs and combined.

`LISTS_ROWS=0.05 make bench-lists` takes a twentieth of the rows.
"""

import itertools
import json
import statistics
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import process

MOST_MS, MOST_QUERIES = 300, 12
MEASURE = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lancache_site.settings")
import django; django.setup()
from tests.benchmarks import lists, lists_rows
lists_rows.fill()
lists.measure()
"""


def main() -> None:
    with process.workplace() as place:
        report("SQLite", process.migrated(place / "data"))


def report(name: str, data: Path, **environment: str) -> None:
    figures = process.run(["-c", MEASURE], data, **environment).report
    print(
        f"lists: {name}: {figures['rows']}; {figures['pages']:,} pages:"
        f" median {figures['median']:.0f} ms,"
        f" 95th percentile {figures['p95']:.0f} ms (at most {MOST_MS});"
        f" worst {figures['worst'][0]:.0f} ms, {figures['worst'][1]};"
        f" most queries {figures['queries'][0]} (at most {MOST_QUERIES}),"
        f" {figures['queries'][1]}; counts of a table: {len(figures['counts'])}"
    )
    assert figures["p95"] <= MOST_MS, name
    assert figures["queries"][0] <= MOST_QUERIES, name
    assert not figures["counts"], figures["counts"][0]


def measure(most: int | None = None) -> None:
    """Ask for every page once, or ``most`` of each list; print what it took as JSON."""
    from django.contrib.auth.models import User
    from django.test import Client

    from tests.benchmarks import lists_pages, lists_rows

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_superuser("bench"))
    client.get("/admin/downloads/client/")  # templates are compiled once
    took: list[tuple[float, str]] = []
    queries: list[tuple[int, str]] = []
    counts: list[str] = []
    for model in lists_pages.models():
        pages = lists_pages.of_model(model)
        response, places = None, itertools.count()
        try:
            while most is None or next(places) < most:
                url = pages.send(response)
                response, ms, asked = _timed(client, url)
                took.append((ms, url))
                queries.append((len(asked), url))
                counts += [sql for sql in asked if "SELECT COUNT(" in sql]
        except StopIteration:
            pass
    times = sorted(ms for ms, _ in took)
    rows = ", ".join(
        f"{count:,} {name}"
        for count, name in (
            (lists_rows.SESSIONS, "sessions"),
            (lists_rows.DOWNLOADS, "downloads"),
            (lists_rows.BUCKETS, "buckets"),
        )
    )
    print(
        json.dumps(
            {
                "rows": rows,
                "pages": len(took),
                "median": statistics.median(times),
                "p95": times[len(times) * 95 // 100],
                "worst": max(took),
                "queries": max(queries),
                "counts": counts,
            }
        )
    )


def _timed(client: Any, url: str) -> tuple[Any, float, list[str]]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    connection.queries_log.clear()
    with CaptureQueriesContext(connection) as captured:
        began = time.perf_counter()
        response = client.get(url)
        took = 1000 * (time.perf_counter() - began)
    assert response.status_code == 200, (url, response.status_code)
    return response, took, [query["sql"] for query in captured]


if __name__ == "__main__":
    main()
