"""Stream lines from file to committed rows, against a bare executemany of the same
rows into the same table with the same indexes."""

import sqlite3
import time
from pathlib import Path

from tests.benchmarks import evening, process

SESSIONS = 500_000


def main() -> None:
    with process.workplace() as place:
        evening.write_sessions(place / "logs" / "stream-access.log", SESSIONS)
        data = process.migrated(place / "data")
        cost = process.ingest(place / "logs", data)
        report = cost.report
        assert report["sessions"] == SESSIONS, report
        bare = _bare(data / "lancache.sqlite3", process.migrated(place / "bare"))
        speed = report["sessions"] / report["seconds"]
        print(
            f"sessions: {speed:,.0f} rows/s from file to committed rows; a bare"
            f" executemany {bare:,.0f};"
            f" ratio {speed / bare:.2f} (floor 0.5);"
            f" peak {cost.peak / 1e6:.0f} MB"
        )


def _bare(source: Path, data: Path) -> float:
    table = "downloads_streamsession"
    with sqlite3.connect(source) as connection:
        rows = connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
    connection = sqlite3.connect(data / "lancache.sqlite3")
    connection.execute("PRAGMA synchronous=NORMAL")
    places = ", ".join("?" * len(rows[0]))
    began = time.perf_counter()
    with connection:
        connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
    return len(rows) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
