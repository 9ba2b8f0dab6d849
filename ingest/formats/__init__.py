"""Log bytes to columns. Pure: knows no Django and no tables.

A slice of whole lines goes through the families of formats one after the other; each
takes the lines it understands, so that a file may change its format half-way. What
none understands is rejected, with a reason.
"""

import io
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

import polars as pl

from ingest.formats import baremetal, cachelog, cachelog_json, stream
from ingest.formats.frames import REQUESTS, SESSIONS, Parsed, line_count, lines_of
from ingest.formats.reasons import reason

__all__ = ["REQUESTS", "SESSIONS", "Rejected", "Slice", "parse_access", "parse_stream"]

# At once: a slice of short lines, such as empty ones, has very many.
MOST_LINES = 300_000
# How a line of a bare-metal cache begins: with the time.
BAREMETAL = re.compile(rb"\s*\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:")


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
    families = [cachelog.parse, cachelog_json.parse, baremetal.parse]
    # The first to be asked is the one whose lines most of them probably are.
    if data.lstrip().startswith(b"{"):
        families = [cachelog_json.parse, cachelog.parse, baremetal.parse]
    elif BAREMETAL.match(data):
        families = [baremetal.parse, cachelog.parse, cachelog_json.parse]
    return _cascade(data, [partial(f, head=head) for f in families], REQUESTS, samples)


def parse_stream(data: bytes, samples: int = 100) -> Slice:
    """Read the sessions in ``data``, whole lines; otherwise as parse_access."""
    return _cascade(data, [stream.parse], SESSIONS, samples)


def _cascade(
    data: bytes,
    families: Sequence[Callable[[bytes], Parsed]],
    schema: pl.Schema,
    samples: int,
) -> Slice:
    result = Slice(schema.to_frame(), line_count(data))
    if result.lines > MOST_LINES:
        half = len(data) // 2
        middle = data.rfind(b"\n", 0, half) + 1 or data.find(b"\n", half) + 1
        halves = (data[:middle], data[middle:])
        first, second = (_cascade(h, families, schema, samples) for h in halves)
        return _added(first, second, middle, samples)
    frames: list[pl.DataFrame] = []
    rest: Sequence[int] = range(result.lines)
    text = data
    for parse in families:
        parsed = _accounted(parse, text, len(rest))
        frames.append(parsed.frame)
        result.formats.update(parsed.formats)
        rest = [rest[i] for i in parsed.leftover]
        if not rest:
            break
        if len(rest) < result.lines:
            text = b"".join(lines_of(data, rest))
    result.frame = pl.concat(frames)
    if rest:
        _set_aside(result, data, rest, samples)
    return result


def _added(first: Slice, second: Slice, middle: int, samples: int) -> Slice:
    """Add two slices up; ``middle`` is where the second begins."""
    later = [replace(one, position=middle + one.position) for one in second.samples]
    return Slice(
        pl.concat([first.frame, second.frame]),
        first.lines + second.lines,
        first.skipped + second.skipped,
        first.rejected + second.rejected,
        (first.samples + later)[:samples],
        first.formats + second.formats,
    )


def _accounted(parse: Callable[[bytes], Parsed], text: bytes, lines: int) -> Parsed:
    """Parse ``text``; a line that is lost in it, or brings all down, is leftover.

    None is known to: this keeps one that polars trips over from stopping a file.
    """
    with suppress(pl.exceptions.PolarsError, pl.exceptions.PanicException):
        parsed = parse(text)
        if sum(parsed.formats.values()) + len(parsed.leftover) == lines:
            return parsed
    if lines == 1:
        return Parsed(parse(b"").frame, [0])
    half = lines // 2
    size = sum(len(line) for line in islice(io.BytesIO(text), half))
    first = _accounted(parse, text[:size], half)
    second = _accounted(parse, text[size:], lines - half)
    return Parsed(
        pl.concat([first.frame, second.frame]),
        [*first.leftover, *(half + i for i in second.leftover)],
        Counter(first.formats) + Counter(second.formats),
    )


def _set_aside(result: Slice, data: bytes, rest: Sequence[int], samples: int) -> None:
    """Count what no format fits: empty lines are skipped, all else is rejected."""
    filled = [
        (index, line)
        for index, line in zip(rest, lines_of(data, rest), strict=True)
        if line.strip()
    ]
    if empty := len(rest) - len(filled):
        result.skipped["empty line"] += empty
    result.rejected = len(filled)
    position = before = 0
    lines = io.BytesIO(data)
    for index, line in filled[:samples]:
        position += sum(len(line) for line in islice(lines, index - before))
        result.samples.append(
            Rejected(position, line[:500].rstrip(b"\n"), reason(line))
        )
        position += len(next(lines))
        before = index + 1
