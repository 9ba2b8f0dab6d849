"""Log bytes to columns. Pure: knows no Django and no tables.

A slice of whole lines goes through the families of formats one after the other; each
takes the lines it understands, so that a file may change its format half-way. What
none understands is rejected, with a reason.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from ingest.formats import baremetal, cachelog, cachelog_json, stream
from ingest.formats.frames import REQUESTS, SESSIONS, Parsed, lines_of
from ingest.formats.reasons import reason

__all__ = ["REQUESTS", "SESSIONS", "Rejected", "Slice", "parse_access", "parse_stream"]


@dataclass(frozen=True)
class Rejected:
    """A line that no format fits: its place within the slice, in bytes, and why."""

    position: int
    line: bytes
    reason: str


@dataclass
class Slice:
    """What the lines of one slice say: lines = rows + skipped + rejected."""

    frame: pl.DataFrame
    lines: int
    skipped: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    samples: list[Rejected] = field(default_factory=list)
    formats: Counter[str] = field(default_factory=Counter)


def parse_access(data: bytes, head: str, samples: int = 100) -> Slice:
    """Group the requests in ``data``, whole lines, by all that tells them apart.

    ``head`` is a pattern with two groups, the method and the part of a path that
    names something. At most ``samples`` of the rejected lines are kept.
    """
    families: list[Callable[[bytes], Parsed]] = [
        lambda lines: cachelog.parse(lines, head),
        lambda lines: cachelog_json.parse(lines, head),
        lambda lines: baremetal.parse(lines, head),
    ]
    if data.lstrip()[:1] == b"{":
        families[0], families[1] = families[1], families[0]
    return _cascade(data, families, REQUESTS, samples)


def parse_stream(data: bytes, samples: int = 100) -> Slice:
    """Read the sessions in ``data``, whole lines; otherwise as parse_access."""
    return _cascade(data, [stream.parse], SESSIONS, samples)


def _cascade(
    data: bytes,
    families: Sequence[Callable[[bytes], Parsed]],
    schema: pl.Schema,
    samples: int,
) -> Slice:
    result = Slice(schema.to_frame(), data.count(b"\n"))
    frames: list[pl.DataFrame] = []
    rest: Sequence[int] = range(result.lines)
    text = data
    for parse in families:
        parsed = parse(text)
        frames.append(parsed.frame)
        result.formats.update(parsed.formats)
        rest = [rest[i] for i in parsed.leftover]
        if not rest:
            break
        text = b"\n".join(lines_of(data, rest)) + b"\n"
    result.frame = pl.concat(frames)
    if rest:
        _set_aside(result, data, rest, samples)
    return result


def _set_aside(result: Slice, data: bytes, rest: Sequence[int], samples: int) -> None:
    """Count what no format fits: empty lines are skipped, all else is rejected."""
    lines = data.split(b"\n")
    filled = [i for i in rest if lines[i].strip()]
    if empty := len(rest) - len(filled):
        result.skipped["empty line"] += empty
    result.rejected = len(filled)
    wanted = set(filled[:samples])
    position = 0
    for i, line in enumerate(lines):
        if not wanted:
            break
        if i in wanted:
            wanted.discard(i)
            result.samples.append(Rejected(position, line[:500], reason(line)))
        position += len(line) + 1
