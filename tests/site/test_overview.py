"""The first page: figures, what failed, and only what one may see."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from downloads import jobs, overview
from downloads.models import Datasource, Download, Job, TrafficQuarter
from ingest.models import LogFile, RejectedLine
from ingest.overview import caches
from lancache_site.celery import READING_ALIVE, WORKER_ALIVE
from tests import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]
INDEX = "/admin/"
NOW = timezone.now().replace(microsecond=0)
GB = 1_000_000_000


@pytest.fixture(autouse=True)
def alive(broker: str):
    cache.set_many({WORKER_ALIVE: time.time(), READING_ALIVE: time.time()})
    yield
    cache.clear()


def text(client) -> str:
    response = client.get(INDEX)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def quarter(at: datetime, hit: int, miss: int, **changes) -> TrafficQuarter:
    second = int(at.timestamp())
    row = {"client": rows.client(), "service": "steam"} | changes
    return TrafficQuarter.objects.create(
        datasource=rows.datasource(), at=second - second % 900, hit_bytes=hit,
        miss_bytes=miss, other_bytes=0, requests=1, failed_requests=0, **row,
    )  # fmt: skip


def lately(**changes) -> Download:
    ended = changes.pop("ended_at", NOW - timedelta(hours=1))
    return rows.download(
        started_at=ended - timedelta(minutes=1), ended_at=ended, **changes
    )


def file(**changes) -> LogFile:
    row = {"kind": "access", "head_len": 9, "head_hash": "ab"} | changes
    row.setdefault("path", "/srv/logs/access.log")
    return LogFile.objects.create(datasource=rows.datasource(), **row)


def on_disk(path: Path, **changes) -> LogFile:
    path.touch()
    status = path.stat()
    return file(path=str(path), inode=status.st_ino, device=status.st_dev, **changes)


def test_an_empty_installation_is_invited_to_add_a_cache(admin_client):
    html = admin_client.get(INDEX).content.decode()
    assert "/admin/downloads/datasource/add/" in html
    assert "Served today" not in html


def test_todays_traffic_is_told_with_the_share_of_the_cache(admin_client):
    quarter(NOW, 3 * GB, GB)
    quarter(NOW - timedelta(days=2), 500 * GB, 0)
    shown = text(admin_client)
    assert "4.00 GB" in shown
    assert "75 %" in shown


def test_hours_are_those_of_the_zone_and_hold_all_that_was_served_in_them():
    start = datetime(2026, 11, 24, 18, 30, tzinfo=UTC)  # midnight in India
    for minutes in (0, 15, 45, 60):
        quarter(start + timedelta(minutes=minutes), GB, 0)
    quarter(start - timedelta(minutes=15), 7 * GB, 0)
    hours = overview.hours(start, start + timedelta(days=1))
    assert len(hours) == 24
    assert [hour.hit_bytes // GB for hour in hours[:3]] == [3, 1, 0]


def test_clients_left_out_of_statistics_count_for_nothing():
    prefill = rows.client("10.0.0.99", excluded=True)
    quarter(NOW, 3 * GB, GB)
    quarter(NOW, 50 * GB, GB, client=prefill)
    start = NOW.replace(hour=0, minute=0, second=0)
    hours = overview.hours(start, start + timedelta(days=1))
    assert sum(hour.total_bytes for hour in hours) == 4 * GB


def test_the_fastest_and_slowest_are_those_that_can_be_compared():
    fast, slow = lately(bytes_per_second=300e6), lately(bytes_per_second=5e6)
    lately(bytes_per_second=1.0, total_bytes=99_000_000)
    lately(bytes_per_second=None)
    lately(bytes_per_second=9e12, implausible=True)
    lately(bytes_per_second=900e6, ended_at=NOW - timedelta(hours=25))
    lately(bytes_per_second=900e6, client=rows.client("10.0.0.9", hidden=True))
    lately(bytes_per_second=1.0, client=rows.client("10.0.0.8", excluded=True))
    assert list(overview.fastest(NOW)) == [fast, slow]
    assert list(overview.slowest(NOW)) == [slow, fast]


def test_the_fastest_are_found_by_when_they_ended():
    asked = overview.fastest(NOW).explain()
    assert "download_ended" in asked


def test_what_runs_is_told_by_the_clock_of_its_log():
    source = rows.datasource()
    now, before = NOW - timedelta(seconds=15), NOW - timedelta(seconds=40)
    source.newest_stamp = int(now.timestamp())
    runs = lately(ended_at=now)
    lately(ended_at=before)
    assert overview.running([source], NOW) == [runs]
    source.newest_stamp = int(before.timestamp()) - 60
    assert overview.running([source], NOW) == []


def test_a_log_from_the_future_does_not_hide_what_runs():
    source = rows.datasource()
    source.newest_stamp = int(NOW.timestamp()) + 86400
    runs = lately(ended_at=NOW)
    assert overview.running([source], NOW) == [runs]


def test_a_hidden_client_is_counted_and_not_named(admin_client):
    rows.datasource()
    Datasource.objects.update(newest_stamp=int(time.time()))
    lately(ended_at=timezone.now(), client=rows.client("10.0.0.9", hidden=True))
    shown = text(admin_client)
    assert "Running now 1 to 1 client" in shown
    assert "10.0.0.9" not in shown


def test_how_far_behind_reading_is(tmp_path):
    on_disk(
        tmp_path / "1.log", size=2000, offset=1500, live_start=700, history_offset=100
    )
    on_disk(tmp_path / "a.log", size=900, offset=900, state="copy")
    on_disk(tmp_path / "b.log.gz", size=70)
    on_disk(tmp_path / "c.log.gz", size=70, offset=700, finished=True)
    on_disk(tmp_path / "shrunk.log", size=10, offset=500)
    file(path="/went/unread.log", size=900)
    (cache,) = caches(NOW)
    assert (cache.files, cache.standing.packed) == (6, 1)
    assert (cache.standing.behind, cache.standing.history) == (500, 600)


def test_the_state_of_reading_is_told(admin_client, tmp_path):
    on_disk(tmp_path / "access.log", size=3_000_000, offset=1_000_000)
    Datasource.objects.update(newest_stamp=int(time.time()) - 185)
    assert re.search(r"reading .* 2\.00 MB, 3m \ds", text(admin_client))


def test_what_failed_is_told_and_is_only_text(admin_client):
    source = rows.datasource()
    Datasource.objects.update(
        last_error="permission <b>denied",
        last_error_at=NOW,
        unread_files=[["x.log", "no format fits"], ["y", "a copy of what was read"]],
    )
    RejectedLine.objects.create(
        datasource=source, path="a", position=1, reason="r", text="t", seen_at=NOW
    )
    job = jobs.ask(Job.Kind.IMPORT_TITLES, "<i>depots")
    Job.objects.update(state="failed", outcome="no such file", ended_at=NOW)
    html = admin_client.get(INDEX).content.decode()
    for shown in (
        "permission &lt;b&gt;denied", "attic: x.log<", "attic: 1 in the last 24 hours",
        "&lt;i&gt;depots: no such file", job.get_absolute_url(),
    ):  # fmt: skip
        assert shown in html


def test_a_silent_worker_and_a_schedule_switched_off_are_told(admin_client):
    cache.delete(WORKER_ALIVE)
    PeriodicTask.objects.filter(name="Prune").update(enabled=False)
    shown = text(admin_client)
    assert "gives no sign of life" in shown
    assert "Prune is switched off" in shown


def test_one_sees_only_what_one_may(client):
    quarter(NOW, 3 * GB, GB)
    lately()
    jobs.ask(Job.Kind.CORRELATE)
    guest = User.objects.create_user("guest", is_staff=True)
    client.force_login(guest)
    shown = text(client)
    for hidden in ("GB", "attic", "correlate", "10.0.0.11"):
        assert hidden not in shown
    guest.user_permissions.add(Permission.objects.get(codename="view_download"))
    shown = text(client)
    assert "4.00 GB" in shown
    assert "attic" not in shown


def test_a_thousand_rows_take_no_more_than_twelve_queries(client):
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__startswith="view"))
    client.force_login(staff)
    Datasource.objects.update(newest_stamp=int(time.time()))
    for i in range(40):
        someone = rows.client(f"10.1.0.{i}")
        quarter(NOW, GB, GB, client=someone)
        lately(client=someone, title=rows.title(raw=str(i)))
        lately(client=someone, ended_at=timezone.now())
        file(path=f"/{i}.log")
    client.get(INDEX)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(INDEX).status_code == 200
    assert len(captured) <= 12


def test_the_page_stands_without_a_broker(admin_client, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere/broker.sock",
        }
    }
    rows.datasource()
    assert "It does not answer" in text(admin_client)
