import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from downloads.titles import HEAD
from ingest import formats
from ingest.counting import count
from ingest.formats import baremetal, cachelog, cachelog_json, stream
from ingest.formats.frames import REQUESTS, Parsed
from tests.ingest.lines import (
    STAMP,
    a1,
    a2,
    a3,
    a4,
    a5,
    a6,
    access,
    counted,
    edges,
    published,
)  # fmt: skip

ACCESS = [
    a1(), a1(times=" 0.250 0.001, 0.250 : 0.002"), a2(), a2(bytes_sent="1000"),
    a2(request_time=0.25, user_agent='a "b" \\'), a3(), a4(), a5(), a6(),
    a1(identifier="steam] 10.6.6.6 / - - - [x] y", status=400), a1(status=304),
    *published("cachelog"), *published("cachelog-json"),
    *[edge["access"].encode("latin-1") + b"\n" for edge in edges() if "access" in edge],
    *[edge["json"].encode("latin-1") + b"\n" for edge in edges() if "json" in edge],
]  # fmt: skip
STREAM = [
    *published("stream-stock"), *published("stream-quoted"),
    f"[{STAMP}] 10.0.0.2 TCP 200 cdn.example 1 2 0.003\n".encode(),
    f'10.0.0.2 [{STAMP}] TCP 200 3030 1053 "cdn.example"\n'.encode(),
    *[edge["stream"].encode() + b"\n" for edge in edges() if "stream" in edge],
]  # fmt: skip

TOKENS = [
    b"", b" ", b'"', b"\\", b'\\"', b"\r", b"\x00", b"\x1e", b"\xff", b"\xc3", b"-",
    b"\xef\xbb\xbf", b"[", b"]", b"{", b"}", b",", b":", b"1e400", b"9" * 20, b"400",
    "\u0663".encode(), "\u2028".encode(), b" - ", b'" "', b'":"', STAMP.encode(),
]  # fmt: skip


@st.composite
def mutated(draw, lines):
    """A real line, in which a few bytes were replaced, inserted or deleted."""
    line = draw(st.sampled_from(lines))[:-1]
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(line)))
        stop = start + draw(st.sampled_from([0, 0, 1, 2, 30, len(line)]))
        new = draw(st.sampled_from(TOKENS) | st.binary(max_size=4))
        line = line[:start] + new + line[stop:]
    return line.replace(b"\n", b"") + b"\n"


def some(lines):
    junk = st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"") + b"\n")
    return st.lists(mutated(lines) | st.sampled_from(lines) | junk, max_size=12)


def facts(lines):
    """Return what is counted of lines, in an order that does not depend on theirs."""
    result = counted(*lines)
    return _rows(result.seconds), _rows(result.statuses), result.skipped


def _rows(frame):
    return sorted(frame.rows(), key=repr)


def added(*slices):
    """Return what is counted of slices, whatever their cut."""
    frames = [access(*lines).frame for lines in slices]
    result = count(pl.concat([REQUESTS.to_frame(), *frames]))
    return _rows(result.seconds), _rows(result.statuses), result.skipped


@settings(max_examples=300, deadline=None)
@given(some(ACCESS))
def test_every_access_line_is_accounted_for(lines):
    counted(*lines)


@settings(max_examples=200, deadline=None)
@given(some(STREAM))
def test_every_stream_line_is_accounted_for(lines):
    parsed = formats.parse_stream(b"".join(lines))
    left_out = parsed.skipped.total() + parsed.rejected
    assert parsed.frame.height + left_out == parsed.lines == len(lines)


FAMILIES = [cachelog.parse, cachelog_json.parse, baremetal.parse]


# By itself each: what keeps a slice safe from a family that fails would hide it.
@pytest.mark.parametrize("parse", FAMILIES)
@settings(max_examples=200, deadline=None)
@given(some(ACCESS + STREAM))
def test_no_family_raises_or_loses_a_line(parse, lines):
    parsed = parse(b"".join(lines), HEAD)
    assert parsed.frame["requests"].sum() + len(parsed.leftover) == len(lines)
    assert parsed.frame.schema == REQUESTS
    assert sum(parsed.formats.values()) == parsed.frame["requests"].sum()


@settings(max_examples=200, deadline=None)
@given(some(ACCESS + STREAM))
def test_the_stream_family_neither_raises_nor_loses_a_line(lines):
    parsed = stream.parse(b"".join(lines))
    assert parsed.frame.height + len(parsed.leftover) == len(lines)


@settings(max_examples=200, deadline=None)
@given(some(ACCESS), st.data())
def test_any_cut_and_order_counts_the_same(lines, data):
    turned = data.draw(st.permutations(lines))
    cut = data.draw(st.integers(0, len(lines)))
    again = data.draw(st.integers(cut, len(lines)))
    slices = turned[:cut], turned[cut:again], turned[again:]
    assert added(*slices) == facts(lines)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_random_bytes_never_raise(data):
    whole = data[: data.rfind(b"\n") + 1]
    for parsed in (formats.parse_access(whole, HEAD), formats.parse_stream(whole)):
        assert parsed.lines == whole.count(b"\n")


@pytest.mark.parametrize(
    "junk",
    [
        b"\n", b"\r\n", b"   \n", b"\x00\n", b"\r\r\n", b"\x1e\n", b"\xef\xbb\xbf\n",
        b'"\n', b'"' * 70_000 + b"\n", b"x" * (1 << 20) + b"\n", b"\xc3\"\xe2\x82\"\n",
        b"a\rb\n", "\u2028\x85\x0b\x0c\n".encode(), b"\xff\xfe\n", b"#a\n", b"{\n",
        b'{"' * 40_000 + b"\n", b"[" * 50_000 + b"\n", b"\x00" * 65_536 + b"\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, 3000])
def test_no_line_is_lost_among_junk(junk, times):
    if len(junk) * times > 10_000_000:
        times = 10
    data = junk * times + a1() + junk + a2() + junk * times + a3() + a4()
    parsed = access(data)
    left_out = parsed.rejected + parsed.skipped.total()
    assert (left_out, parsed.lines) == (2 * times + 1, 2 * times + 5)
    assert parsed.frame["bytes"].sum() == 4000


def test_a_file_may_change_its_format_half_way():
    parsed = access(*[a1()] * 3, *[a2()] * 4, *[a4()] * 5, *[a1()] * 2, a3())
    assert parsed.formats == {"A1": 5, "A2": 4, "A4": 5, "A3": 1}
    assert parsed.rejected == 0


@pytest.mark.parametrize("line", [a1(), a2(), a3(), a4(), a5(), a6()])
def test_every_format_may_come_first_and_end_in_crlf(line):
    crlf = line.replace(b"\n", b"\r\n")
    parsed = access(b"\r\n", crlf, crlf, a1(address="10.9.9.9"))
    assert (parsed.rejected, parsed.skipped) == (0, {"empty line": 1})
    assert parsed.frame["requests"].sum() == 3


def test_nothing_gives_nothing():
    parsed = formats.parse_access(b"", HEAD)
    assert (parsed.lines, parsed.frame.height, parsed.rejected) == (0, 0, 0)
    assert parsed.frame.schema == REQUESTS


def test_rejected_lines_tell_their_place_and_why():
    torn = a1()[:50] + b"\n"
    parsed = access(a1(), b"\n", b"what?\n", a2(), torn, a1())
    first, second = parsed.samples
    data = a1() + b"\n" + b"what?\n" + a2() + torn
    assert data[first.position :].startswith(first.line)
    assert data[second.position :].startswith(second.line)
    assert (first.line, second.line) == (b"what?", torn[:-1])


@pytest.mark.parametrize(
    "line, reason",
    [
        (b"what?\n", "holds no time such as [23/Nov/2026:20:45:43 +0000]"),
        (b"\x00" * 9 + a1(), "holds NUL bytes: written over, or torn by a crash"),
        (a1(stamp=STAMP[:-6]), "its time has no offset from UTC"),
        (a1()[:120] + b"\n", "a quoted field is not closed: cut off"),
        (a1(address="client"), "the client's address is none"),
        (a1(address="300.1.2.3"), "the client's address is none"),
        (a2(remote_addr="client"), "the client's address is none"),
        (a3(address="client"), "the client's address is none"),
        (a4(address="1.2.3"), "the client's address is none"),
        (a5(address="client"), "the client's address is none"),
        (a6(address="client"), "the client's address is none"),
        (a2()[:99] + b"\n", "no JSON: cut off, or two lines in one"),
        (a2(bytes_sent="x"), "its status, bytes or time is none"),
        (a2(time_local="", timestamp=""), "its status, bytes or time is none"),
        (a1().replace(b" 200 ", b" x "), "fits none of the known formats"),
    ],
)
def test_the_reason_helps(line, reason):
    assert [sample.reason for sample in access(line).samples] == [reason]


def test_sessions_without_an_address_are_samples_too():
    line = f'client [{STAMP}] TCP 200 1 2 0.003 "x"\n'.encode()
    sample = formats.parse_stream(line).samples[0]
    assert sample.reason == "the client's address is none"


def test_no_more_samples_are_kept_than_asked_for():
    parsed = formats.parse_access(b"x\n" * 50 + b"y" * 600 + b"\n", HEAD, samples=2)
    assert (parsed.rejected, len(parsed.samples)) == (51, 2)
    long = formats.parse_access(b"y" * 600 + b"\n", HEAD).samples[0]
    assert len(long.line) == 500


def test_a_line_that_a_family_trips_over_stops_no_other():
    def trips(text: bytes) -> Parsed:
        lines = text.count(b"\n")
        if b"bad" in text:
            raise pl.exceptions.ComputeError("no")
        if b"lost" in text:
            lines -= 1
        return Parsed(REQUESTS.to_frame(), (), {"A1": lines} if lines else {})

    text = b"a\nbad\nb\nc\nlost\nd\nbad\n"
    parsed = formats._accounted(trips, text, 7)
    assert (parsed.leftover, parsed.formats) == ([1, 4, 6], {"A1": 4})


def test_very_many_lines_are_read_in_parts(monkeypatch):
    lines = [a1(), b"\n", b"\n", a2(), b"what?\n", b"\n", a1(), b"\n", b"no\n", a3()]
    whole = access(*lines * 5)
    monkeypatch.setattr(formats, "MOST_LINES", 3)
    parts = access(*lines * 5)
    assert parts.frame["bytes"].sum() == whole.frame["bytes"].sum() == 20_000
    for name in ("lines", "skipped", "rejected", "samples", "formats"):
        assert getattr(parts, name) == getattr(whole, name)
    assert access(*[b"\n"] * 9, b"x" * 999 + b"\n").lines == 10
