"""What a whole recording becomes in the database, against what its clients received.

    python -m tests.benchmarks.truth DIR

DIR holds truth.json and logs/, in which several access formats tell the same traffic:
each is ingested by itself, with the stream log, by the product's own command.
"""

import json
import shutil
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks import process
from tests.benchmarks.accuracy import Accuracy

FORMATS = ("access", "access-timed", "access-json", "access-detailed")
APART_MS = 300_000  # downloads of one key with less between them are one
# (client, service): what requests and bytes are compared by.
Pair = tuple[str, str]


def main() -> None:
    directory = Path(sys.argv[1])
    truth = json.loads((directory / "truth.json").read_text())["downloads"]
    for name in FORMATS:
        if list((directory / "logs").glob(f"{name}.log*")):
            with process.workplace() as place:
                _compare(name, directory / "logs", place, truth)


def _compare(name: str, source: Path, place: Path, truth: list[dict[str, Any]]) -> None:
    for stem in (name, "stream-access"):
        for path in source.glob(f"{stem}.log*"):
            shutil.copy(path, place / "logs")
    data = process.migrated(place / "data")
    first = process.ingest(place / "logs", data).report
    second = process.ingest(place / "logs", data).report
    again = {key: second[key] for key in ("lines", "bytes", "downloads", "linked")}
    print(f"{name}: {first}\n  a second call: {again}")
    with sqlite3.connect(data / "lancache.sqlite3") as database:
        rows = list(_downloads(database))
    clients = {row["client"] for row in rows}
    known = [one for one in truth if one["client"] in clients]
    _sums(rows, known)
    _rates(rows, _merged(known))


def _downloads(database: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    database.row_factory = sqlite3.Row
    for row in database.execute(
        "SELECT c.address AS client, d.service, t.raw AS title, d.requests,"
        " d.total_bytes, d.bytes_per_second, d.basis, d.failed_requests,"
        " CAST(strftime('%s', d.started_at) AS INTEGER) AS started,"
        " CAST(strftime('%s', d.ended_at) AS INTEGER) AS ended"
        " FROM downloads_download d JOIN downloads_client c ON c.id = d.client_id"
        " JOIN downloads_title t ON t.id = d.title_id"
    ):
        yield dict(row)


def _sums(rows: list[dict[str, Any]], truth: list[dict[str, Any]]) -> None:
    """Odd requests have clients or hosts of their own; downloads are compared."""
    requests: Counter[Pair] = Counter()
    sizes: Counter[Pair] = Counter()
    cut: set[Pair] = set()
    for one in truth:
        pair = one["client"], one["service"]
        requests[pair] -= one["requests"]
        sizes[pair] -= one["bytes"]
        cut |= {pair} if one["aborted"] else set()
    for row in rows:
        pair = row["client"], row["service"]
        if pair in requests:
            requests[pair] += row["requests"]
            sizes[pair] += row["total_bytes"]
    off = {pair: sizes[pair] for pair in sizes if sizes[pair] and pair not in cut}
    asked = {pair: number for pair, number in requests.items() if number}
    aborted = {pair: f"{sizes[pair]:+}" for pair in sorted(cut)}
    print(
        f"  {len(requests)} clients and services: requests off in {len(asked)} {asked},"
        f" bytes off in {len(off)} {off}; as logged where aborted: {aborted}"
    )


def _merged(truth: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Downloads of one key at most five minutes apart are one."""
    by_key = defaultdict(list)
    for one in truth:
        # Paths that name no file's title can't be told apart by it.
        title = "" if one["service"] in ("wsus", "riot", "blizzard") else one["title"]
        by_key[one["client"], one["service"], title].append(one)
    merged: list[list[dict[str, Any]]] = []
    for some in by_key.values():
        end = None
        for one in sorted(some, key=lambda one: one["start_ms"]):
            if end is not None and one["start_ms"] - end <= APART_MS:
                merged[-1].append(one)
            else:
                merged.append([one])
            end = max(end or 0, one["end_ms"])
    return merged


def _rates(rows: list[dict[str, Any]], truth: list[list[dict[str, Any]]]) -> None:
    errors, answered, asked, asked_bytes, without = [], 0, 0, 0, 0
    kinds: Counter[str] = Counter()
    for parts in truth:
        found = [row for row in rows if _is_of(row, parts)]
        if len(found) != 1:
            without += 1
            continue
        kinds[found[0]["basis"]] += 1
        if sum(one["requests"] for one in parts) <= 5 or _seconds(parts) <= 10:
            continue
        size = sum(one["bytes"] for one in parts)
        asked, asked_bytes = asked + 1, asked_bytes + size
        if (rate := found[0]["bytes_per_second"]) is not None:
            answered += size
            errors.append(abs(rate * _seconds(parts) / size - 1))
    accuracy = Accuracy(sorted(errors), answered, asked, asked_bytes)
    print(
        f"  {len(truth)} downloads in truth, not one row each: {without}; {dict(kinds)}"
        f"\n  over 10 s, more than 5 requests: {accuracy}"
    )


def _is_of(row: dict[str, Any], parts: list[dict[str, Any]]) -> bool:
    one = parts[0]
    if (row["client"], row["service"]) != (one["client"], one["service"]):
        return False
    if row["service"] == "epicgames" and f"/{one['title']}" not in row["title"]:
        return False
    exact = row["service"] in ("steam", "uplay", "sony", "xboxlive", "origin")
    if exact and row["title"] != one["title"]:
        return False
    start = min(part["start_ms"] for part in parts) // 1000 - 1
    end = max(part["end_ms"] for part in parts) // 1000 + 1
    return bool(row["started"] <= end and row["ended"] >= start)


def _seconds(parts: list[dict[str, Any]]) -> float:
    total = reached = 0
    for start, end in sorted((part["start_ms"], part["end_ms"]) for part in parts):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total / 1000


if __name__ == "__main__":
    main()
