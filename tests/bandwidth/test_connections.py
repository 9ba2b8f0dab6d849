"""Readings of connections: what passed by client, and what limited it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth.connections import Connections, Served, limit
from bandwidth.messages import sockets_message
from bandwidth.rollup import MOST_CLIENTS, OTHERS, ClientRollup
from bandwidth.sources import Connection

SECOND = 10**9
LAPTOP, DESKTOP = "10.0.0.11", "10.0.0.12"


def connection(cookie: int = 1, **changes: Any) -> Connection:
    """One of a laptop's that has just been served a megabyte."""
    values: dict[str, Any] = {
        "cookie": cookie, "client": LAPTOP, "port": 80, "is_open": True,
        "bytes_acked": 1_000_000, "bytes_received": 200,
        "delivery_bytes_per_second": 50_000_000, "round_trip_us": 300,
        "segments_sent": 700, "segments_retransmitted": 0, "busy_us": 500_000,
        "receiver_limited_us": 0, "send_buffer_limited_us": 0, "silent_ms": 5,
        "is_awaited": False,
    }  # fmt: skip
    return Connection(**(values | changes))


def served(*readings: list[Connection]) -> list[dict[str, Served]]:
    """Return what each reading but the first tells, a second apart."""
    known = Connections()
    told = [known.take_in(one, SECOND * at) for at, one in enumerate(readings, 5)]
    assert told[0] == {}
    return told[1:]


def test_what_had_passed_before_the_first_reading_is_not_counted():
    before, after = connection(), connection(bytes_acked=1_700_000)
    assert served([before], [after])[0][LAPTOP].bytes == 700_000


def test_a_connection_born_since_counts_from_its_birth():
    assert served([], [connection()])[0][LAPTOP].bytes == 1_000_000


def test_one_that_was_overlooked_is_not_taken_for_new():
    assert served([], [connection(silent_ms=90_000)])[0][LAPTOP].bytes == 0


def test_one_that_is_not_listed_once_is_counted_once():
    first, later = connection(), connection(bytes_acked=1_000_900)
    told = served([first], [], [later])
    assert [one[LAPTOP].bytes for one in told if LAPTOP in one] == [900]


def test_its_last_bytes_count_though_it_has_ended():
    ended = connection(bytes_acked=1_000_001, is_open=False)
    (told,) = served([connection()], [ended])
    assert (told[LAPTOP].bytes, told[LAPTOP].connections) == (1, 0)


def test_connections_of_one_client_add_up():
    before = [connection(1), connection(2, port=443), connection(3, client=DESKTOP)]
    after = [one._replace(bytes_acked=1_000_010) for one in before]
    (told,) = served(before, after)
    laptop = told[LAPTOP]
    assert (laptop.bytes, laptop.connections, laptop.tls_connections) == (20, 2, 1)
    assert told[DESKTOP].bytes == 10


def test_counters_of_32_bits_wrap():
    before = connection(segments_sent=2**32 - 5, segments_retransmitted=2**32 - 1)
    after = connection(bytes_acked=2_000_000, segments_sent=15)
    (told,) = served([before], [after])
    assert (told[LAPTOP].segments_sent, told[LAPTOP].segments_retransmitted) == (20, 1)


def limit_of(**changes: Any) -> str | None:
    """What a second limits in which the connection was served, changed so."""
    before = connection(busy_us=0, bytes_acked=0)
    return limit(served([before], [before._replace(**changes)])[0][LAPTOP])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"busy_us": 900_000, "receiver_limited_us": 820_000}, "client"),
        ({"busy_us": 900_000, "receiver_limited_us": 300_000}, "client"),
        ({"busy_us": 900_000, "send_buffer_limited_us": 500_000}, "cache"),
        ({"busy_us": 900_000, "receiver_limited_us": 9_000}, "network"),
        ({"busy_us": 100_000, "bytes_acked": 5_000_000}, "cache"),
        ({"busy_us": 0, "is_awaited": True}, "cache"),
        # The client asked in the meantime, and got it: it asks for little.
        ({"busy_us": 100_000, "bytes_acked": 5_000_000, "bytes_received": 400}, None),
        ({"busy_us": 0}, None),
        ({"busy_us": 0, "is_awaited": True, "port": 443}, None),
        ({"busy_us": 100_000, "bytes_acked": 5_000_000, "port": 443}, None),
        ({"busy_us": 900_000, "receiver_limited_us": 820_000, "port": 443}, "client"),
    ],
)
def test_the_limit_is_named(changes, named):
    assert limit_of(**changes) == named


def test_what_follows_the_last_data_is_nobodys_doing():
    before = connection(busy_us=0, bytes_acked=0)
    after = before._replace(bytes_acked=9000, busy_us=60_000, silent_ms=900)
    (told,) = served([before], [after])
    assert (told[LAPTOP].active_ms, told[LAPTOP].starved_ms) == (100, 40)


def test_a_client_that_waits_says_since_when():
    known = Connections()
    waiting = connection(is_awaited=True, silent_ms=2_000)
    for second in range(20, 80):
        known.take_in([waiting], SECOND * second)
    (told,) = sockets_message(1.0, SECOND * 80, known.clients)["clients"]
    assert (told["silentSeconds"], told["limit"]) == (62.0, "cache")
    assert (told["bytesPerSecond"], told["receiverLimitedShare"]) == (0, None)


def test_who_has_left_is_forgotten():
    known = Connections()
    known.take_in([connection()], SECOND)
    assert list(known.clients) == [LAPTOP]
    known.take_in([], 2 * SECOND)
    assert known.clients == {}


def test_who_opens_a_connection_for_each_request_stays_for_ten_readings():
    known = Connections()
    known.take_in([], SECOND)
    known.take_in([connection(is_open=False)], 2 * SECOND)
    for second in range(3, 12):
        known.take_in([], second * SECOND)
        assert list(known.clients) == [LAPTOP]
    known.take_in([], 12 * SECOND)
    assert known.clients == {}


def test_the_fifty_fastest_are_told_and_the_others_counted():
    known, slow = Connections(), connection(bytes_acked=0)
    many = [slow._replace(cookie=n, client=f"10.0.0.{n}") for n in range(70)]
    known.take_in(many, SECOND)
    known.take_in([one._replace(bytes_acked=one.cookie) for one in many], 2 * SECOND)
    message = sockets_message(1.0, 2 * SECOND, known.clients)
    assert [one["client"] for one in message["clients"]][:2] == [
        "10.0.0.69",
        "10.0.0.68",
    ]
    assert (len(message["clients"]), message["more"]) == (50, 20)


def test_before_a_second_reading_rates_are_unknown():
    known = Connections()
    known.take_in([connection()], SECOND)
    (told,) = sockets_message(1.0, SECOND, known.clients)["clients"]
    assert (told["bytesPerSecond"], told["limit"], told["connections"]) == (
        None,
        None,
        1,
    )


def test_too_many_clients_share_a_row_and_are_counted():
    rollup = ClientRollup()
    many = {f"10.0.{n}": Served(bytes=10, active_ms=1) for n in range(MOST_CLIENTS + 7)}
    rollup.add(1, many, 100.0)
    rollup.add(1, many, 101.0)
    rows = {row.client: row for row in rollup.take()}
    assert len(rows) == MOST_CLIENTS + 1
    assert (rows[OTHERS].clients, rows[OTHERS].served.bytes) == (7, 140)
    assert sum(row.served.bytes for row in rows.values()) == 20 * len(many)


def test_who_is_only_connected_has_no_row():
    rollup = ClientRollup()
    rollup.add(1, {LAPTOP: Served(connections=3)}, 100.0)
    assert rollup.take() == []


@given(st.lists(st.lists(st.integers(0, 10**9), min_size=3, max_size=3), min_size=2))
def test_rows_add_up_to_the_difference_of_the_counters(steps):
    known, rollup, acked = Connections(), ClientRollup(), [0, 0, 0]
    expected = 0
    for second, step in enumerate(steps):
        acked = [a + b for a, b in zip(acked, step, strict=True)]
        expected += sum(step) if second else 0
        read = [connection(n, bytes_acked=a) for n, a in enumerate(acked)]
        rollup.add(1, known.take_in(read, SECOND * (second + 1)), 95.0 + second)
    assert sum(row.served.bytes for row in rollup.take()) == expected
