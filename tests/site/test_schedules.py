"""Schedules: safe to edit, and how each last went."""

import time
from typing import Any

import pytest
from celery import shared_task
from celery.app.trace import build_tracer
from celery.signals import task_revoked
from celery.utils import uuid
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from lancache_site import outcomes, schedules
from lancache_site.celery import app

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]
LIST = "/admin/django_celery_beat/periodictask/"
PUT_BACK = f"{LIST}put_back/"


@pytest.fixture(autouse=True)
def forgotten():
    yield
    cache.clear()


@shared_task
def divides(by: int) -> None:
    assert 1 / by


def run(name: str, by: int = 1) -> None:
    """Run it as a worker does that took a message of beat's."""
    headers = {"periodic_task_name": name, "is_eager": False}
    build_tracer(divides.name, divides, app=app)(uuid(), [by], {}, headers)


def record_of(name: str) -> Any:
    return outcomes.records([name])[name]


def test_the_defaults_are_those_that_the_migrations_made():
    made = {
        (t.name, t.task, t.interval.every, t.expire_seconds, t.interval.period)
        for t in PeriodicTask.objects.filter(interval__isnull=False)
    }
    assert made == set(schedules.DEFAULTS)
    assert schedules.put_back() == []


def test_every_default_is_a_task_that_exists():
    app.loader.import_default_modules()
    assert {default.task for default in schedules.DEFAULTS} <= set(app.tasks)


def test_what_was_broken_is_put_back_and_logged(admin_client):
    PeriodicTask.objects.filter(name="Prune").delete()
    PeriodicTask.objects.filter(name="Correlate").update(
        enabled=False, args="[7]", interval=IntervalSchedule.objects.create(every=9)
    )
    own = PeriodicTask.objects.create(
        name="mine", task="x", interval=IntervalSchedule.objects.first()
    )
    assert "run again as they came" in admin_client.get(PUT_BACK).content.decode()
    assert not PeriodicTask.objects.filter(name="Prune").exists()
    for _ in range(2):
        admin_client.post(PUT_BACK)
    assert schedules.put_back() == []
    correlate = PeriodicTask.objects.get(name="Correlate")
    assert (correlate.enabled, correlate.args) == (True, "[]")
    assert PeriodicTask.objects.filter(pk=own.pk, task="x").exists()
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == [
        "Put back as it came."
    ] * 2


def test_putting_back_needs_the_right(client):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_periodictask"))
    client.force_login(viewer)
    assert "Put the defaults back" not in client.get(LIST).content.decode()
    assert client.post(PUT_BACK).status_code == 403


def test_a_default_is_not_deleted_by_itself_in_bulk_or_with_its_interval(admin_client):
    task = PeriodicTask.objects.get(name="Prune")
    yes = {"post": "yes"}
    chosen = {"action": "delete_selected", "_selected_action": task.pk}
    interval = f"/admin/django_celery_beat/intervalschedule/{task.interval_id}/delete/"
    assert admin_client.post(f"{LIST}{task.pk}/delete/", yes).status_code == 403
    admin_client.post(LIST, chosen | yes)
    admin_client.post(interval, yes)
    assert PeriodicTask.objects.filter(pk=task.pk).exists()


def test_a_schedule_of_ones_own_is_deleted(admin_client):
    interval = IntervalSchedule.objects.create(every=1, period="days")
    own = PeriodicTask.objects.create(name="mine", task="x", interval=interval)
    admin_client.post(f"{LIST}{own.pk}/delete/", {"post": "yes"})
    assert not PeriodicTask.objects.filter(pk=own.pk).exists()


def test_a_default_keeps_its_name_and_task_and_takes_another_interval(admin_client):
    task = PeriodicTask.objects.get(name="Prune")
    day = IntervalSchedule.objects.create(every=1, period="days")
    form = {"name": "x", "task": "y", "regtask": "z", "interval": day.pk}
    form |= {"args": "[]", "kwargs": "{}", "headers": "{}", "enabled": "on"}
    url = f"{LIST}{task.pk}/change/"
    assert admin_client.post(url, form).status_code == 302
    changed = PeriodicTask.objects.get(pk=task.pk)
    assert (changed.name, changed.task) == ("Prune", "ingest.tasks.prune")
    assert changed.interval == day


def test_a_run_is_told_with_how_long_it_took(admin_client):
    run("Prune")
    record = record_of("Prune")
    assert record["last"]["error"] == ""
    assert record["failed"] is None
    assert 0 <= record["last"]["seconds"] < 1
    html = admin_client.get(LIST).content.decode()
    assert html.count("has not run") == len(schedules.DEFAULTS) - 1


def test_a_failure_is_told_after_runs_that_went_well(admin_client):
    run("Prune", by=0)
    run("Prune")
    record = record_of("Prune")
    assert record["last"]["error"] == ""
    assert record["failed"]["error"] == "ZeroDivisionError: division by zero"
    for page in (LIST, "/admin/"):
        assert "ZeroDivisionError" in admin_client.get(page).content.decode()


def test_a_tick_that_expired_is_no_failure():
    task_revoked.send(sender=divides, request=None, expired=True)
    assert record_of("Prune") == {"last": None, "failed": None}


def test_a_run_that_no_schedule_asked_for_is_none_of_a_schedules():
    divides.apply(args=(1,))
    assert not outcomes._began


def test_a_hostile_name_is_kept_and_shown_as_text(admin_client):
    name = "<script>\n" + "ä" * 150
    PeriodicTask.objects.create(
        name=name, task="x", interval=IntervalSchedule.objects.first()
    )
    run(name, by=0)
    assert record_of(name)["failed"]["at"] > time.time() - 60
    assert "<script>\n" not in admin_client.get(LIST).content.decode()


def test_the_list_stands_without_a_broker(admin_client, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere/broker.sock",
        }
    }
    run("Prune")
    assert "has not run" in admin_client.get(LIST).content.decode()
