"""A rejected line shows where in it the format failed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from downloads.titles import HEAD
from ingest.formats import parse_access, parse_stream
from ingest.formats.explaining import explain
from tests.ingest import lines


def failing(line: str, kind: str = "access") -> tuple[str, str, str]:
    """Return the format, what follows the place where it failed, and what it wants."""
    misfit = explain(line, kind)
    return misfit.format, line[misfit.position :][:12], misfit.expected


START = "10.0.0.7 [23/Nov/2026:20:45:43 +0000] TCP 200"
SESSIONS = (
    f"{START} a.example 40 7 1.250",
    f'{START} 40 7 1.250 "a.example"',
    "[23/Nov/2026:20:45:43 +0000] 10.0.0.7 TCP 200 a name 40 7 1.250",
    f'{START} 40 7 "a.example"',
)
A1 = lines.a1().decode().rstrip("\n")
S2 = SESSIONS[1]


@pytest.mark.parametrize(
    ("old", "new", "after", "expected"),
    [
        ("[steam]", "[steam", "[steam 10.0.", "[$cacheidentifier]"),
        ("10.0.0.2", "host.lan", "host.lan / -", "$remote_addr"),
        (" +0000]", "]", "[23/Nov/2026", "[$time_local]"),
        ("23/Nov", "39/Nov", "[39/Nov/2026", "[$time_local]"),
        (" 200 ", " 20x ", '20x 1000 "-"', "$status"),
        (" 1000 ", " - ", '- "-" "Valve', "$body_bytes_sent"),
        ('"HIT"', '"HIT', '"HIT "cache1', '"$upstream_cache_status"'),
    ],
)
def test_the_field_that_failed_is_named(old, new, after, expected):
    assert failing(A1.replace(old, new, 1)) == ("A1", after, expected)


def test_a_line_that_is_cut_off_fails_where_it_ends():
    cut = A1[: A1.index('"HIT"') + 3]
    assert failing(cut) == ("A1", '"HI', '"$upstream_cache_status"')


def test_something_behind_the_end_is_too_much():
    assert failing(A1 + "!") == ("A1", "!", "the end of the line")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (S2.replace("TCP", "SCTP"), ("S2", "SCTP 200 40 ", "$protocol")),
        (S2.replace("1.250", "fast"), ("S2", 'fast "a.exam', "$session_time")),
    ],
)
def test_a_line_of_the_stream_log_is_held_against_its_formats(line, expected):
    assert failing(line, "stream") == expected


@pytest.mark.parametrize(
    ("old", "new", "after", "expected"),
    [
        ("}", "", "", "JSON"),
        ('"host"', '"hosts"', "}", '"host"'),
        ('"10.0.0.2"', '"me"', '"me","forwar', 'the value of "remote_addr"'),
        ('"200"', '"ok"', '"ok","bytes_', 'the value of "status"'),
    ],
)
def test_json_fails_at_a_key_or_a_value(old, new, after, expected):
    line = lines.a2().decode().rstrip("\n").replace(old, new, 1)
    assert failing(line) == ("A2", after, expected)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        *((line, "access") for line in (lines.a1(), lines.a1(times=" 0.250 0.100"))),
        *(
            (line, "access")
            for line in (lines.a3(), lines.a4(), lines.a5(), lines.a6())
        ),
        *((f"{line}\n".encode(), "stream") for line in SESSIONS),
    ],
)
def test_what_is_read_is_told_as_fitting_its_own_format(line, kind):
    parsed = parse_stream(line) if kind == "stream" else parse_access(line, HEAD)
    misfit = explain(line.decode().rstrip("\n"), kind)
    assert not misfit.expected
    assert misfit.format in parsed.formats


@given(st.text(max_size=500), st.sampled_from(["access", "stream", ""]))
def test_anything_at_all_is_explained(line, kind):
    misfit = explain(line, kind)
    assert 0 <= misfit.position <= len(line)


@pytest.mark.parametrize("line", ["{" * 500, "[" * 500, " - " * 166, '" ' * 250, ""])
def test_garbage_takes_no_time(line):
    for _ in range(20):
        explain(line, "")
