"""Why a line was rejected, in words an operator can act on."""

import json
import re

from ingest.formats.addresses import folded_address
from ingest.formats.frames import STAMP
from ingest.formats.json_template import NEEDED

_STAMP = re.compile(STAMP.encode())
_BARE_STAMP = re.compile(rb"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?! [+-]\d{4})")
# The place of the client's address where a line begins as one of ours does.
_ADDRESS = re.compile(
    rb"(?:\[[^ ]*\] |\[[^\]]*\] )?(\S+) (?:/ |- |\[\d\d/|[A-Z_-]+ \")"
)


def reason(line: bytes) -> str:
    """Return the most telling reason why no format fits ``line``."""
    if b"\x00" in line:
        return "holds NUL bytes: written over, or torn by a crash"
    if line.lstrip()[:1] == b"{":
        return _of_json(line)
    if not _STAMP.search(line):
        if _BARE_STAMP.search(line):
            return "its time has no offset from UTC"
        return "holds no time such as [23/Nov/2026:20:45:43 +0000]"
    if line.count(b'"') % 2:
        return "a quoted field is not closed: cut off"
    found = _ADDRESS.match(line)
    if found and not folded_address(found[1].decode("utf-8", "replace")):
        return "the client's address is none"
    if len(_STAMP.findall(line)) > 1:
        return "holds two times: two lines in one, or a forged one"
    return "fits none of the known formats"


def _of_json(line: bytes) -> str:
    try:
        values = json.loads(line.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return "no JSON: cut off, or two lines in one"
    if missing := [key for key in NEEDED if key not in values]:
        return f"JSON without the key {missing[0]} of cachelog-json"
    if not folded_address(str(values["remote_addr"])):
        return "the client's address is none"
    return "its status, bytes or time is none"
