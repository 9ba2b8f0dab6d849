"""What the lines of a chunk say, every one of them accounted for. Looks at no table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from downloads import titles
from ingest import formats
from ingest.counting import Network, count
from ingest.lines import Chunk

SAMPLES = 100  # of rejected lines, from one slice
OLDER = "older than asked for"
OVERLONG = "longer than a line may be"


@dataclass
class Totals:
    """What was read: lines = requests + sessions + skipped + rejected."""

    bytes: int = 0
    lines: int = 0
    requests: int = 0
    sessions: int = 0
    skipped: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Totals") -> None:
        self.bytes += other.bytes
        self.lines += other.lines
        self.requests += other.requests
        self.sessions += other.sessions
        self.skipped += other.skipped
        self.rejected += other.rejected
        self.reasons.update(other.reasons)

    def check(self) -> None:
        """Raise AssertionError unless every line is accounted for."""
        taken = self.requests + self.sessions + self.skipped + self.rejected
        if taken != self.lines:
            raise AssertionError(f"{self.lines} lines were read, {taken} accounted for")


@dataclass
class Understood:
    """A slice in the columns that recording takes; see ingest.counting.Counted.

    ``rejected`` are samples, with their places in the file.
    """

    totals: Totals
    format: str
    seconds: pl.DataFrame | None = None
    statuses: pl.DataFrame | None = None
    sessions: pl.DataFrame | None = None
    rejected: list[formats.Rejected] = field(default_factory=list)

    def stamps(self) -> tuple[int, int] | None:
        """Return the first and the last time, epoch seconds; None without any."""
        frame = self.sessions if self.seconds is None else self.seconds
        if frame is None or frame.is_empty():
            return None
        return int(frame["at"].min()), int(frame["at"].max())  # type: ignore[arg-type]


def parse_access(chunk: Chunk) -> formats.Slice:
    return formats.parse_access(chunk.data, titles.HEAD, SAMPLES)


def parse_stream(chunk: Chunk) -> formats.Slice:
    return formats.parse_stream(chunk.data, SAMPLES)


def requests(
    chunk: Chunk,
    parsed: formats.Slice,
    since: int | None,
    trusted: Sequence[Network],
    file_service: str,
) -> Understood:
    """Understand a parsed chunk of an access log; skip lines before ``since``.

    The chunk's own bytes are not looked at.
    """
    totals = _begun(chunk, parsed)
    frame = parsed.frame
    if since is not None:
        recent = frame.filter(pl.col("at") >= since)
        old = int(frame["requests"].sum()) - int(recent["requests"].sum())
        _skip(totals, OLDER, old)
        frame = recent
    counted = count(frame, trusted, file_service)
    totals.requests = counted.requests
    for reason, number in counted.skipped.items():
        _skip(totals, reason, number)
    totals.check()
    return Understood(
        totals,
        _format(parsed),
        seconds=counted.seconds,
        statuses=counted.statuses,
        rejected=_rejected(chunk, parsed),
    )


def sessions(chunk: Chunk, parsed: formats.Slice, since: int | None) -> Understood:
    """Understand a parsed chunk of a stream log; otherwise as requests."""
    totals = _begun(chunk, parsed)
    frame = parsed.frame
    if since is not None:
        recent = frame.filter(pl.col("at") >= since)
        _skip(totals, OLDER, frame.height - recent.height)
        frame = recent
    totals.sessions = frame.height
    totals.check()
    rejected = _rejected(chunk, parsed)
    return Understood(totals, _format(parsed), sessions=frame, rejected=rejected)


def _begun(chunk: Chunk, parsed: formats.Slice) -> Totals:
    totals = Totals(
        bytes=chunk.end - chunk.start,
        lines=parsed.lines + len(chunk.overlong),
        rejected=parsed.rejected + len(chunk.overlong),
    )
    for reason, number in parsed.skipped.items():
        _skip(totals, reason, number)
    if chunk.overlong:
        totals.reasons[OVERLONG] += len(chunk.overlong)
    if parsed.rejected:
        totals.reasons["fits no format"] += parsed.rejected
    return totals


def _skip(totals: Totals, reason: str, number: int) -> None:
    if number:
        totals.skipped += number
        totals.reasons[reason] += number


def _format(parsed: formats.Slice) -> str:
    return ", ".join(sorted(parsed.formats))


def _rejected(chunk: Chunk, parsed: formats.Slice) -> list[formats.Rejected]:
    overlong = [
        formats.Rejected(place, beginning, OVERLONG)
        for place, _size, beginning in chunk.overlong
    ]
    samples = [
        replace(sample, position=chunk.start + sample.position)
        for sample in parsed.samples
    ]
    return samples + overlong
