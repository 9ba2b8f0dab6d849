"""How far the rates are from the truth, of recorded and of simulated downloads.

    python -m tests.benchmarks.accuracy [DIR]    the bundled recording, or that in DIR

Error is the absolute one against bytes / the time in which they moved. Beside it stand
n and the share of downloads and of bytes that have a rate: refusing is no accuracy.
Rules were tuned on simulations of seed 1; these are of another.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from downloads.bursts import Burst, join
from downloads.rates import rate_of
from tests.benchmarks import recordings
from tests.benchmarks.recordings import Line, Recorded
from tests.benchmarks.simulated_downloads import simulations

SEED = 2
EACH = 150

Rule = Callable[[Sequence[Burst]], float | None]


@dataclass(frozen=True)
class Accuracy:
    """Errors are shares, in order; ``asked`` downloads of ``asked_bytes`` in all."""

    errors: list[float]
    answered_bytes: int
    asked: int
    asked_bytes: int

    def quantile(self, share: float) -> float:
        """The nearest rank; infinite where nothing was answered."""
        last = len(self.errors) - 1
        return self.errors[round(share * last)] if self.errors else float("inf")

    def __str__(self) -> str:
        return (
            f"n={len(self.errors):3} of {self.asked:3}"
            f" ({len(self.errors) / self.asked:4.0%}, bytes"
            f" {self.answered_bytes / self.asked_bytes:4.0%})"
            f"  median {self.quantile(0.5):7.2%}  p90 {self.quantile(0.9):7.1%}"
            f"  worst {self.quantile(1):7.0%}"
        )


def accuracy(downloads: Iterable[Recorded], view: str, rule: Rule) -> Accuracy:
    """``view`` is what the log tells: see ``bursts_of``."""
    errors, answered, asked, asked_bytes = [], 0, 0, 0
    for download in downloads:
        rate = rule(bursts_of(download.lines, view))
        asked += 1
        asked_bytes += download.size
        if rate is not None:
            errors.append(abs(rate / download.bytes_per_second - 1))
            answered += download.size
    return Accuracy(sorted(errors), answered, asked, asked_bytes)


def bursts_of(lines: Iterable[Line], view: str) -> list[Burst]:
    """``view``: stamps (A1), timed (A1t), ms (A2), ms_timed (A2 with request_time)."""
    return join(_burst(line, view) for line in lines)


def _burst(line: Line, view: str) -> Burst:
    second = line.at_ms // 1000
    end = line.at_ms if view.startswith("ms") else second * 1000
    start = end - (line.request_ms if view.endswith("timed") else 0)
    known = view != "stamps"
    hit = line.size if line.hit else 0
    return Burst(
        first=second,
        last=second,
        hit_bytes=hit,
        miss_bytes=line.size - hit,
        other_bytes=0,
        requests=1,
        failed_requests=0,
        bytes_in_first_second=line.size,
        bytes_in_last_second=line.size,
        first_start_ms=start if known else None,
        last_end_ms=end if known else None,
    )


def simulated(seed: int = SEED, each: int = EACH) -> Iterator[Recorded]:
    for download in simulations(seed, each):
        lines = [
            Line(
                int(request.stamp * 1000),
                int((request.stamp - request.start) * 1000),
                int(request.size),
                hit=False,
            )
            for request in download.requests
        ]
        yield Recorded(download.kind, download.seconds, download.total_bytes, lines)


def ours(bursts: Sequence[Burst]) -> float | None:
    return rate_of(bursts).bytes_per_second


def span(bursts: Sequence[Burst]) -> float | None:
    return _over(
        sum(burst.total_bytes for burst in bursts), bursts[-1].last - bursts[0].first
    )


def after_first_second(bursts: Sequence[Burst]) -> float | None:
    size = sum(burst.total_bytes for burst in bursts)
    seconds = bursts[-1].last - bursts[0].first
    return _over(size - bursts[0].bytes_in_first_second, seconds)


def whole_seconds(bursts: Sequence[Burst]) -> float | None:
    long = [burst for burst in bursts if burst.last > burst.first + 1]
    edges = sum(b.bytes_in_first_second + b.bytes_in_last_second for b in long)
    size = sum(burst.total_bytes for burst in long) - edges
    return _over(size, sum(burst.last - burst.first - 1 for burst in long))


def first_start_to_last_end(bursts: Sequence[Burst]) -> float | None:
    start = min(burst.first_start_ms or 0 for burst in bursts)
    end = max(burst.last_end_ms or 0 for burst in bursts)
    return _over(sum(burst.total_bytes for burst in bursts), (end - start) / 1000)


def _over(size: int, seconds: float) -> float | None:
    return size / seconds if seconds > 0 and size > 0 else None


RULES: list[tuple[str, str, Rule]] = [
    ("bytes / (last - first)", "stamps", span),
    ("bytes after the first second", "stamps", after_first_second),
    ("whole seconds only", "stamps", whole_seconds),
    ("first start to last end, ms", "ms_timed", first_start_to_last_end),
    ("OURS, stock log (A1)", "stamps", ours),
    ("OURS, with request_time (A1t)", "timed", ours),
    ("OURS, ms stamps (A2)", "ms", ours),
    ("OURS, ms and request_time", "ms_timed", ours),
]


def report(title: str, downloads: Iterable[Recorded]) -> None:
    kinds = defaultdict(list)
    for download in downloads:
        kinds[download.kind].append(download)
    print(f"# {title}")
    for kind, of_kind in sorted(kinds.items()):
        print(f"\n{kind}")
        for name, view, rule in RULES:
            print(f"  {name:30} {accuracy(of_kind, view, rule)}")
    print()


def main() -> None:
    given = [Path(word) for word in sys.argv[1:]]
    for directory in given:
        report(f"recorded: {directory}", recordings.from_directory(directory))
    if not given:
        report("recorded: bundled", recordings.bundled())
    report(f"simulated: seed {SEED}", simulated())


if __name__ == "__main__":
    main()
