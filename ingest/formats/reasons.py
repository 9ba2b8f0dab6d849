"""Why a line was rejected, in words an operator can act on."""

import re

from ingest.formats.frames import STAMP

_STAMP = re.compile(STAMP.encode())
_BARE_STAMP = re.compile(rb"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?! [+-]\d{4})")


def reason(line: bytes) -> str:
    """Return the most telling reason why no format fits ``line``."""
    if b"\x00" in line:
        return "holds NUL bytes: written over, or torn by a crash"
    if line.lstrip()[:1] == b"{":
        return "no JSON object with the keys of cachelog-json"
    if not _STAMP.search(line):
        if _BARE_STAMP.search(line):
            return "its time has no offset from UTC"
        return "holds no time such as [23/Nov/2026:20:45:43 +0000]"
    if line.count(b'"') % 2:
        return "a quoted field is not closed: cut off"
    return "fits none of the known formats"
