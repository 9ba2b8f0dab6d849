"""A line of cachelog-json as the template of the others in its log."""

import io
import json
import re
from dataclasses import dataclass
from itertools import islice

import polars as pl

from ingest.formats.frames import fields

KEYS = {
    "timestamp": "stamp_ms",
    "time_local": "stamp",
    "cache_identifier": "identifier",
    "remote_addr": "address",
    "forwarded_for": "forwarded_for",
    "status": "status",
    "bytes_sent": "bytes",
    "user_agent": "user_agent",
    "upstream_cache_status": "cache_status",
    "host": "host",
    "method": "method",
    "path": "target",
    "request_time": "seconds",
}
NEEDED = ("remote_addr", "status", "bytes_sent", "method", "path", "host")
# Lines among which a template is looked for.
CANDIDATES = 100
# What stands between two quotes where the value is a number.
DIGITS = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
SCALAR = re.compile(rf"( *: *)({DIGITS})( *[,}}] *)")


@dataclass(frozen=True)
class Template:
    """A line cut at its quotes into columns: which are the same in all lines, what
    those with a number look like, and where the values of KEYS are."""

    fixed: dict[int, str]
    numbers: dict[int, str]
    places: dict[str, int]
    width: int


def template_of(text: bytes) -> Template | None:
    """Make a template of the first line that is fit for one."""
    for line in islice(io.BytesIO(text), CANDIDATES):
        values = None if b"\\" in line else values_of(line)
        if values is None:
            continue
        pieces = line.decode("utf-8", "replace").rstrip("\n").split('"')
        template = _cut(pieces)
        if values == {key: _read(pieces[i]) for key, i in template.places.items()}:
            return template
    return None


def _cut(pieces: list[str]) -> Template:
    fixed, numbers, places = {}, {}, {}
    for i, piece in enumerate(pieces):
        is_key = i % 2 == 1 and pieces[i + 1].lstrip().startswith(":")
        if is_key or i % 2 == 0:
            fixed[i] = piece
        if i % 2 == 0 and (number := SCALAR.fullmatch(piece)):
            before, _, after = (re.escape(part) for part in number.groups())
            numbers[i] = rf"^{before}({DIGITS}){after}$"
            del fixed[i]
        if is_key and piece in KEYS:
            # Text stands between the next two quotes, a number between these.
            places[piece] = i + 2 if pieces[i + 1].strip() == ":" else i + 1
    return Template(fixed, numbers, places, len(pieces))


def _read(piece: str) -> str:
    number = SCALAR.fullmatch(piece)
    return number[2] if number else piece


def fitting(text: bytes, template: Template) -> pl.DataFrame:
    """Return the values of the lines that are as the template but for them."""
    c = [pl.col(f"c{i}") for i in range(template.width + 1)]
    number = {i: c[i].str.extract(like) for i, like in template.numbers.items()}
    fits = [c[i] == piece for i, piece in template.fixed.items()]
    fits += [value.is_not_null() for value in number.values()]
    fits.append(c[-1] == "")
    lines = fields(text, '"', len(c)).with_row_index()
    if b"\\" in text or b'"\n' in text:
        # A value may go on behind a backslash and a quote. A line that ends with a
        # quote is cut off, and its columns do not tell.
        whole = pl.col("c0")
        odd = whole.str.contains("\\", literal=True) | whole.str.ends_with('"')
        plain = fields(text, "\n", 1).select(plain=~odd)
        lines = pl.concat([lines, plain], how="horizontal")
        fits.append(pl.col("plain"))
    values = {
        KEYS[key]: number.get(place, c[place]) for key, place in template.places.items()
    }
    return lines.filter(pl.all_horizontal(fits)).select("index", **values).collect()


def values_of(line: bytes) -> dict[str, str] | None:
    """Return the values of KEYS in a JSON line, or None if it is none of ours."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(
            line.decode("utf-8", "replace"),
            strict=False,
            parse_int=str,
            parse_float=str,
        )
    except (ValueError, RecursionError):
        return None
    if any(key not in found for key in NEEDED):
        return None
    # A lone surrogate, \ud800, is no text that a column could hold.
    return {
        key: found[key].encode("utf-8", "replace").decode()
        for key in KEYS
        if isinstance(found.get(key), str)
    }
