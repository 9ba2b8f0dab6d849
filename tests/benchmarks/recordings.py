"""Recorded downloads: what nginx logged of each, and what its client measured.

    python -m tests.benchmarks.recordings DIR    bundle DIR's recording into tests/data

DIR holds truth.json and logs/ with access-json.log (whose stamps have milliseconds) and
access-timed.log (whose lines end in the request's time), each with .1 .2 .3.gz.
"""

import csv
import gzip
import io
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parents[1] / "data"
REQUESTS = DATA / "lab-a-requests.csv.gz"
TRUTH = DATA / "lab-a-truth.json"
TIMED = re.compile(
    r'^\[[^\]]*\] (\S+) / .* \[[^\]]+\] "\S+ (\S+)[^"]*" (\d+) (\d+)'
    r' "[^"]*" "[^"]*" "[^"]*" "[^"]*" "([^"]*)" (\S+) \S+$'
)


class Line(NamedTuple):
    """A request as logged: its end in epoch ms, its time in ms, the body's bytes."""

    at_ms: int
    request_ms: int
    size: int
    hit: bool


@dataclass
class Recorded:
    """One download: ``seconds`` and ``size`` are its client's; ``kind`` sorts it."""

    kind: str
    seconds: float
    size: int
    lines: list[Line]

    @property
    def bytes_per_second(self) -> float:
        return self.size / self.seconds


def bundled() -> list[Recorded]:
    with gzip.open(REQUESTS, "rt") as file:
        return _recorded(csv.DictReader(file), json.loads(TRUTH.read_text()))


def from_directory(directory: Path) -> list[Recorded]:
    truth = json.loads((directory / "truth.json").read_text())["downloads"]
    return _recorded(_requests(directory / "logs", truth), truth)


def _recorded(
    requests: Iterable[dict[str, Any]], truth: list[dict[str, Any]]
) -> list[Recorded]:
    """Truth downloads of one key are one: none of ours are over 5 minutes apart."""
    lines = defaultdict(list)
    for row in requests:
        lines[row["client"], row["service"], row["title"]].append(
            Line(
                int(row["at_ms"]),
                int(row["request_ms"]),
                int(row["bytes"]),
                row["cache"] == "HIT",
            )
        )
    of_key = defaultdict(list)
    for download in truth:
        key = (download["client"], download["service"], download["title"])
        of_key[key].append(download)
    return [_one(parts, lines[key]) for key, parts in of_key.items()]


def _one(parts: list[dict[str, Any]], lines: list[Line]) -> Recorded:
    total = reached = 0
    for start, end in sorted((part["start_ms"], part["end_ms"]) for part in parts):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    seconds = total / 1000
    kind = "1 over 10 s" if seconds > 10 else "2 3 to 10 s"
    if seconds <= 3:
        kind = "3 under 3 s"
    if len(lines) <= 5:
        kind = "4 few requests"
    return Recorded(kind, seconds, sum(part["bytes"] for part in parts), lines)


def _requests(logs: Path, truth: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    times = defaultdict(list)
    for text in _lines(logs, "access-timed"):
        if match := TIMED.match(text):
            *same, request_time = match.groups()
            times[tuple(same)].append(round(float(request_time) * 1000))
    for text in _lines(logs, "access-json"):
        try:
            line = json.loads(text)
        except ValueError:
            continue  # One of the odd requests, which belong to no download.
        at_ms = round(float(line["timestamp"]) * 1000)
        if download := _download_of(line, at_ms, truth):
            same = [line["remote_addr"], line["path"], str(line["status"])]
            same += [str(line["bytes_sent"]), line["http_range"] or "-"]
            yield {
                **{name: download[name] for name in ("client", "service", "title")},
                "at_ms": at_ms,
                "request_ms": times[tuple(same)].pop(0),
                "bytes": line["bytes_sent"],
                "cache": line["upstream_cache_status"],
            }


def _download_of(
    line: dict[str, Any], at_ms: int, truth: list[dict[str, Any]]
) -> dict[str, Any] | None:
    path = line["path"]
    found = [
        download
        for download in truth
        if line["remote_addr"] == download["client"]
        and path.startswith(download["path_prefix"])
        and download["start_ms"] - 50 <= at_ms <= download["end_ms"] + 50
    ]
    if len(found) > 1:
        name = path.rsplit("/", 1)[1]
        found = [download for download in found if name.startswith(download["title"])]
    return found[0] if found else None


def _lines(logs: Path, stem: str) -> Iterator[str]:
    for path in sorted(logs.glob(f"{stem}.log*"), reverse=True):
        data = path.read_bytes()
        plain = gzip.decompress(data) if path.suffix == ".gz" else data
        yield from plain.decode(errors="replace").splitlines()


def _bundle(directory: Path) -> None:
    truth = json.loads((directory / "truth.json").read_text())["downloads"]
    rows = sorted(_requests(directory / "logs", truth), key=lambda r: [*r.values()])
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    # No time and no name inside: the same recording makes the same file.
    REQUESTS.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    kept = ("client", "service", "title", "start_ms", "end_ms", "bytes", "requests")
    lines = [json.dumps({name: part[name] for name in kept}) for part in truth]
    TRUTH.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    _bundle(Path(sys.argv[1]))
