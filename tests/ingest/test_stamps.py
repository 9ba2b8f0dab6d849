"""The time of a line is nginx's own, and finds the place in a log of 100 GB."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.stamps import kind_of, line_start_at_or_after, stamp_of

STAMP = "[23/Nov/2026:20:50:30 +0100]"
AT = 1795463430
FORGED = "[01/Jan/2020:00:00:00 +0000]"
LINES = {
    "A1": f'[steam] 10.0.0.1 / - - - {STAMP} "GET /a HTTP/1.1" 200 1 "-" "-" "HIT"',
    "A3": f'{STAMP} 10.0.0.1 GET "/a" - - 200 1 1 HIT host 206 0.1 "agent"',
    "A5": f'10.0.0.1 - {STAMP} "GET /a HTTP/1.1" 200 1 "HIT" "host"',
    "S1": f"10.0.0.1 {STAMP} TCP 200 host 1 2 0.1",
    "S2": f'10.0.0.1 {STAMP} TCP 200 1 2 0.1 "host"',
    "S3": f"{STAMP} 10.0.0.1 TCP 200 host 1 2 0.1",
}


@pytest.mark.parametrize("name", LINES)
def test_every_format_tells_its_time_and_its_kind(name: str):
    line = LINES[name].encode()
    assert stamp_of(line) == AT
    assert kind_of(line) == ("stream" if name[0] == "S" else "access")


@pytest.mark.parametrize("timestamp", ['"1795463430.307"', "1795463430.307"])
def test_json_tells_its_time(timestamp: str):
    line = f'{{"timestamp":{timestamp},"time_local":"23/Nov/2026:20:50:30 +0100"}}\n'
    assert stamp_of(line.encode()) == AT
    assert kind_of(line.encode()) == "access"


def test_json_without_seconds_tells_its_local_time():
    assert stamp_of(b'{"time_local":"23/Nov/2026:20:50:30 +0100"}') == AT


@pytest.mark.parametrize(
    "line",
    [
        f'[steam] 10.0.0.1 / a - - {FORGED} - - {STAMP} "GET / HTTP/1.1" 200 1 "-"',
        f'[steam] 10.0.0.1 / - - - {STAMP} "GET /{FORGED} HTTP/1.1" 200 1 "{FORGED} "',
        f'[{FORGED} x] 10.0.0.1 / - - - {STAMP} "-" 400 1 "-"',
        f"10.0.0.1 {STAMP} TCP 200 {FORGED} TCP 200 1 2 0.1",
        f'{STAMP} 10.0.0.1 GET "/{FORGED} " - - 200 1 1 HIT host 206 0.1 "a"',
    ],
)
def test_a_forged_time_does_not_win(line: str):
    assert stamp_of(line.encode()) == AT


@pytest.mark.parametrize(
    "stamp",
    [
        "[23/Nov/2026:20:50:30]",
        "[31/Feb/2026:20:50:30 +0000]",
        "[23/Nix/2026:20:50:30 +0000]",
        "[23/Nov/2026:25:50:30 +0000]",
    ],
)
def test_what_is_no_time_is_none(stamp: str):
    line = f'[steam] 10.0.0.1 / - - - {stamp} "GET / HTTP/1.1" 200 1'.encode()
    assert stamp_of(line) is None
    assert kind_of(line) == ""


@given(st.binary(max_size=200))
def test_random_bytes_have_no_time_and_never_raise(line: bytes):
    assert stamp_of(line) is None


def line_at(second: int) -> bytes:
    time = datetime.fromtimestamp(AT + second, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'[steam] 10.0.0.1 / - - - [{time}] "GET /a HTTP/1.1" 200 1 "-"\n'.encode()


@given(st.lists(st.integers(-9, 9), min_size=1500, max_size=1500), st.integers(-5, 200))
@settings(max_examples=30, deadline=None)
def test_the_first_line_of_a_time_is_found_though_seconds_come_late(
    tmp_path_factory, late: list[int], target: int
):
    seconds = [i // 10 - abs(step) for i, step in enumerate(late)]
    log = tmp_path_factory.mktemp("log") / "access.log"
    lines = [line_at(second) for second in seconds]
    log.write_bytes(b"".join(lines))
    first = next((i for i, s in enumerate(seconds) if s >= target), len(lines))
    found = line_start_at_or_after(log, AT + target, stamp_of)
    assert found == sum(map(len, lines[:first]))


def test_lines_without_a_time_are_passed_over(tmp_path: Path):
    noise = b"\0" * 300_000 + b"\n" + b"x" * 3_000_000 + line_at(99)
    parts = [line_at(0) * 2000, noise, line_at(5) * 2000, b"half"]
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(parts))
    found = line_start_at_or_after(log, AT + 5, stamp_of)
    assert found == len(parts[0]) + len(noise)
    assert line_start_at_or_after(log, AT + 6, stamp_of) == log.stat().st_size


def test_an_empty_log_has_no_such_line(tmp_path: Path):
    log = tmp_path / "access.log"
    log.touch()
    assert line_start_at_or_after(log, AT, stamp_of) == 0
