"""The queue of sessions, and what is written to them and to downloads."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from downloads import linking
from downloads.models import (
    Client,
    Datasource,
    Download,
    StreamSession,
    Title,
    TrafficBucket,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def download(start, end, title="Dota 2", service="steam", address="10.0.0.7"):
    datasource, _ = Datasource.objects.get_or_create(name="hall")
    client, _ = Client.objects.get_or_create(address=address)
    named, _ = Title.objects.get_or_create(service=service, raw=title)
    return Download.objects.create(
        datasource=datasource,
        client=client,
        service=service,
        title=named,
        started_at=at(start),
        ended_at=at(end),
        requests=1,
        failed_requests=0,
        hit_bytes=1,
        miss_bytes=0,
        other_bytes=0,
        total_bytes=1,
        basis="stamps",
        split_basis="stamps",
    )


def session(start, end, service="steam", address="10.0.0.7", **fields):
    datasource, _ = Datasource.objects.get_or_create(name="hall")
    client, _ = Client.objects.get_or_create(address=address)
    return StreamSession.objects.create(
        **{
            "datasource": datasource,
            "client": client,
            "service": service,
            "host": "api.steampowered.com",
            "protocol": "TCP",
            "status": 200,
            "bytes_sent": 900,
            "bytes_received": 100,
            "total_bytes": 1000,
            "duration": end - start,
            "started_at": at(start),
            "ended_at": at(end),
            **fields,
        }
    )


def test_a_session_is_linked_to_the_download_it_overlaps():
    dota = download(0, 60)
    one = session(10, 20)
    assert linking.correlate().answered == 1
    one.refresh_from_db()
    dota.refresh_from_db()
    assert (one.download, one.unlinked, one.correlated) == (dota, "", True)
    assert one.confidence > 0.9
    assert (dota.session_seconds, dota.upload_bytes_per_second) == (10, 10)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": 502}, "nothing_sent"),
        ({"total_bytes": 0}, "nothing_sent"),
        ({"service": ""}, "no_service"),
        ({"duration": None, "started_at": None}, "no_duration"),
        ({"service": "riot"}, "no_download"),
        ({"address": "10.0.0.8"}, "no_download"),
        ({"ended_at": at(-100), "started_at": at(-110)}, "no_download"),
    ],
)
def test_what_is_not_linked_says_why(fields, reason):
    download(0, 60)
    one = session(10, 20, **fields)
    linking.correlate()
    one.refresh_from_db()
    assert (one.download, one.confidence, one.unlinked) == (None, None, reason)
    assert one.correlated


def test_a_session_of_no_length_is_linked_but_in_no_rate():
    dota = download(0, 60)
    one = session(10, 10)
    linking.correlate()
    one.refresh_from_db()
    dota.refresh_from_db()
    assert one.download == dota
    assert (dota.session_seconds, dota.upload_bytes_per_second) == (None, None)


def test_another_cache_is_another_world():
    other = Datasource.objects.create(name="attic")
    download(0, 60)
    one = session(10, 20, datasource=other)
    linking.correlate()
    one.refresh_from_db()
    assert one.unlinked == "no_download"


def test_a_download_that_comes_later_gets_its_sessions():
    one = session(10, 20)
    linking.correlate()
    dota = download(0, 60)
    assert (
        linking.reopen(dota.datasource_id, dota.client_id, "steam", at(0), at(60)) == 1
    )
    linking.correlate()
    one.refresh_from_db()
    assert (one.download, one.unlinked) == (dota, "")


def test_a_session_that_moves_leaves_no_rate_behind():
    dota = download(0, 60)
    session(10, 20)
    linking.correlate()
    rust = download(10, 90, title="Rust")
    dota.started_at, dota.ended_at = at(-90), at(12)
    dota.save()
    linking.reopen(dota.datasource_id, dota.client_id, "steam", at(-90), at(60))
    linking.correlate()
    dota.refresh_from_db()
    rust.refresh_from_db()
    assert (dota.session_seconds, rust.session_seconds) == (None, 10)


def test_only_what_touches_the_range_is_asked_again():
    dota = download(0, 60)
    before, touching, after = session(-20, -3), session(-20, -2), session(63, 80)
    other_service = session(10, 20, service="riot")
    linking.correlate()
    linking.reopen(dota.datasource_id, dota.client_id, "steam", at(0), at(60))
    assert list(StreamSession.objects.filter(correlated=False)) == [touching]
    assert {before, after, other_service}.isdisjoint({touching})


def test_many_ranges_at_once():
    sessions = [session(1000 * i, 1000 * i + 5) for i in range(250)]
    linking.correlate()
    one = sessions[0]
    key = (one.datasource_id, one.client_id, "steam")
    ranges = [
        linking.Changed(*key, at(1000 * i), at(1000 * i)) for i in range(0, 250, 2)
    ]
    assert linking.reopen_many(ranges) == 125
    assert linking.reopen_all() == (250, None)


def test_the_newest_come_first_and_no_more_than_asked():
    old, new = session(0, 5), session(10, 15)
    assert linking.correlate(limit=1).answered == 1
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.correlated, new.correlated) == (False, True)


def test_no_time_left_is_no_work():
    session(0, 5)
    assert linking.correlate(deadline=0.0).answered == 0


DOWNLOADS = [
    (0, 100, "Dota 2"),
    (50, 160, "Rust"),
    (30, 160, "Dust"),
    (400, 500, "Dota 2"),
]
SESSIONS = [(-3, -1), (0, 0), (5, 20), (60, 70), (40, 300), (99, 101), (161, 430)]


def links():
    """What anyone sees of it: by times and titles, not by primary keys."""
    sessions = StreamSession.objects.order_by("started_at", "ended_at").values_list(
        "started_at",
        "ended_at",
        "download__started_at",
        "download__title__raw",
        "confidence",
        "unlinked",
        "correlated",
    )
    downloads = Download.objects.order_by("started_at", "title__raw").values_list(
        "started_at", "title__raw", "session_seconds", "upload_bytes_per_second"
    )
    return [list(sessions), list(downloads)]


@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_arrival_gives_the_same_links(seed):
    """Downloads grow at either end, with sessions in between."""
    for found in DOWNLOADS:
        download(*found)
    for start, end in SESSIONS:
        session(start, end)
    linking.correlate()
    expected = links()
    StreamSession.objects.all().delete()
    Download.objects.all().delete()

    random = Random(seed)
    steps: list[tuple[Any, ...]] = [
        (random.choice([_grows, _grows_back]), *found) for found in DOWNLOADS
    ]
    steps += [(session, *found) for found in SESSIONS]
    random.shuffle(steps)
    for step, *arguments in steps:
        step(*arguments)
        if random.random() < 0.5:
            linking.correlate(limit=random.choice([1, 2, 1000]))
    linking.correlate()
    assert links() == expected


def _grows(start, end, title):
    """Come as half a download, then grow at the end."""
    half = (start + end) // 2
    one = download(start, half, title)
    key = (one.datasource_id, one.client_id, "steam")
    linking.reopen(*key, at(start), at(half))
    linking.correlate(limit=2)
    Download.objects.filter(pk=one.pk).update(ended_at=at(end))
    linking.reopen(*key, at(half), at(end))


def _grows_back(start, end, title):
    """Come as the later half, then grow at the start: its whole range changed."""
    half = (start + end) // 2
    one = download(half, end, title)
    key = (one.datasource_id, one.client_id, "steam")
    linking.reopen(*key, at(half), at(end))
    linking.correlate(limit=2)
    Download.objects.filter(pk=one.pk).update(started_at=at(start))
    linking.reopen(*key, at(start), at(end))


def test_queries_do_not_grow_with_sessions(django_assert_num_queries):
    download(0, 1000)
    for count in (1, 400):
        for i in range(count):
            session(i, i + 5)
        # The queue, begin, sessions, candidates (which, then what), downloads to hold,
        # two writes, their sessions, commit, and the queue that is empty.
        with django_assert_num_queries(11):
            assert linking.correlate().answered == count


def test_nothing_to_do_is_one_query(django_assert_num_queries):
    one = session(0, 5)
    linking.correlate()
    with django_assert_num_queries(1):
        assert linking.correlate().answered == 0
    assert one.pk


def test_a_short_queue_is_read_from_its_own_index():
    """Even where statistics were taken while the queue was long."""
    session(0, 5)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as captured:
        linking.correlate(limit=0)
        linking._queued(500)
    statement = captured[0]["sql"]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + statement)
            assert "session_uncorrelated" in str(cursor.fetchall())


def bucket(seconds, hit=0, miss=0, service="steam", raw="570"):
    datasource, _ = Datasource.objects.get_or_create(name="hall")
    client, _ = Client.objects.get_or_create(address="10.0.0.7")
    title, _ = Title.objects.get_or_create(service=service, raw=raw)
    TrafficBucket.objects.create(
        datasource=datasource,
        client=client,
        title=title,
        at=int(NOON.timestamp()) + seconds,
        hit_bytes=hit,
        miss_bytes=miss,
        other_bytes=0,
        requests=1,
    )


def test_what_was_fetched_while_a_session_was_open():
    for seconds in (0, 10, 20, 30):
        bucket(seconds, hit=5, miss=1)
    bucket(10, hit=7, raw="730")
    bucket(10, hit=1000, service="riot")
    assert linking.fetched_during(session(12, 25)) == linking.Fetched(17, 2, 0)
    assert linking.fetched_during(session(100, 101)) == linking.Fetched(0, 0, 0)


def test_nothing_is_told_of_what_is_pruned_or_unknown(settings):
    bucket(0, hit=5)
    days = settings.BUCKET_RETENTION_DAYS + 1
    Datasource.objects.update(newest_stamp=int(NOON.timestamp()) + days * 86400)
    with time_machine.travel(NOON + timedelta(days=days)):
        assert linking.fetched_during(session(1, 5)) is None
    assert linking.fetched_during(session(1, 5, service="")) is None
    unknown = session(1, 5, duration=None, started_at=None)
    assert linking.fetched_during(unknown) is None


def test_the_command_says_what_it_did(capsys):
    download(0, 60)
    session(10, 20)
    session(100, 110)
    call_command("correlate")
    call_command("correlate", "--all")
    first, again = capsys.readouterr().out.splitlines()
    assert first.startswith("2 sessions looked at")
    assert again.endswith("1 of all 2 are linked")
