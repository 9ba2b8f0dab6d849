"""Series of files that tell the same traffic in several formats: one is read."""

from downloads.titles import HEAD
from ingest import discovery
from ingest.discovery import Found
from ingest.identity import opened
from ingest.models import LogFile
from ingest.reader import DamagedFile
from ingest.readings import Reading, Survey
from ingest.series import Series, set_aside
from ingest.stamps import last_stamp, stamp_of

# First and last stamp and format of a file that looked like this.
Outline = tuple[int | None, int | None, str]
_outlines: dict[tuple[object, ...], Outline] = {}
MOST_OUTLINES = 10_000


def leave_out(survey: Survey, preferred: str) -> list[list[str]]:
    """Leave out all series but one where several tell the same traffic."""
    by_series: dict[str, list[Reading]] = {}
    for reading in survey.readings:
        if reading.row.kind == LogFile.Kind.ACCESS:
            by_series.setdefault(reading.found.series, []).append(reading)
    series = [
        one
        for name, some in by_series.items()
        if len(by_series) > 1 and (one := _series(name, some))
    ]
    aside = set_aside(series, preferred)
    names = []
    for reading in list(survey.readings):
        access = reading.row.kind == LogFile.Kind.ACCESS
        instead = aside.get(reading.found.series) if access else None
        state = LogFile.State.ASIDE if instead else LogFile.State.READING
        if reading.row.state != state:
            reading.row.state = state
            reading.row.save(update_fields=["state"])
        if instead:
            survey.readings.remove(reading)
            reason = f"the same traffic as {instead}, in another format"
            names.append([reading.found.path.name, reason])
    return names


def _series(name: str, readings: list[Reading]) -> Series | None:
    firsts, lasts, formats = [], [], []
    for reading in readings:
        first, last, format_id = _outline(reading)
        firsts += [first] if first is not None else []
        lasts += [last] if last is not None else []
        formats += [format_id] if format_id else []
    if not firsts or not lasts or not formats:
        return None
    being_read = any(
        r.row.state == LogFile.State.READING and (r.row.lines or r.row.offset)
        for r in readings
    )
    return Series(name, formats[-1], min(firsts), max(lasts), being_read)


def _outline(reading: Reading) -> Outline:
    first, last, format_id = outline(reading.found)
    return reading.row.first_stamp or first, last, format_id


def outline(found: Found) -> Outline:
    """Return the first and last stamp of a file, and its format, by its edges."""
    key = (found.path, found.inode, found.device, found.size, found.mtime_ns)
    if key not in _outlines:
        if len(_outlines) >= MOST_OUTLINES:
            _outlines.clear()
        try:
            _outlines[key] = _outlined(found)
        except OSError:
            return None, None, ""
    return _outlines[key]


def _outlined(found: Found) -> Outline:
    with opened(found) as reader:
        try:
            data = reader.read(0, discovery.PEEK).data
        except DamagedFile:
            return None, None, ""
        if found.compression:
            # The end of a compressed file is far; when it was written is near.
            last: int | None = found.mtime_ns // 10**9
        else:
            start = max(0, found.size - discovery.PEEK)
            last = last_stamp(reader.exactly(start, found.size))
    line = data.partition(b"\n")[0]
    return stamp_of(line), last, _format_of(line, found.kind)


def _format_of(line: bytes, kind: str) -> str:
    if not line:
        return ""
    line += b"\n"
    stream = kind == LogFile.Kind.STREAM
    # Pages load this module, and few look into logs: what parses takes 25 MB.
    from ingest.formats import parse_access, parse_stream

    parsed = parse_stream(line) if stream else parse_access(line, HEAD)
    return next(iter(parsed.formats), "")
