"""Where in a rejected line the format failed, for whoever looks at it. Pure.

Formats are told here field by field, as nginx is configured, which the patterns that
read logs in columns can't be; a test holds both against the same lines.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.formats.addresses import folded_address
from ingest.formats.baremetal import LIST
from ingest.formats.frames import NUMBER, SECONDS, STAMP
from ingest.formats.json_template import NEEDED
from ingest.stamps import stamp_of


@dataclass(frozen=True)
class Field:
    """``pattern`` takes in what separates the field from the next."""

    name: str
    pattern: str
    looks: str = ""


@dataclass(frozen=True)
class Misfit:
    """``position``, in characters, is how far the line is as ``format`` has it.

    Where all of it is, ``expected`` is empty.
    """

    format: str
    position: int
    expected: str
    looks: str


def quoted(name: str, after: str = " ") -> Field:
    return Field(f'"${name}"', f'"[^"]*"{after}', "text between double quotes")


def upstream(name: str) -> Field:
    return Field(f"${name}", f"{LIST} ", "a number, several, or -")


END = Field("the end of the line", r"\r?$")
IDENTIFIER = Field("[$cacheidentifier]", r"\[[^ ]*\] ", "a name in brackets, a space")
ADDRESS = Field("$remote_addr", "(?P<address>[^ ]+) ", "such as 10.0.0.7")
FORWARDED = Field("/ $http_x_forwarded_for", "/ .*? ", "such as / -")
USER = Field("- $remote_user", "- .*? ", "such as - -")
TIME = Field(
    "[$time_local]", rf"\[(?P<stamp>{STAMP})\] ", "such as [23/Nov/2026:20:45:43 +0000]"
)
STATUS = Field("$status", "[0-9]{3} ", "three digits such as 200")
SIZE = Field("$body_bytes_sent", f"{NUMBER} ", "a whole number")
REQUEST = quoted("request")
WHAT = (
    REQUEST, STATUS, SIZE, quoted("http_referer"), quoted("http_user_agent"),
    quoted("upstream_cache_status"), quoted("host"),
)  # fmt: skip
SECOND = Field("$request_time", f"{SECONDS} ", "seconds such as 0.250")
METHOD = Field("$request_method", "[A-Z_-]+ ", "such as GET")
CACHED = Field("$upstream_cache_status", "(?:[A-Z]+|-) ", "such as HIT, or -")
HOST = Field("$host", "[^ ]* ", "a name")
RANGE = Field("$http_range", ".*? ", "text, or -")
AGENT = quoted("http_user_agent", "")
PROTOCOL = Field("$protocol", "(?:TCP|UDP) ", "TCP or UDP")
BYTES = (
    Field("$bytes_sent", f"{NUMBER} ", "a whole number"),
    Field("$bytes_received", f"{NUMBER} ", "a whole number"),
)
UPSTREAM = (
    upstream("upstream_response_length"), CACHED, HOST, upstream("upstream_status"),
    upstream("upstream_response_time"), AGENT, END,
)  # fmt: skip
LASTED = Field("$session_time", f"{SECONDS}", "seconds such as 12.345")
LASTED_FIRST = Field("$session_time", f"{SECONDS} ", "seconds such as 12.345")
SNI = Field("$ssl_preread_server_name", ".*? ", "a name, or nothing")
QUOTED_SNI = quoted("ssl_preread_server_name", "")

ACCESS: dict[str, tuple[Field, ...]] = {
    "A1": (
        IDENTIFIER, ADDRESS, FORWARDED, USER, TIME, *WHAT, quoted("http_range", ""), END
    ),
    "A1t": (
        IDENTIFIER, ADDRESS, FORWARDED, USER, TIME, *WHAT, quoted("http_range"), SECOND,
        Field("$upstream_response_time", "[^ ].*", "seconds, or -"), END,
    ),
    "A3": (
        TIME, ADDRESS, METHOD, quoted("request_uri"), RANGE,
        Field("$slice_range", "[^ ]* ", "text, or -"), STATUS, SIZE, *UPSTREAM,
    ),
    "A4": (
        TIME, ADDRESS, METHOD, quoted("request_uri"), RANGE,
        Field("$server_protocol", "[^ ]* ", "such as HTTP/1.1"), STATUS,
        quoted("http_referer"), Field("$request_length", "[0-9]+ ", "a whole number"),
        Field("$bytes_sent", "[0-9]+ ", "a whole number"), SIZE, SECOND, *UPSTREAM,
    ),
    "A5": (
        ADDRESS, Field("-", "- "), TIME, REQUEST, STATUS, SIZE,
        quoted("upstream_cache_status"), quoted("host", ""), END,
    ),
    "A6": (
        Field("[$server_name]", r"\[[^ ]*\] ", "a name in brackets"), ADDRESS, USER,
        TIME, *WHAT, quoted("http_range"), quoted("request_time"),
        quoted("upstream_response_time", ""), END,
    ),
}  # fmt: skip
# The strictest first: of formats that fit as far as each other the first is told.
STREAM: dict[str, tuple[Field, ...]] = {
    "S2": (ADDRESS, TIME, PROTOCOL, STATUS, *BYTES, LASTED_FIRST, QUOTED_SNI, END),
    "S4": (ADDRESS, TIME, PROTOCOL, STATUS, *BYTES, QUOTED_SNI, END),
    "S1": (ADDRESS, TIME, PROTOCOL, STATUS, SNI, *BYTES, LASTED, END),
    "S3": (TIME, ADDRESS, PROTOCOL, STATUS, SNI, *BYTES, LASTED, END),
}


def explain(line: str, kind: str) -> Misfit:
    """Return the format that ``line`` fits the furthest, and where it fails it.

    ``kind``: "access", "stream", or "" where nobody knows which log it is of.
    """
    if kind != "stream" and line.lstrip().startswith("{"):
        return _of_json(line)
    formats = {"access": ACCESS, "stream": STREAM}.get(kind, ACCESS | STREAM)
    misfits = [_misfit(line, name, fields) for name, fields in formats.items()]
    return max(misfits, key=lambda one: (not one.expected, one.position))


def _misfit(line: str, name: str, fields: Sequence[Field]) -> Misfit:
    for count in range(len(fields), -1, -1):
        pattern = "".join(field.pattern for field in fields[:count])
        if found := re.match(pattern, line):
            break
    else:
        raise AssertionError("an empty pattern matches everything")
    groups = found.groupdict()
    if (address := groups.get("address")) and not folded_address(address):
        return _at(name, found.start("address"), ADDRESS)
    if (stamp := groups.get("stamp")) and stamp_of(f"[{stamp}] - ".encode()) is None:
        return _at(name, found.start("stamp") - 1, TIME)
    if count == len(fields):
        return Misfit(name, found.end(), "", "")
    return _at(name, found.end(), fields[count])


def _at(name: str, position: int, field: Field) -> Misfit:
    return Misfit(name, position, field.name, field.looks)


def _of_json(line: str) -> Misfit:
    # Bytes that were no UTF-8 were text when the line was read.
    text = re.sub(r"\\x[0-9a-f]{2}", "????", line)
    try:
        values = json.loads(text, strict=False)
    except RecursionError:
        return Misfit("A2", 0, "a plain JSON object", "")
    except ValueError as error:
        position = getattr(error, "pos", 0)
        return Misfit("A2", position, "JSON", getattr(error, "msg", "").lower())
    for key in NEEDED:
        if key not in values:
            end = text.rindex("}")
            return Misfit("A2", end, f'"{key}"', "a key that cachelog-json has")
    likes = {"status": "[0-9]{3}", "bytes_sent": NUMBER}
    for key, like in likes.items():
        if not re.fullmatch(like, str(values[key])):
            return _of_value(text, key, "a whole number")
    if not folded_address(str(values["remote_addr"])):
        return _of_value(text, "remote_addr", ADDRESS.looks)
    return _of_value(text, "time_local", TIME.looks)


def _of_value(text: str, key: str, looks: str) -> Misfit:
    found = re.search(rf'"{key}"\s*:\s*', text)
    return Misfit("A2", found.end() if found else 0, f'the value of "{key}"', looks)
