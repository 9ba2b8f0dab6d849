"""Jobs: asked for once, done in steps, gone on with after a kill."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from downloads import jobs, tasks
from downloads.models import Job, StreamSession
from tests import rows

pytestmark = pytest.mark.django_db
KIND = Job.Kind.NAME_CLIENTS


@pytest.fixture
def step(monkeypatch):
    """Let jobs of one kind take three steps, and count them."""
    seen: list[int] = []

    def of_three(job: Job, deadline: float) -> bool:
        seen.append(job.done)
        job.done, job.total, job.outcome = job.done + 1, 3, f"{job.done + 1} of 3"
        job.position = {"at": job.done}
        return job.done == 3

    monkeypatch.setitem(jobs.STEPS, KIND, of_three)
    return seen


def run() -> int:
    return jobs.run(time.monotonic() + 5)


def test_a_job_is_done_step_by_step(step):
    job = jobs.ask(KIND, "all")
    assert run() == 3
    job.refresh_from_db()
    assert (job.state, job.done, job.percent) == (Job.State.DONE, 3, 100)
    assert (job.outcome, job.position) == ("3 of 3", {"at": 3})
    assert run() == 0


def test_asking_twice_is_asking_once(step):
    first = jobs.ask(KIND, datasource=1)
    assert jobs.ask(KIND, datasource=1) == first
    assert jobs.ask(KIND, datasource=2) != first
    run()
    assert jobs.ask(KIND, datasource=1) != first


def test_what_another_worker_has_in_hand_is_left_to_it_until_it_is_overdue(step):
    job = jobs.ask(KIND)
    busy = Job.objects.filter(pk=job.pk)
    busy.update(state=Job.State.RUNNING, busy_until=timezone.now() + timedelta(60))
    assert run() == 0
    busy.update(busy_until=timezone.now() - timedelta(seconds=1))
    assert run() == 3


def test_a_failing_job_says_why_and_stops_no_other(step, monkeypatch):
    def fails(job: Job, deadline: float) -> bool:
        raise jobs.Failed("there is no such file")

    monkeypatch.setitem(jobs.STEPS, Job.Kind.IMPORT_TITLES, fails)
    failing, other = jobs.ask(Job.Kind.IMPORT_TITLES), jobs.ask(KIND)
    run()
    failing.refresh_from_db()
    other.refresh_from_db()
    assert (failing.state, failing.outcome) == ("failed", "there is no such file")
    assert other.state == Job.State.DONE


def test_a_database_that_is_away_fails_no_job(step, monkeypatch):
    def locked(job: Job, deadline: float) -> bool:
        raise OperationalError("database is locked")

    job = jobs.ask(KIND)
    with monkeypatch.context() as patch:
        patch.setitem(jobs.STEPS, KIND, locked)
        with pytest.raises(OperationalError):
            run()
    Job.objects.update(busy_until=None)
    assert run() == 3
    job.refresh_from_db()
    assert job.state == Job.State.DONE


def test_a_stopped_job_stays_stopped(step):
    job = jobs.ask(KIND)
    assert jobs.stop(job)
    assert run() == 0
    assert not jobs.stop(job)


def test_a_job_can_be_finished_at_once(step):
    assert jobs.finish(jobs.ask(KIND)).state == Job.State.DONE


def test_sessions_are_correlated_again():
    rows.session()
    job = jobs.ask(Job.Kind.CORRELATE)
    tasks.run_jobs()
    job.refresh_from_db()
    assert job.outcome == "1 sessions were looked at again"
    assert not StreamSession.objects.filter(correlated=False).exists()


def test_the_bar_asks_for_itself_until_the_job_has_ended(admin_client, step):
    job = jobs.ask(KIND)
    url = reverse("admin:downloads_job_bar", args=[job.pk])
    assert (
        f'hx-get="{url}"' in admin_client.get(job.get_absolute_url()).content.decode()
    )
    assert admin_client.get(url).status_code == 200
    run()
    ended = admin_client.get(url)
    assert ended.status_code == 286
    assert "hx-get" not in ended.content.decode()


def test_stopping_is_confirmed_and_needs_the_right(client, admin_client, step):
    job = jobs.ask(KIND, "<b>all</b>")
    url = reverse("admin:downloads_job_stop_job", args=[job.pk])
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_job"))
    client.force_login(viewer)
    assert client.post(url).status_code == 403
    assert "&lt;b&gt;all" in admin_client.get(url).content.decode()
    job.refresh_from_db()
    assert job.is_open
    admin_client.post(url)
    admin_client.post(url)
    job.refresh_from_db()
    assert job.state == Job.State.STOPPED
