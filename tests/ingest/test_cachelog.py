import pytest

from downloads.titles import HEAD
from ingest.formats import cachelog
from tests.ingest.lines import AT, STEAM, a1, a5, a6, access, request

TIMES = " 0.250 0.001, 0.250 : 0.002"


def test_a_stock_line_tells_who_got_what_and_when():
    assert request(a1()) == {
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


@pytest.mark.parametrize(
    "line, name, identifier",
    [
        (a1(), "A1", "steam"),
        (a1(times=TIMES), "A1t", "steam"),
        (a1(times=" 60.001 -"), "A1t", "steam"),
        (a5(), "A5", ""),
        (a6(), "A6", "steam"),
        (a6(user="bob smith"), "A6", "steam"),
    ],
)
def test_each_quoted_format_is_recognised(line, name, identifier):
    parsed = access(line)
    assert (parsed.formats, parsed.rejected) == ({name: 1}, 0)
    row = parsed.frame.row(0, named=True)
    assert (row["identifier"], row["address"], row["bytes"]) == (
        identifier, "10.0.0.2", 1000,
    )  # fmt: skip
    assert (row["at"], row["path"], row["host"]) == (
        AT, "/depot/9917/", "cache1.steamcontent.com",
    )  # fmt: skip


@pytest.mark.parametrize("line", [a1(times=TIMES), a6()])
def test_timed_lines_tell_when_the_request_began(line):
    row = request(line)
    assert row["last_end_ms"] - row["first_start_ms"] == 250


def test_equal_lines_are_summed():
    frame = access(a1(size=1), a1(size=2), a1(size=4, host="b.steamcontent.com")).frame
    assert sorted(frame["bytes"]) == [3, 4]
    assert sorted(frame["requests"]) == [1, 2]


def test_stock_and_other_quoted_lines_may_alternate():
    parsed = access(a1(), a5(), a1(times=TIMES), b"\n", a6(), a1())
    assert parsed.formats == {"A1": 2, "A1t": 1, "A5": 1, "A6": 1}
    assert parsed.skipped == {"empty line": 1}


@pytest.mark.parametrize(
    "stamp, at",
    [
        ("23/Nov/2026:21:45:43 +0100", AT),
        ("24/Nov/2026:00:15:43 +0330", AT),
        ("23/Nov/2026:15:45:43 -0500", AT),
    ],
)
def test_the_stamp_has_an_offset(stamp, at):
    assert request(a1(stamp=stamp))["at"] == at


@pytest.mark.parametrize(
    "changes, column, value",
    [
        ({"cache_status": "-"}, "cache_status", ""),
        ({"cache_status": ""}, "cache_status", ""),
        ({"host": ""}, "host", ""),
        ({"host": "-"}, "host", ""),
        ({"identifier": ""}, "identifier", ""),
        ({"identifier": "[::1]", "host": "[::1]"}, "identifier", "[::1]"),
        ({"identifier": "foo]bar.example"}, "identifier", "foo]bar.example"),
        ({"identifier": r"a\x22b"}, "identifier", r"a\x22b"),
        ({"agent": ""}, "steam_agent", False),
        ({"agent": r"\x22" + STEAM}, "steam_agent", False),
        ({"address": "fd00::0007"}, "address", "fd00::7"),
        ({"address": "FD00::7"}, "address", "fd00::7"),
        ({"address": "::ffff:10.0.0.2"}, "address", "10.0.0.2"),
        ({"address": "unix:"}, "address", "unix:"),
        ({"request": "HEAD /depot/1/x HTTP/1.1"}, "method", "HEAD"),
        ({"request": "GET http://cdn.example/abs/f HTTP/1.1"}, "path", "/abs/"),
        ({"request": "GET HTTPS://cdn.example/abs/f HTTP/1.1"}, "path", "/abs/"),
        ({"request": "GET / HTTP/1.1"}, "path", "/"),
        ({"request": "PRI * HTTP/2.0"}, "path", None),
        ({"request": ""}, "path", None),
        ({"request": r"\x16\x03\x01"}, "method", None),
        ({"size": 0}, "bytes", 0),
        ({"size": 9_999_999_999_999}, "bytes", 9_999_999_999_999),
    ],
)
def test_what_fields_may_hold(changes, column, value):
    assert request(a1(**changes))[column] == value


@pytest.mark.parametrize(
    "forwarded_for, user, believed",
    [
        ("-", "-", ""),
        ("10.1.2.3", "-", "10.1.2.3"),
        ("10.1.2.3, fd00::7", "bob", "10.1.2.3, fd00::7"),
        ("10.1.2.3", "bob [smith]", "10.1.2.3"),
        ("", "-", ""),
        (r"- - \x22[x]\x22 /", "-", ""),
        ("10.6.6.6 - - [01/Jan/2000:00:00:00 +0000] GET", "-", ""),
        ("10.1.2.3", "u - x", ""),
    ],
)
def test_a_forwarded_address_is_believed_only_where_it_can_be_told(
    forwarded_for, user, believed
):
    row = request(a1(forwarded_for=forwarded_for, user=user))
    assert (row["address"], row["forwarded_for"], row["at"]) == (
        "10.0.0.2", believed, AT,
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"forwarded_for": "10.6.6.6 / - - - [01/Jan/2000:00:00:00 +0000] "},
        {"user": "u [01/Jan/2000:00:00:00 +0000]"},
        {"user": f"x] 10.6.6.6 / - - - [{'01/Jan/2000:00:00:00 +0000'}]"},
    ],
)
def test_a_forged_time_or_address_never_wins(changes):
    row = request(a1(**changes))
    assert (row["address"], row["at"], row["forwarded_for"]) == ("10.0.0.2", AT, "")


@pytest.mark.parametrize("status", [400, 408, 414])
@pytest.mark.parametrize(
    "identifier", ["a b", "steam] 10.6.6.6 / - - - [23/Nov/2026:20:00:00 +0000] x"]
)
def test_no_address_is_taken_from_what_nginx_refused(status, identifier):
    row = request(a1(identifier=identifier, status=status, host=""))
    assert row["status"] == status
    assert row["address"] in ("", "10.6.6.6")  # counted under nobody, see counting


def test_a_host_with_spaces_in_an_answered_request_is_no_line_of_nginx():
    assert access(a1(identifier="a b")).rejected == 1


GOOD = a1().decode()


@pytest.mark.parametrize(
    "line",
    [
        GOOD.replace(" +0000", ""),
        GOOD.replace("/Nov/", "/Nav/"),
        GOOD.replace("23/Nov", "31/Nov"),
        GOOD.replace("20:45:43", "25:45:43"),
        GOOD.replace(" 200 ", " 20 "),
        GOOD.replace(" 200 ", " 2x0 "),
        GOOD.replace(" 200 ", " ２００ "),
        GOOD.replace(" 200 1000 ", " 200 "),
        GOOD.replace(" 1000 ", " -1000 "),
        GOOD.replace(" 1000 ", " 10x0 "),
        GOOD.replace(" 1000 ", " 1000  "),
        GOOD.replace(" 1000 ", " 10000000000000 "),
        GOOD.replace("10.0.0.2", "10.0.0"),
        GOOD.replace("10.0.0.2", "fe80::1%eth0"),
        GOOD.replace("10.0.0.2", "client"),
        GOOD.replace(" - - [", " ["),
        GOOD.replace('"cache1', '" "cache1'),
        GOOD.replace("\n", ' "more"\n'),
        GOOD[:40] + "\n",
        GOOD[:100] + "\n",
        GOOD[:-40] + GOOD,
        GOOD[:160] + GOOD,
        "x" + GOOD,
        "\ufeff" + GOOD,
        a6().decode().replace(' "0.250" "', ' "0.250 "'),
        a1(times=" nan 0.1").decode(),
        a1(times=" 0.250").decode(),
        a1(times=" 9999999999999 -").decode(),
    ],
)
def test_a_broken_line_is_rejected_whatever_stands_beside_it(line):
    broken = line.encode()
    assert (access(broken).rejected, access(broken).formats) == (1, {})
    for beside in (a1(), a5(), b"\n"):
        assert access(beside, broken).rejected == 1
        assert access(broken, beside).samples[0].line == broken.rstrip(b"\n")


def test_only_the_head_of_a_path_is_kept_apart():
    lines = [a1(request=f"GET /depot/1/chunk/{i:040} HTTP/1.1") for i in range(500)]
    assert cachelog.parse(b"".join(lines), HEAD).frame.height == 1


def test_the_bytes_of_a_slice_of_the_largest_lines_fit():
    lines = a1(size=9_999_999_999_999) * 90_000
    assert cachelog.parse(lines, HEAD).frame["bytes"].sum() == 899_999_999_999_910_000
