"""What runs now, from rows as ingestion makes them."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from downloads import bulk, grouping, live
from downloads.live import Live
from downloads.models import Burst, Client, Datasource, Download, Title, TrafficBucket
from tests import rows

pytestmark = pytest.mark.django_db
NOON = 1_790_000_000  # a multiple of ten
MB = 1_000_000


def datasource(name: str = "attic", newest: int = NOON + 6) -> Datasource:
    return Datasource.objects.update_or_create(
        name=name, defaults={"log_directory": "/srv", "newest_stamp": newest}
    )[0]


def fetched(
    rate: int = MB,
    first: int = NOON - 60,
    last: int = NOON + 6,
    hit: float = 0.75,
    address: str = "10.0.0.11",
    raw: str = "730",
    source: Datasource | None = None,
) -> Client:
    """Have a client fetch ``rate`` bytes in each second from first to last."""
    source = source or datasource()
    client, title = rows.client(address), rows.title(raw=raw)
    key = {"datasource": source, "client": client, "title": title}
    seconds = range(first, last + 1)
    size = rate * len(seconds)
    Burst.objects.create(
        **key, first=first, last=last, hit_bytes=int(hit * size),
        miss_bytes=size - int(hit * size), other_bytes=0, requests=len(seconds),
        failed_requests=0, bytes_in_first_second=rate, bytes_in_last_second=rate,
    )  # fmt: skip
    for at in sorted({second // 10 * 10 for second in seconds}):
        part = rate * len([s for s in seconds if at <= s < at + 10])
        TrafficBucket.objects.create(
            **key, at=at, hit_bytes=int(hit * part), miss_bytes=part - int(hit * part),
            other_bytes=0, requests=1,
        )  # fmt: skip
    grouping.group()
    return client


def told(now: float = NOON + 6.5) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = Live().message(now)["downloads"]
    return found


def test_a_download_that_runs_is_told_in_full():
    fetched()
    client = Client.objects.get()
    Client.objects.update(name="Mia's PC")
    assert Live().message(NOON + 6.5) == {
        "v": 1, "type": "downloads", "at": NOON + 6.5, "bytesPerSecond": MB, "more": 0,
        "downloads": [
            {
                "id": Download.objects.get().pk,
                "url": Download.objects.get().get_absolute_url(),
                "client": client.address, "clientName": "Mia's PC",
                "service": "steam", "title": "730",
                "startedAt": "2026-09-21T14:12:20Z", "bytes": 67 * MB,
                "hitShare": 0.75, "bytesPerSecond": MB, "hitBytesPerSecond": 750_000,
                "missBytesPerSecond": 250_000, "silentSeconds": 0,
                "expectedBytes": None, "secondsLeft": None,
            }
        ],
    }  # fmt: skip


def test_of_several_the_fastest_comes_first_and_the_silent_last():
    fetched(2 * MB, address="10.0.0.2")
    fetched(5 * MB, address="10.0.0.5")
    fetched(9 * MB, last=NOON - 100, first=NOON - 200, address="10.0.0.9")
    assert [(d["client"], d["bytesPerSecond"], d["silentSeconds"]) for d in told()] == [
        ("10.0.0.5", 5 * MB, 0),
        ("10.0.0.2", 2 * MB, 0),
        ("10.0.0.9", None, 106),
    ]
    assert Live().message(NOON + 6.5)["bytesPerSecond"] == 7 * MB


def test_a_second_that_is_not_over_is_in_no_rate():
    """The newest line's second has but a part of its bytes yet."""
    fetched(first=NOON + 6, last=NOON + 6)
    assert [(d["bytes"], d["bytesPerSecond"]) for d in told()] == [(MB, None)]


def test_a_new_download_counts_its_seconds_in_ten():
    fetched(first=NOON + 1, last=NOON + 6)
    assert told()[0]["bytesPerSecond"] == 0.5 * MB


def test_depots_of_one_game_are_one_download():
    Title.objects.create(service="steam", raw="731", name="CS")
    Title.objects.create(service="steam", raw="732", name="CS")
    fetched(raw="731")
    fetched(2 * MB, raw="732")
    assert [(d["title"], d["bytesPerSecond"]) for d in told()] == [("CS", 3 * MB)]


def test_a_single_long_get_is_silent_and_not_over():
    fetched(last=NOON + 6)
    one = told(NOON + 6 + 90)[0]
    assert (one["silentSeconds"], one["bytesPerSecond"]) == (90, None)
    assert (one["hitBytesPerSecond"], one["missBytesPerSecond"]) == (None, None)
    assert told(NOON + 6 + 299)
    assert told(NOON + 6 + 300) == []


def test_rates_fall_while_the_log_is_silent():
    fetched()
    rates = [told(NOON + 6 + silent)[0]["bytesPerSecond"] for silent in (0, 4, 8, 11)]
    assert rates == [MB, 0.7 * MB, 0.3 * MB, None]


def test_midnight_parts_nothing():
    midnight = 1_790_035_200
    source = datasource(newest=midnight + 3)
    fetched(first=midnight - 30, last=midnight + 3, source=source)
    one = told(midnight + 3)[0]
    assert (one["startedAt"], one["bytesPerSecond"]) == ("2026-09-21T23:59:30Z", MB)


def test_a_hidden_client_counts_and_is_not_named():
    fetched(address="10.0.0.66")
    fetched(2 * MB, address="10.0.0.7")
    Client.objects.filter(address="10.0.0.66").update(hidden=True)
    message = Live().message(NOON + 6.5)
    assert "10.0.0.66" not in str(message)
    assert (message["bytesPerSecond"], message["more"]) == (3 * MB, 1)


def test_a_client_left_out_of_statistics_is_shown_and_not_counted():
    fetched()
    Client.objects.update(excluded=True)
    message = Live().message(NOON + 6.5)
    assert message["bytesPerSecond"] == 0
    assert message["downloads"][0]["bytesPerSecond"] == MB


def test_two_caches_with_different_clocks_are_each_told_by_its_own():
    near, late = datasource("near", NOON - 1), datasource("late", NOON - 121)
    fetched(2 * MB, NOON - 60, NOON, source=near)
    fetched(3 * MB, NOON - 180, NOON - 120, source=late)
    both = Live()
    both.message(NOON - 1)
    Datasource.objects.filter(pk=near.pk).update(newest_stamp=NOON)
    Datasource.objects.filter(pk=late.pk).update(newest_stamp=NOON - 120)
    found = both.message(NOON)["downloads"]
    assert [(d["bytesPerSecond"], d["silentSeconds"]) for d in found] == [
        (3 * MB, 0),
        (2 * MB, 0),
    ]


def test_a_title_that_was_larger_before_has_about_so_long_to_go():
    rows.download(total_bytes=127 * MB, ended_at=rows.NOON - timedelta(days=90))
    fetched()
    one = told()[0]
    assert (one["expectedBytes"], one["secondsLeft"]) == (127 * MB, 60)


def test_a_title_that_was_never_larger_has_no_guess():
    rows.download(total_bytes=66 * MB, ended_at=rows.NOON - timedelta(days=90))
    fetched()
    assert told()[0]["expectedBytes"] is None


def test_without_a_rate_nobody_guesses():
    rows.download(total_bytes=127 * MB, ended_at=rows.NOON - timedelta(days=90))
    fetched()
    one = told(NOON + 60)[0]
    assert (one["expectedBytes"], one["secondsLeft"]) == (127 * MB, None)


def test_traffic_that_names_nothing_has_no_size_to_come_to():
    title = rows.title(raw="")
    rows.download(
        title=title, total_bytes=127 * MB, ended_at=rows.NOON - timedelta(days=90)
    )
    fetched(raw="")
    assert told()[0]["expectedBytes"] is None


def test_the_largest_is_looked_up_once_while_a_title_runs(django_assert_num_queries):
    fetched()
    again = Live()
    again.message(NOON + 6.5)
    with django_assert_num_queries(3):
        again.message(NOON + 7.0)


def test_where_nothing_runs_two_looks_tell(django_assert_num_queries):
    datasource()
    with django_assert_num_queries(2):
        assert told() == []
    with django_assert_num_queries(1):
        assert told(NOON + 3600) == [], "its newest line is long past"


def test_at_most_fifty_are_shown():
    for number in range(53):
        fetched(address=f"10.0.1.{number}", first=NOON)
    message = Live().message(NOON + 6.5)
    assert (len(message["downloads"]), message["more"]) == (50, 3)


def test_what_runs_is_found_by_time_not_by_looking_through_history():
    recent = Download.objects.filter(ended_at__gt=bulk.moment(NOON))
    assert "download_ended" in recent.explain()
    assert "bucket_at" in TrafficBucket.objects.filter(at__gte=NOON).explain()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {live._LARGEST} (1)")
        assert "download_title" in str(cursor.fetchall())


def test_ten_thousand_at_once_stay_cheap():
    source, title = datasource(), rows.title()
    addresses = [f"10.{n // 65536}.{n // 256 % 256}.{n % 256}" for n in range(10_000)]
    clients = Client.objects.bulk_create([Client(address=a) for a in addresses])
    key = [{"datasource": source, "client": c, "title": title} for c in clients]
    size = {"hit_bytes": MB, "miss_bytes": 0, "other_bytes": 0, "requests": 1}
    edge = {"bytes_in_first_second": 1, "bytes_in_last_second": 100_000}
    Burst.objects.bulk_create(
        Burst(**k, **size, **edge, failed_requests=0, first=NOON, last=NOON + 6)
        for k in key
    )
    TrafficBucket.objects.bulk_create(
        TrafficBucket(**k, **size, at=at) for k in key for at in (NOON - 10, NOON)
    )
    grouping.group()
    began = time.perf_counter()
    message = Live().message(NOON + 6.5)
    seconds = time.perf_counter() - began
    assert (len(message["downloads"]), message["more"]) == (50, 9950)
    assert seconds < 2
