import pytest

from tests.ingest.lines import AT, a1, a3, a4, access, request


@pytest.mark.parametrize("line, name", [(a3(), "A3"), (a4(), "A4")])
def test_a_line_tells_who_got_what_and_when(line, name):
    assert access(line).formats == {name: 1}
    row = request(line)
    began = row.pop("first_start_ms")
    assert (began, row.pop("last_end_ms")) == (
        (None, None) if name == "A3" else (AT * 1000 - 250, AT * 1000)
    )
    assert row == {
        "identifier": "",
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
    }


both = pytest.mark.parametrize("line_of", [a3, a4])


@both
@pytest.mark.parametrize(
    "changes, column, value",
    [
        ({"upstream": "- - localhost - -"}, "cache_status", ""),
        ({"upstream": "- HIT h - -"}, "cache_status", "HIT"),
        ({"upstream": "1, 2 : 3 MISS h 206, 206 : 200 0.1, 0.2 : 0.3"}, "host", "h"),
        ({"upstream": "100, 200 : 300 MISS h 206, - : - 0.1, - : -"}, "bytes", 1000),
        ({"upstream": "- -  - -"}, "host", ""),
        ({"upstream": "- - - - -"}, "host", ""),
        ({"upstream": "9 MISS 206 206 0.1"}, "host", "206"),
        ({"http_range": "bytes=0-99,200-299"}, "bytes", 1000),
        ({"http_range": ""}, "bytes", 1000),
        ({"address": "fd00::0007"}, "address", "fd00::7"),
        ({"method": "HEAD"}, "method", "HEAD"),
        ({"method": "A" * 70, "status": 405}, "status", 405),
        ({"method": "-", "uri": "-", "status": 400}, "path", None),
        ({"uri": "", "status": 400}, "path", None),
        ({"uri": r"/caf\xC3\xA9/x"}, "path", r"/caf\xC3\xA9/"),
        ({"agent": ""}, "steam_agent", False),
        ({"agent": "-"}, "steam_agent", False),
    ],
)
def test_what_fields_may_hold(line_of, changes, column, value):
    assert request(line_of(**changes))[column] == value


@both
@pytest.mark.parametrize(
    "forged",
    [
        "- 200 7 7 HIT evil.example 200 0.1",
        "bytes=0-1 HTTP/1.1 206 7 7 7 7 HIT evil.example 200 0.1 x",
        "a b 206 7 1048576 HIT cache1.steamcontent.com 206 0.001",
        "HTTP/1.1 404",
        "] 10.6.6.6 GET",
        "[01/Jan/2000:00:00:00 +0000] 10.6.6.6 GET",
    ],
)
def test_a_forged_range_never_wins(line_of, forged):
    row = request(line_of(http_range=forged))
    assert row == request(line_of())


@both
@pytest.mark.parametrize(
    "old, new",
    [
        (" +0000", ""),
        ("31/Nov", "31/Nov"),
        ("10.0.0.2", "client"),
        (" 200 ", " 20 "),
        (" 200 ", " ２００ "),
        (" 1000 ", " 10000000000000 "),
        (" 1000 ", " -1 "),
        (" 1000 ", " "),
        (" HIT ", " hit "),
        (" 206 0.001 ", " 206 "),
        (" 206 0.001 ", " 206 0.001 x "),
        (" 206 0.001 ", " 206 0.001,0.002 "),
        ("GET ", "GET GET "),
        ("GET ", "get "),
        ("GET ", ""),
        ('"\n', '" 0.1\n'),
        ('"\n', '" "x"\n'),
        ("[", "x["),
    ],
)
def test_a_broken_line_is_rejected_whatever_stands_beside_it(line_of, old, new):
    stamp = {"stamp": "31/Nov/2026:20:45:43 +0000"} if old == "31/Nov" else {}
    broken = line_of(**stamp).decode().replace(old, new).encode()
    for beside in (b"", a1(), a3(), a4()):
        parsed = access(beside, broken)
        assert parsed.rejected == 1
        assert parsed.frame["requests"].sum() == len(beside.splitlines())


def test_a_line_cut_off_before_its_last_field_is_rejected():
    for line in (a3(), a4()):
        end = line.rindex(b'"Valve')
        cuts = [line[:i] + b"\n" for i in range(1, end)]
        assert access(*cuts).rejected == len(cuts)


def test_the_two_formats_may_alternate():
    parsed = access(a3(), a4(), b"\n", a3(), a1(), a4())
    assert parsed.formats == {"A3": 2, "A4": 2, "A1": 1}
    assert parsed.rejected == 0
