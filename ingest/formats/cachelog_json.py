r"""The access format A2, `cachelog-json`: one JSON object a line.

nginx writes the keys in the order of its log_format, so the double quote cuts all lines
of a file alike into keys and values. A template made from one line says which is where;
lines that fit it but for their values are read in columns. The others (another order
of keys, a backslash in a value) are tried with templates of their own, then one by one.
"""

import io
from collections.abc import Sequence

import polars as pl

from ingest.formats.addresses import with_folded_address
from ingest.formats.frames import (
    NUMBER,
    SECONDS,
    STEAM_AGENT,
    Parsed,
    epoch_seconds,
    found_head,
    line_count,
    lines_of,
    requests,
)
from ingest.formats.json_template import KEYS, fitting, template_of, values_of

MSEC = r"^([0-9]{1,10}\.[0-9]{3})$"
TEMPLATES_TRIED = 4


def parse(data: bytes, head: str) -> Parsed:
    """Group the JSON lines of ``data``; see frames.REQUESTS for the columns."""
    # No line that nginx wrote holds one but at its end.
    data = data.replace(b"\r", b"") if b"\r" in data else data
    rest: Sequence[int] = range(line_count(data))
    text = data
    found = []
    for _ in range(TEMPLATES_TRIED):
        template = template_of(text)
        if template is None:
            break
        found.append(_understood(fitting(text, template), head))
        rest, text = _without(rest, text, found[-1]["index"])
    found.append(_understood(_one_by_one(text), head))
    leftover, _ = _without(rest, text, found[-1]["index"])
    known = pl.concat([frame.drop("index") for frame in found], how="diagonal")
    formats = {"A2": known.height} if known.height else {}
    return Parsed(_grouped(known, head), leftover, formats)


def _without(
    rest: Sequence[int], text: bytes, known: pl.Series
) -> tuple[Sequence[int], bytes]:
    """Return the lines of ``text`` that are not ``known``, and which they were."""
    if known.len() == len(rest):
        return [], b""
    fitted = set(known)
    left = [i for i in range(len(rest)) if i not in fitted]
    return [rest[i] for i in left], b"".join(lines_of(text, left))


def _one_by_one(text: bytes) -> pl.DataFrame:
    """Read the few lines that fit no template."""
    rows = [
        {"index": index} | {KEYS[key]: value for key, value in values.items()}
        for index, line in enumerate(io.BytesIO(text))
        if (values := values_of(line)) is not None
    ]
    schema = {"index": pl.UInt32} | dict.fromkeys(KEYS.values(), pl.String)
    return pl.DataFrame(rows, schema=schema)


def _understood(known: pl.DataFrame, head: str) -> pl.DataFrame:
    """Convert text to numbers; drop lines whose numbers, time or client are none."""
    known = pl.concat(
        [known, pl.DataFrame(schema=dict.fromkeys(KEYS.values(), pl.String))],
        how="diagonal",
    )
    ms = pl.col("stamp_ms").str.extract(MSEC).cast(pl.Float64) * 1000
    request = pl.concat_str("method", pl.lit(" "), "target")
    status_ok = pl.col("status").str.contains("^[0-9]{3}$")
    lines = known.filter(status_ok).select(
        "index",
        "address",
        "status",
        pl.col("identifier", "forwarded_for").fill_null("").replace("-", ""),
        pl.col("host", "cache_status").fill_null(""),
        found_head(request, head).alias("request"),
        pl.col("user_agent")
        .str.starts_with(STEAM_AGENT)
        .fill_null(False)
        .alias("steam_agent"),
        pl.col("bytes").str.extract(rf"^({NUMBER})$").cast(pl.Int64),
        ms.round().cast(pl.Int64).alias("end_ms"),
        pl.col("seconds").str.extract(rf"^({SECONDS})$").cast(pl.Float64),
        "stamp",
    )
    stamps = lines.select(pl.col("stamp").unique()).with_columns(
        epoch_seconds(pl.col("stamp")).alias("local")
    )
    return with_folded_address(
        lines.join(stamps, on="stamp", how="left")
        .with_columns(at=pl.coalesce("local", pl.col("end_ms") // 1000))
        .drop_nulls(["at", "bytes"])
        .drop("stamp", "local")
    )


def _grouped(lines: pl.DataFrame, head: str) -> pl.DataFrame:
    start_ms = pl.col("end_ms") - (pl.col("seconds") * 1000).round().cast(pl.Int64)
    timed = start_ms.is_not_null()
    keys = pl.exclude("index", "bytes", "end_ms", "seconds")
    groups = lines.group_by(keys).agg(
        pl.col("bytes").sum(),
        pl.len().alias("requests"),
        start_ms.min().alias("first_start_ms"),
        pl.when(timed).then("end_ms").max().alias("last_end_ms"),
    )
    return requests(groups, head)
