"""Lines as nginx writes them, one function a format, and what is read from them.

They are made up, but for those in tests/data: there is a recording of a real nginx
(edges.jsonl, odd requests) and what people published from their caches.
"""

import json
from pathlib import Path
from typing import Any

from downloads.titles import HEAD
from ingest import formats
from ingest.counting import Counted, Network, count

DATA = Path(__file__).parents[1] / "data"
STAMP = "23/Nov/2026:20:45:43 +0000"
AT = 1795466743
STEAM = "Valve/Steam HTTP Client 1.0"


def a1(
    identifier: str = "steam",
    address: str = "10.0.0.2",
    forwarded_for: str = "-",
    user: str = "-",
    stamp: str = STAMP,
    request: str = "GET /depot/9917/chunk/ab HTTP/1.1",
    status: int = 200,
    size: int = 1000,
    agent: str = STEAM,
    cache_status: str = "HIT",
    host: str = "cache1.steamcontent.com",
    times: str = "",
) -> bytes:
    return (
        f"[{identifier}] {address} / {forwarded_for} - {user} [{stamp}]"
        f' "{request}" {status} {size} "-" "{agent}" "{cache_status}" "{host}" "-"'
        f"{times}\n"
    ).encode()


def a2(**changes: object) -> bytes:
    values = {
        "timestamp": "1795466743.250",
        "time_local": STAMP,
        "cache_identifier": "steam",
        "remote_addr": "10.0.0.2",
        "forwarded_for": "",
        "remote_user": "",
        "status": "200",
        "bytes_sent": 1000,
        "referer": "",
        "user_agent": STEAM,
        "upstream_cache_status": "HIT",
        "host": "cache1.steamcontent.com",
        "http_range": "",
        "method": "GET",
        "path": "/depot/9917/chunk/ab",
        "proto": "HTTP/1.1",
        "scheme": "http",
    } | changes
    return (
        json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    )


def a3(
    address: str = "10.0.0.2",
    method: str = "GET",
    uri: str = "/depot/9917/chunk/ab",
    http_range: str = "-",
    status: int = 200,
    size: int = 1000,
    upstream: str = "1048576 HIT cache1.steamcontent.com 206 0.001",
    agent: str = STEAM,
    stamp: str = STAMP,
) -> bytes:
    return (
        f'[{stamp}] {address} {method} "{uri}" {http_range} bytes=0-1048575'
        f' {status} {size} {upstream} "{agent}"\n'
    ).encode()


def a4(
    address: str = "10.0.0.2",
    method: str = "GET",
    uri: str = "/depot/9917/chunk/ab",
    http_range: str = "-",
    status: int = 200,
    size: int = 1000,
    seconds: str = "0.250",
    upstream: str = "1048576 HIT cache1.steamcontent.com 206 0.001",
    agent: str = STEAM,
    stamp: str = STAMP,
) -> bytes:
    return (
        f'[{stamp}] {address} {method} "{uri}" {http_range} HTTP/1.1 {status} "-"'
        f' 165 {size + 300} {size} {seconds} {upstream} "{agent}"\n'
    ).encode()


def a5(address: str = "10.0.0.2", status: int = 200, size: int = 1000) -> bytes:
    return (
        f'{address} - [{STAMP}] "GET /depot/9917/chunk/ab HTTP/1.1" {status} {size}'
        ' "HIT" "cache1.steamcontent.com"\n'
    ).encode()


def a6(
    address: str = "10.0.0.2", user: str = "-", status: int = 200, size: int = 1000
) -> bytes:
    return (
        f'[steam] {address} - {user} [{STAMP}] "GET /depot/9917/chunk/ab HTTP/1.1"'
        f' {status} {size} "-" "{STEAM}" "HIT" "cache1.steamcontent.com" "-" "0.250"'
        ' "0.001, 0.250 : 0.002"\n'
    ).encode()


def access(*lines: bytes) -> formats.Slice:
    return formats.parse_access(b"".join(lines), HEAD)


def request(line: bytes) -> dict[str, Any]:
    """Return the one row that a line becomes."""
    return access(line).frame.row(0, named=True)


def counted(
    *lines: bytes, trusted: list[Network] | None = None, file_service: str = ""
) -> Counted:
    """Count lines, each of which must be accounted for."""
    parsed = access(*lines)
    result = count(parsed.frame, trusted or [], file_service)
    left_out = parsed.skipped + result.skipped
    assert parsed.lines == result.requests + left_out.total() + parsed.rejected
    return result


def session(line: bytes) -> dict[str, Any]:
    return formats.parse_stream(line).frame.row(0, named=True)


def edges() -> list[dict[str, Any]]:
    text = (DATA / "edges.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def published(name: str) -> list[bytes]:
    return (DATA / f"published-{name}.log").read_bytes().splitlines(keepends=True)
