"""The site's own answers: health, who is let in, what a browser may do."""

import time

import pytest
from django.core.cache import cache
from django.test import Client
from django_celery_beat.models import PeriodicTask

from lancache_site.celery import READING_ALIVE, READING_TASK, WORKER_ALIVE

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive(broker: str):
    """Let worker and reading have given signs of life just now."""
    cache.set_many({WORKER_ALIVE: time.time(), READING_ALIVE: time.time()})
    yield
    cache.clear()


def test_health_when_all_is_well(client: Client, alive: None):
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "up",
        "database": "up",
        "broker": "up",
        "worker": "up",
        "reading": "up",
    }


def test_health_of_a_silent_worker(client: Client, alive: None):
    cache.set(WORKER_ALIVE, time.time() - 20)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["worker"] == "down"
    assert response.json()["reading"] == "up"


def test_health_of_stuck_reading(client: Client, alive: None):
    cache.set(READING_ALIVE, time.time() - 100)
    response = client.get("/healthz")
    assert (response.status_code, response.json()["reading"]) == (503, "down")


def test_health_of_reading_that_the_operator_paused(client: Client, alive: None):
    PeriodicTask.objects.filter(task=READING_TASK).update(enabled=False)
    cache.delete(READING_ALIVE)
    response = client.get("/healthz")
    assert (response.status_code, response.json()["reading"]) == (200, "paused")


def test_health_without_a_broker(client: Client, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere/broker.sock",
        }
    }
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["broker"] == "down"
    assert response.json()["database"] == "up"


def test_health_cannot_be_posted_to(client: Client):
    assert client.post("/healthz").status_code == 405


def test_unknown_name_of_this_host_is_explained(client: Client):
    response = client.get("/healthz", headers={"host": "cache.example"})
    assert response.status_code == 400
    assert b"ALLOWED_HOSTS" in response.content


def test_own_pages_run_only_own_scripts(client: Client):
    policy = client.get("/healthz").headers["Content-Security-Policy"]
    assert "script-src 'self';" in f"{policy};"
    assert "unsafe" not in policy


def test_admin_has_what_its_skin_needs(client: Client):
    policy = client.get("/admin/login/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/", "/admin/", "/admin/auth/user/"])
def test_nothing_is_readable_without_signing_in(client: Client, path: str):
    response = client.get(path, follow=True)
    assert response.redirect_chain[-1][0].startswith("/admin/login/")
