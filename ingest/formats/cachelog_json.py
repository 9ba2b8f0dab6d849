r"""The access format A2, `cachelog-json`: one JSON object a line.

nginx writes the keys in the order of its log_format and escapes quotes within values
as `\"`. So the double quote cuts all lines of a file alike into keys and values; a
template made from one line says which is where, and lines that do not fit it (another
order of keys, a quote in a value) are tried with a template of their own.
"""

import json

import polars as pl

from ingest.formats.frames import (
    NUMBER,
    REQUESTS,
    STEAM_AGENT,
    Parsed,
    epoch_seconds,
    fields,
    lines_of,
)

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
TEMPLATES_TRIED = 4
# Longest first line that a template is made from: nginx's own limit on a request is
# far below it.
TEMPLATE_BYTES = 65536


def parse(data: bytes, head: str) -> Parsed:
    """Group the JSON lines of ``data``; see REQUESTS and cachelog.parse."""
    rest = list(range(data.count(b"\n")))
    text = data
    frames = []
    for _ in range(TEMPLATES_TRIED):
        template = _template(text)
        if template is None:
            break
        known = _fitting(text, template)
        if known.is_empty():
            break
        frames.append(_understood(known))
        fitted = set(frames[-1]["index"])
        rest = [line for i, line in enumerate(rest) if i not in fitted]
        if not rest:
            break
        text = b"\n".join(lines_of(data, rest)) + b"\n"
    odd, rest = _one_by_one(data, rest)
    frames.append(odd)
    grouped = _grouped(pl.concat([f.drop("index") for f in frames]), head)
    count = int(grouped["requests"].sum())
    return Parsed(grouped, rest, {"A2": count} if count else {})


def _template(text: bytes) -> dict[str, tuple[int, bool]] | None:
    """Return column and quotedness of each known key in the first JSON line."""
    line = text.lstrip(b"\n\r ")[:TEMPLATE_BYTES].split(b"\n", 1)[0]
    tokens = line.decode("utf-8", "replace").split('"')
    places = {}
    i = 1
    while i + 1 < len(tokens):
        quoted = tokens[i + 1].strip() == ":"
        if tokens[i] in KEYS:
            places[tokens[i]] = (i, quoted)
        i += 4 if quoted else 2
    return places if all(key in places for key in NEEDED) else None


def _fitting(text: bytes, template: dict[str, tuple[int, bool]]) -> pl.DataFrame:
    width = max(place for place, _ in template.values()) + 4
    fits = pl.col("c0").str.strip_chars() == "{"
    values = []
    for key, (place, quoted) in template.items():
        fits &= pl.col(f"c{place}") == key
        after = pl.col(f"c{place + 1}").str.strip_chars()
        if quoted:
            fits &= after == ":"
            values.append(pl.col(f"c{place + 2}").alias(KEYS[key]))
        else:
            number = after.str.strip_chars(":,} ")
            values.append(number.alias(KEYS[key]))
        # A backslash before a closing quote: the value goes on behind it.
        if quoted:
            fits &= ~pl.col(f"c{place + 2}").str.ends_with("\\")
    return (
        fields(text, '"', width)
        .with_row_index()
        .filter(fits.fill_null(False))
        .select("index", *values)
        .collect()
    )


def _understood(known: pl.DataFrame) -> pl.DataFrame:
    """Convert text to numbers; drop lines whose numbers or time are none."""
    for column in KEYS.values():
        if column not in known.columns:
            known = known.with_columns(pl.lit(None, pl.String).alias(column))
    ms = (pl.col("stamp_ms").cast(pl.Float64, strict=False) * 1000).round()
    return (
        known.with_columns(
            epoch_seconds(pl.col("stamp")).alias("local"),
            ms.cast(pl.Int64, strict=False).alias("end_ms"),
            pl.col("status").str.extract(r"^(\d{3})$").cast(pl.Int64),
            pl.col("bytes").str.extract(rf"^({NUMBER})$").cast(pl.Int64),
            pl.col("seconds").cast(pl.Float64, strict=False),
            pl.col("user_agent")
            .str.starts_with(STEAM_AGENT)
            .fill_null(False)
            .alias("steam_agent"),
            *[
                _unescaped(pl.col(name)).fill_null("").alias(name)
                for name in ("identifier", "host", "forwarded_for", "cache_status")
            ],
        )
        .with_columns(pl.coalesce("local", pl.col("end_ms") // 1000).alias("at"))
        .filter(
            pl.col("at").is_not_null()
            & pl.col("status").is_not_null()
            & pl.col("bytes").is_not_null()
            & (pl.col("address") != "")
        )
        .select(
            "index", "identifier", "address", "forwarded_for", "at", "method",
            "target", "status", "cache_status", "host", "steam_agent", "bytes",
            "end_ms", "seconds",
        )
    )  # fmt: skip


def _unescaped(text: pl.Expr) -> pl.Expr:
    return text.replace("-", "").str.replace_all(r"\\(.)", "$1")


def _one_by_one(data: bytes, rest: list[int]) -> tuple[pl.DataFrame, list[int]]:
    """Read the few lines that fit no template; return them and what is no JSON."""
    rows, left = [], []
    for index, line in zip(rest, lines_of(data, rest), strict=True):
        try:
            values = json.loads(line.decode("utf-8", "replace"))
            if not isinstance(values, dict) or not all(k in values for k in NEEDED):
                raise ValueError
        except (ValueError, RecursionError):
            left.append(index)
            continue
        row = {name: str(values[key]) for key, name in KEYS.items() if key in values}
        rows.append({"index": index, **row})
    schema = {"index": pl.UInt32} | dict.fromkeys(KEYS.values(), pl.String)
    known = _understood(pl.DataFrame(rows, schema=schema))
    left.extend(set(rest) - set(left) - set(known["index"]))
    return known, sorted(left)


def _grouped(lines: pl.DataFrame, head: str) -> pl.DataFrame:
    request = pl.concat_str("method", pl.lit(" "), "target")
    keys = REQUESTS.names()[: REQUESTS.names().index("bytes")]
    start_ms = pl.col("end_ms") - (pl.col("seconds") * 1000).round().cast(pl.Int64)
    return (
        lines.lazy()
        .with_columns(
            request.str.extract(head, 1).alias("method"),
            request.str.extract(head, 2).alias("path"),
            start_ms.alias("first_start_ms"),
        )
        .group_by(keys)
        .agg(
            pl.col("bytes").sum(),
            pl.len().alias("requests"),
            pl.col("first_start_ms").min(),
            pl.when(pl.col("seconds").is_not_null())
            .then("end_ms")
            .max()
            .alias("last_end_ms"),
        )
        .select(REQUESTS.names())
        .cast(REQUESTS)
        .collect()
    )
