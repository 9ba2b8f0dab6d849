"""The time of a single line, for finding one's way in a file. Pure.

Lines are read in bulk elsewhere; this looks at a handful of them.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

BLOCK = 1 << 20  # no line is looked at further than this
NEAR = 64 << 10  # bytes that are not worth another seek
# nginx's workers write their buffers (`flush=5s`) one after the other, so that seconds
# come back late.
LATE = 10

StampOf = Callable[[bytes], int | None]

# In English whatever the locale, unlike strptime's.
_MONTHS = {
    name: number
    for number, name in enumerate(
        b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1
    )
}
_TIME = rb"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)([0-5]\d)"
_FIRST = re.compile(rb"\[" + _TIME + rb"\] \S+ ")
_BEFORE_REQUEST = re.compile(rb"\[" + _TIME + rb"\] $")
_SESSION = re.compile(rb"\S+ \[" + _TIME + rb"\] (?:TCP|UDP) \d{3} ")
_SESSION_LATER = re.compile(rb"\[" + _TIME + rb"\] \S+ (?:TCP|UDP) \d{3} ")
_JSON_SECONDS = re.compile(rb'"timestamp": ?"?(\d{1,11})\.\d{3}\b')
_JSON_TIME = re.compile(rb'"time_local": ?"' + _TIME + rb'"')
_STAMP_SIZE = len("[01/Jan/2026:00:00:00 +0000] ")


def stamp_of(line: bytes) -> int | None:
    """Return the time that nginx wrote into ``line``, in epoch seconds, or None.

    Only a time where a format has it counts: an address or a name before or after it
    may hold a forged one. No quote can occur before the request: nginx escapes it.
    """
    if line.startswith(b"{"):
        if seconds := _JSON_SECONDS.search(line):
            return int(seconds[1])
        return _epoch(_JSON_TIME.search(line))
    quote = line.find(b'"')
    if quote >= _STAMP_SIZE:
        found = _BEFORE_REQUEST.search(line, quote - _STAMP_SIZE, quote)
        if found:
            return _epoch(found)
    return _epoch(_FIRST.match(line) or _SESSION.match(line))


def kind_of(line: bytes) -> str:
    """Return "stream" or "access" by the look of a line, "" if it has neither's."""
    if stamp_of(line) is None:
        return ""
    stream = _SESSION.match(line) or _SESSION_LATER.match(line)
    return "stream" if stream else "access"


def last_stamp(data: bytes) -> int | None:
    """Return the time of the last whole line in ``data`` that has one."""
    lines = data.split(b"\n")[:-1]
    return next((s for line in reversed(lines) if (s := stamp_of(line))), None)


def _epoch(found: re.Match[bytes] | None) -> int | None:
    if found is None:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    if month not in _MONTHS:
        return None
    date = int(year), _MONTHS[month], int(day)
    try:
        local = datetime(*date, int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        return None
    east = (int(hours) * 60 + int(minutes)) * 60
    return int(local.timestamp()) - (east if sign == b"+" else -east)


def line_start_at_or_after(path: Path, target: int, stamp_of: StampOf) -> int:
    """Return where the first line of ``target`` (epoch seconds) or later begins.

    Bisects a plain file: about 30 seeks in 100 GB, and reading what was logged in the
    10 s before. Its size, if there is no such line. Lines without a time are passed
    over. Raises OSError.
    """
    with path.open("rb") as file:
        low, high = 0, file.seek(0, 2)
        while high - low > NEAR:
            middle = (low + high) // 2
            start, stamp = _stamp_after(file, middle, high, stamp_of)
            if stamp is None or stamp >= target - LATE:
                high = middle
            else:
                low = start
        return _first_at(file, low, target, stamp_of)


def _stamp_after(
    file: IO[bytes], position: int, end: int, stamp_of: StampOf
) -> tuple[int, int | None]:
    """Return start and stamp of the first line after ``position`` that has one."""
    file.seek(position)
    begins = False
    while (start := file.tell()) < end:
        line = file.readline(BLOCK)
        if begins and (stamp := stamp_of(line)) is not None:
            return start, stamp
        begins = line.endswith(b"\n")
    return end, None


def _first_at(file: IO[bytes], low: int, target: int, stamp_of: StampOf) -> int:
    file.seek(low)
    position, begins = low, True
    while line := file.readline(BLOCK):
        if begins:
            stamp = stamp_of(line)
            if stamp is not None and stamp >= target:
                return position
        begins = line.endswith(b"\n")
        position += len(line)
    return position
