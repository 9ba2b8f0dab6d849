import json

import pytest

from downloads.titles import HEAD
from ingest.formats import cachelog_json, json_template
from tests.ingest.lines import AT, STEAM, a1, a2, access, request

GOOD = a2()


def test_a_json_line_tells_who_got_what_and_when():
    assert request(GOOD) == {
        "identifier": "steam",
        "address": "10.0.0.2",
        "forwarded_for": "",
        "at": AT,
        "method": "GET",
        "path": "/depot/9917/",
        "status": 200,
        "cache_status": "HIT",
        "host": "cache1.steamcontent.com",
        "steam_agent": True,
        "bytes": 1000,
        "requests": 1,
        "first_start_ms": None,
        "last_end_ms": None,
    }


@pytest.mark.parametrize("seconds", ["0.200", 0.2])
def test_a_request_time_tells_when_it_began_to_the_millisecond(seconds):
    row = request(a2(request_time=seconds))
    assert row["first_start_ms"] == AT * 1000 + 50
    assert row["last_end_ms"] == AT * 1000 + 250


# Each is read beside lines that fit a template, and by itself.
@pytest.mark.parametrize("beside", [b"", GOOD, GOOD * 5])
@pytest.mark.parametrize(
    "changes, column, value",
    [
        ({"bytes_sent": "1001"}, "bytes", 1001),
        ({"bytes_sent": 0}, "bytes", 0),
        ({"status": 206}, "status", 206),
        ({"upstream_cache_status": ""}, "cache_status", ""),
        ({"remote_addr": "FD00::7"}, "address", "fd00::7"),
        ({"forwarded_for": "10.1.2.3, fd00::7"}, "forwarded_for", "10.1.2.3, fd00::7"),
        ({"cache_identifier": 'a"b'}, "identifier", 'a"b'),
        ({"host": "café.example"}, "host", "café.example"),
        ({"host": "a\\b"}, "host", "a\\b"),
        ({"user_agent": 'Evil "UA" \\ back'}, "steam_agent", False),
        ({"user_agent": STEAM + ' "x"'}, "steam_agent", True),
        ({"referer": "back\\"}, "host", "cache1.steamcontent.com"),
        ({"path": '/a"b"c.bin'}, "path", '/a"b"c.bin'),
        ({"method": "", "path": ""}, "path", None),
        ({"extra": "x", "more": 7, "none": None, "list": [1, "x"]}, "bytes", 1000),
        ({"time_local": "", "timestamp": "1795466743.999"}, "at", AT),
    ],
)
def test_what_values_may_hold(beside, changes, column, value):
    odd = a2(**{"time_local": "23/Nov/2026:20:45:44 +0000"} | changes)
    frame = access(beside, odd).frame
    alone = access(odd).frame
    assert alone[column].to_list() == [value]
    assert frame["requests"].sum() == 1 + beside.count(b"\n")
    assert value in frame[column].to_list()


def test_keys_come_in_any_order_with_any_spaces():
    values = json.loads(GOOD)
    turned = dict(reversed(values.items()))
    lines = [
        json.dumps(order, separators=separators).encode() + b"\n"
        for order in (values, turned)
        for separators in ((",", ":"), (", ", ": "), (" , ", " : "))
    ]
    frame = cachelog_json.parse(b"".join(lines * 3), HEAD).frame
    assert frame["requests"].to_list() == [18]


def test_a_slice_of_ordinary_lines_is_read_in_columns():
    lines = a2(user_agent='a "quoted" one') * 3 + GOOD * 50 + a2(bytes_sent=7) * 50
    template = json_template.template_of(lines)
    assert template is not None
    assert json_template.fitting(lines, template).height == 100


def test_bytes_that_are_no_utf_8_are_replaced():
    line = GOOD.replace(b"/chunk/", b"/caf\xe9/").replace(b"cache1", b"\xff")
    assert request(line)["host"] == "\ufffd.steamcontent.com"
    assert access(line, GOOD, b'\xc3"\n').rejected == 1


@pytest.mark.parametrize("key", json_template.NEEDED)
def test_a_key_that_is_missing_is_named(key):
    values = json.loads(GOOD)
    del values[key]
    parsed = access(GOOD, json.dumps(values).encode() + b"\n")
    assert parsed.samples[0].reason == f"JSON without the key {key} of cachelog-json"


@pytest.mark.parametrize(
    "line",
    [
        GOOD[:-1] + b'"\n',
        GOOD[:-1] + b"}\n",
        GOOD[:-1] + b",\n",
        GOOD[:200] + GOOD,
        GOOD[:-1] + GOOD,
        GOOD.replace(b'"status":"200"', b'"status":"2x0"'),
        GOOD.replace(b'"status":"200"', '"status":"２００"'.encode()),
        GOOD.replace(b'"status":"200"', b'"status":["200"]'),
        GOOD.replace(b":1000,", b":-1000,"),
        GOOD.replace(b":1000,", b":1e400,"),
        GOOD.replace(b":1000,", b":" + b"9" * 5000 + b","),
        GOOD.replace(b":1000,", b":null,"),
        GOOD.replace(b":1000,", b":,"),
        GOOD.replace(b":1000,", b":01000,"),
        GOOD.replace(b":1000,", b":1000}"),
        GOOD.replace(b'"10.0.0.2"', b'"10.0.0"'),
        GOOD.replace(b'"10.0.0.2"', b'""'),
        GOOD.replace(b'"10.0.0.2"', b'"10.0.0.2\\"'),
        GOOD.replace(b'"referer"', b'"referer'),
        a2(time_local="23/Nov/2026:20:45:43", timestamp=""),
        b"{" * 100_000 + b"\n",
        b"[]\n",
        b"{}\n",
        b"{\n",
    ],
)
def test_a_broken_line_is_rejected_whatever_stands_beside_it(line):
    for before, after in ((b"", b""), (GOOD, b""), (b"", GOOD), (a1(), GOOD)):
        parsed = access(before, line, after)
        assert parsed.rejected == 1
        assert parsed.frame["requests"].sum() == (before + after).count(b"\n")


@pytest.mark.parametrize("beside", [b"", GOOD])
def test_a_line_cut_off_anywhere_is_rejected(beside):
    cuts = [GOOD[:end] + b"\n" for end in range(1, len(GOOD) - 1)]
    parsed = access(beside, *cuts)
    assert parsed.rejected == len(cuts)


@pytest.mark.parametrize("name", ["referer", "user_agent", "http_range", "path"])
def test_a_stranger_cannot_write_another_key(name):
    forged = '","remote_addr":"10.6.6.6","bytes_sent":1,"x":"'
    for line in (a2(**{name: forged}), a2(**{name: forged * 3}) + GOOD * 3):
        frame = access(line).frame
        assert set(frame["address"]) == {"10.0.0.2"}
        assert frame["bytes"].sum() == 1000 * frame["requests"].sum()


def test_carriage_returns_at_the_ends_change_nothing():
    crlf = GOOD.replace(b"\n", b"\r\n") * 3
    assert access(crlf).frame.equals(access(GOOD * 3).frame)


def test_a_lone_surrogate_is_replaced():
    line = GOOD.replace(b"cache1.", b"\\ud800.")
    assert request(line)["host"] == "?.steamcontent.com"
