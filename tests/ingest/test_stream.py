import pytest

from ingest import formats
from tests.ingest.lines import AT, STAMP, session

S1 = f"10.0.0.2 [{STAMP}] TCP 200 cdn.example 3030 1053 125.526\n"
S2 = f'10.0.0.2 [{STAMP}] TCP 200 3030 1053 125.526 "cdn.example"\n'
S3 = f"[{STAMP}] 10.0.0.2 TCP 200 cdn.example 3030 1053 125.526\n"
S4 = f'10.0.0.2 [{STAMP}] TCP 200 3030 1053 "cdn.example"\n'
FORMATS = {"S1": S1, "S2": S2, "S3": S3, "S4": S4}
each = pytest.mark.parametrize("name", FORMATS)


def parse(*lines: str) -> formats.Slice:
    return formats.parse_stream("".join(lines).encode())


@each
def test_a_line_tells_who_talked_to_whom_and_how_much(name):
    assert parse(FORMATS[name]).formats == {name: 1}
    assert session(FORMATS[name].encode()) == {
        "address": "10.0.0.2",
        "at": AT,
        "protocol": "TCP",
        "status": 200,
        "host": "cdn.example",
        "bytes_sent": 3030,
        "bytes_received": 1053,
        "duration": None if name == "S4" else 125.526,
    }


@each
@pytest.mark.parametrize(
    "written, host",
    [
        ("", ""),
        ("-", ""),
        ("a b.invalid", "a b.invalid"),
        ("CACHE1.SteamContent.COM", "cache1.steamcontent.com"),
        ("cdn.example.", "cdn.example"),
        ("cdn.example..", "cdn.example"),
        ("cdn.example:443", "cdn.example:443"),
        ("][", "]["),
        (r"a\x22b", r"a\x22b"),
        ("evil 1 2 0.003", "evil 1 2 0.003"),
        (
            f"x [{STAMP}] TCP 500 y 1 2 0.003",
            f"x [{STAMP.lower()}] tcp 500 y 1 2 0.003",
        ),
        (" ", " "),
    ],
)
def test_a_name_is_what_stands_between_and_is_folded(name, written, host):
    row = session(FORMATS[name].replace("cdn.example", written).encode())
    assert (row["host"], row["bytes_sent"], row["at"]) == (host, 3030, AT)


@each
@pytest.mark.parametrize(
    "old, new, column, value",
    [
        ("10.0.0.2", "FD00::7", "address", "fd00::7"),
        ("10.0.0.2", "unix:", "address", "unix:"),
        ("TCP", "UDP", "protocol", "UDP"),
        (" 200 ", " 502 ", "status", 502),
        ("+0000", "-0600", "at", AT + 6 * 3600),
        ("3030", "1587802370274", "bytes_sent", 1587802370274),
        ("1053", "0", "bytes_received", 0),
    ],
)
def test_what_fields_may_hold(name, old, new, column, value):
    assert session(FORMATS[name].replace(old, new).encode())[column] == value


@each
@pytest.mark.parametrize(
    "old, new",
    [
        (" +0000", ""),
        ("/Nov/", "/Nav/"),
        ("20:45", "25:45"),
        ("10.0.0.2", "client"),
        ("10.0.0.2", "10.0.0.2 10.0.0.3"),
        ("TCP", "SCTP"),
        (" 200 ", " 2000 "),
        (" 200 ", " ２００ "),
        ("3030", "-1"),
        ("3030", "10000000000000"),
        ("1053", "x"),
        ("\n", " x\n"),
        ("10.0", "\x0010.0"),
    ],
)
def test_a_broken_line_is_rejected_whatever_stands_beside_it(name, old, new):
    broken = FORMATS[name].replace(old, new)
    for beside in ("", *FORMATS.values()):
        parsed = parse(beside, broken)
        assert (parsed.rejected, parsed.frame.height) == (1, len(beside.splitlines()))


def test_a_line_cut_off_is_rejected():
    for line in (S2, S4):
        cuts = [line[:i] + "\n" for i in range(1, len(line) - 1)]
        assert parse(*cuts).rejected == len(cuts)


def test_a_line_torn_into_the_next_is_one_rejected_line():
    assert parse(S2[:30] + S2, S2).rejected == 1


def test_two_equal_lines_are_two_sessions():
    assert parse(S2, S2).frame.height == 2


def test_sessions_keep_the_order_of_the_log():
    lines = [
        line.replace("3030", str(number))
        for number, line in enumerate([S4, S1, S3, S2, S1, S4])
    ]
    assert parse(*lines).frame["bytes_sent"].to_list() == [0, 1, 2, 3, 4, 5]


def test_empty_lines_are_skipped():
    parsed = parse("\n", S1, " \r\n", S2.replace("\n", "\r\n"))
    assert (parsed.frame.height, parsed.skipped) == (2, {"empty line": 2})


def test_nothing_gives_nothing():
    parsed = formats.parse_stream(b"")
    assert (parsed.lines, parsed.frame.height, parsed.rejected) == (0, 0, 0)
