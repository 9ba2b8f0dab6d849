"""What is done to a datasource in the admin: asked about, allowed, and done once."""

import time
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from downloads import jobs
from downloads.models import Burst, Datasource, Job, StreamSession
from ingest import operations
from ingest.models import LogFile
from tests.ingest.logs import (
    NOON,
    append,
    datasource,
    json_request,
    read,
    request,
    requests_of,
    session,
)

pytestmark = pytest.mark.django_db
JOBS = {
    "read_now": Job.Kind.READ_NOW,
    "read_again": Job.Kind.READ_AGAIN,
    "forget": Job.Kind.FORGET_DATASOURCE,
    "remove": Job.Kind.FORGET_DATASOURCE,
}
FORMS = {
    **{name: {"logs": "access"} for name in JOBS},
    "pause": {"logs": "access"},
    "resume": {"logs": "access"},
    "read_days": {"days": 7},
}
DELETES = ("forget", "remove")


@pytest.fixture
def hall(tmp_path: Path) -> Datasource:
    append(tmp_path / "access.log", *(request(NOON + i, chunk=i) for i in range(20)))
    append(tmp_path / "stream-access.log", session(NOON + 9))
    source = datasource(tmp_path)
    read(source)
    return source


def url(operation: str, source: Datasource) -> str:
    name = f"admin:downloads_datasource_{operation}"
    return reverse(name, args=[source.pk])


def text(response) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def as_user(client, *codenames: str):
    user = User.objects.create_user("someone", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


@pytest.mark.parametrize("operation", FORMS)
def test_each_is_asked_about_first(admin_client, hall, operation):
    assert "hall" in text(admin_client.get(url(operation, hall)))
    assert not Job.objects.exists()
    hall.refresh_from_db()
    assert (hall.enabled, hall.reads, hall.history_days) == (True, "both", None)


@pytest.mark.parametrize("operation", FORMS)
def test_each_needs_its_right(client, hall, operation):
    delete, change = "delete_datasource", "change_datasource"
    needed, other = (delete, change) if operation in DELETES else (change, delete)
    view = as_user(client, other, "view_datasource")
    for method in (view.get, view.post):
        assert method(url(operation, hall), FORMS[operation]).status_code == 403
    assert not Job.objects.exists()
    User.objects.get().user_permissions.add(Permission.objects.get(codename=needed))
    answer = view.post(url(operation, hall), FORMS[operation])
    assert answer.status_code == 302


@pytest.mark.parametrize("operation", FORMS)
def test_on_nothing_each_finds_nothing(admin_client, hall, operation):
    address = url(operation, hall)
    Datasource.objects.all().delete()
    assert admin_client.post(address, FORMS[operation]).status_code == 404


@pytest.mark.parametrize(("operation", "kind"), JOBS.items())
def test_what_takes_long_is_a_job_and_asked_for_once(
    admin_client, hall, operation, kind
):
    first = admin_client.post(url(operation, hall), FORMS[operation])
    job = Job.objects.get()
    assert (job.kind, first["Location"]) == (kind, job.get_absolute_url())
    assert job.asked_by.username == "admin"
    again = admin_client.post(url(operation, hall), FORMS[operation], follow=True)
    assert "Under way already" in text(again)
    assert Job.objects.count() == 1


def test_reading_again_is_done_and_says_so(admin_client, hall):
    Burst.objects.all().delete()
    admin_client.post(url("read_again", hall), {"logs": "access"})
    jobs.run(time.monotonic() + 5)
    assert requests_of(hall) == 20
    job = Job.objects.get()
    assert (job.state, job.outcome) == ("done", "Read 20 lines, 4.18 kB.")
    assert StreamSession.objects.exists()


def test_reading_again_tells_what_would_be_lost(admin_client, hall):
    html = text(admin_client.get(url("read_again", hall)))
    assert "All that was read of it is still there: nothing is lost." in html
    (Path(hall.log_directory) / "access.log").unlink()
    html = text(admin_client.get(url("read_again", hall)))
    assert (
        "LOST FOR GOOD: what 20 lines of 21 Sep 2026 said, in 1 file no longer" in html
    )


def test_reading_again_is_refused_where_it_would_only_forget(admin_client, hall):
    Datasource.objects.update(log_directory="/nowhere/at/all")
    for method in (admin_client.get, admin_client.post):
        answer = method(url("read_again", hall), {"logs": "both"}, follow=True)
        assert "Nothing could be read again" in text(answer)
    assert not Job.objects.exists()


def test_pausing_twice_and_going_on_twice(admin_client, hall):
    def state(operation: str, logs: str) -> tuple[bool, str]:
        for _ in range(2):
            admin_client.post(url(operation, hall), {"logs": logs})
        hall.refresh_from_db()
        return hall.enabled, hall.reads

    assert state("pause", "access") == (True, "stream")
    assert state("pause", "stream") == (False, "stream")
    assert state("resume", "access") == (True, "access")
    assert state("resume", "both") == (True, "both")
    assert state("pause", "both") == (False, "both")


def test_what_is_done_is_in_the_history(admin_client, hall):
    admin_client.post(url("pause", hall), {"logs": "both"})
    html = text(
        admin_client.get(reverse("admin:downloads_datasource_history", args=[hall.pk]))
    )
    assert "Paused: both logs." in html


@pytest.mark.parametrize(("days", "stored"), [("7", 7), ("", None)])
def test_only_the_last_days_are_read(admin_client, hall, days, stored):
    admin_client.post(url("read_days", hall), {"days": days})
    hall.refresh_from_db()
    assert hall.history_days == stored


@pytest.mark.parametrize("days", ["0", "-1", "many", "1e9", "9" * 30])
def test_nonsense_is_no_number_of_days(admin_client, hall, days):
    assert admin_client.post(url("read_days", hall), {"days": days}).status_code == 200
    hall.refresh_from_db()
    assert hall.history_days is None


def test_a_log_that_there_is_not_is_refused(admin_client, hall):
    answer = admin_client.post(url("forget", hall), {"logs": "error"})
    assert answer.status_code == 200
    assert not Job.objects.exists()


def test_deleting_leaves_nothing_of_it(admin_client, hall):
    admin_client.post(url("remove", hall))
    jobs.run(time.monotonic() + 5)
    assert not Datasource.objects.exists()
    assert not LogFile.objects.exists()
    assert Job.objects.get().state == "done"


def test_a_datasource_at_work_links_to_its_job(admin_client, hall):
    job = operations.ask(Job.Kind.READ_AGAIN, hall)
    html = text(admin_client.get(reverse("admin:downloads_datasource_changelist")))
    assert f'href="{job.get_absolute_url()}"' in html


def test_what_was_stopped_half_way_says_what_to_do(admin_client, hall):
    Datasource.objects.update(forgetting="access")
    html = text(admin_client.get(reverse("admin:downloads_datasource_changelist")))
    assert "forgotten in part: read it again, or forget it" in html


def test_the_log_that_was_set_aside_can_be_read_instead(admin_client, tmp_path):
    append(tmp_path / "access.log", *(request(NOON + i, chunk=i) for i in range(20)))
    append(tmp_path / "access-json.log", *(json_request(NOON + i) for i in range(19)))
    source = datasource(tmp_path)
    read(source)
    aside = LogFile.objects.get(state="aside")
    address = reverse("admin:ingest_logfile_read_instead", args=[aside.pk])
    assert f'href="{address}"' in text(admin_client.get(aside.get_absolute_url()))
    assert "access-json.log is read" in text(admin_client.get(address))
    admin_client.post(address)
    jobs.run(time.monotonic() + 5)
    assert requests_of(source) == 19
    assert LogFile.objects.get(state="aside").name == "access.log"


def test_choosing_a_log_needs_its_right_and_one_that_is_aside(client, hall):
    file = LogFile.objects.first()
    address = reverse("admin:ingest_logfile_read_instead", args=[file.pk])
    viewer = as_user(client, "view_logfile")
    assert viewer.post(address).status_code == 403
    assert address not in text(viewer.get(file.get_absolute_url()))
    right = Permission.objects.get(codename="change_datasource")
    User.objects.get().user_permissions.add(right)
    assert viewer.post(address).status_code == 404
    assert not Job.objects.exists()


def test_a_thousand_files_take_no_more_queries(admin_client, hall):
    def count() -> list[int]:
        found = []
        for operation in ("read_now", "read_again", "forget"):
            with CaptureQueriesContext(connection) as captured:
                text(admin_client.get(url(operation, hall)))
            found.append(len(captured))
        return found

    admin_client.get(url("read_now", hall))
    few = count()
    LogFile.objects.bulk_create(
        LogFile(
            datasource=hall, path=f"{hall.log_directory}/access.log.{n}", kind="access",
            head_len=9, head_hash=f"{n}", size=10, lines=1,
        )
        for n in range(1000)
    )  # fmt: skip
    assert count() == few
