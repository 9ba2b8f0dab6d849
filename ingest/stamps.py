"""The time of a single line, for finding one's way in a file. Pure.

Lines are read in bulk elsewhere; this looks at a handful of them.
"""

import re
from datetime import datetime

from ingest.formats.frames import STAMP, STAMP_FORMAT

_STAMP = re.compile(rb"\[(" + STAMP.encode() + rb")\]")
_JSON = re.compile(rb'"time_local":\s*"(' + STAMP.encode() + rb')"')
_STREAM = re.compile(
    rb"^(?:\[" + STAMP.encode() + rb"\] \S+|\S+ \[" + STAMP.encode() + rb"\])"
    rb" (?:TCP|UDP) \d{3} "
)


def stamp_of(line: bytes) -> int | None:
    """Return the time that nginx wrote into ``line``, in epoch seconds, or None."""
    if line[:1] == b"{":
        found = _JSON.search(line)
        text = found[1] if found else None
    else:
        # The last before the first quote: an earlier one may be a stranger's.
        stamps = _STAMP.findall(line.partition(b'"')[0])
        text = stamps[-1] if stamps else None
    if text is None:
        return None
    try:
        return int(datetime.strptime(text.decode(), STAMP_FORMAT).timestamp())
    except ValueError:
        return None


def kind_of(line: bytes) -> str:
    """Return "stream" or "access" by the look of a line, "" if it has neither's."""
    if _STREAM.match(line):
        return "stream"
    return "access" if stamp_of(line) is not None else ""
