"""Settings, and what the first start makes of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django_celery_beat.models import PeriodicTask

from downloads.models import Datasource
from lancache_site.addresses import own_names, urls
from lancache_site.preflight import prepare_datasource
from tests.site.stack import MANAGE, environment

REPOSITORY = MANAGE.parent


def asked(data_dir: Path, expression: str, **values: str) -> str:
    """Evaluate ``expression`` of the settings in a process with these variables."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            f"from lancache_site import settings as s; print({expression})",
        ],
        env=environment(data_dir, **values),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_tests_write_nothing_into_the_tree():
    assert not settings.DATA_DIR.is_relative_to(REPOSITORY)


def test_secret_key_is_made_once_and_is_private(tmp_path: Path):
    first = asked(tmp_path, "s.SECRET_KEY")
    assert len(first) > 50
    assert asked(tmp_path, "s.SECRET_KEY") == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert os.listdir(tmp_path) == ["secret_key"]  # noqa: PTH208


def test_empty_variables_mean_the_defaults(tmp_path: Path):
    empty = dict.fromkeys(("PORT", "HOST", "REDIS_URL", "DATABASE_URL", "TZ"), "")
    found = asked(tmp_path, "(s.PORT, s.HOST, s.EMBEDDED_BROKER, s.TIME_ZONE)", **empty)
    assert found == "(8000, '0.0.0.0', True, 'UTC')"


def test_long_data_dir_gets_a_socket_elsewhere(tmp_path: Path):
    deep = tmp_path / ("d" * 100)
    path = asked(deep, "s.BROKER_SOCKET")
    assert path.startswith(f"/tmp/lancache-{os.getuid()}-")
    assert len(path) < 100


def test_postgres_by_url(tmp_path: Path):
    url = "postgres://lan:p%40ss@db.lan:5433/cache"
    found = asked(tmp_path, "s.DATABASES['default']", DATABASE_URL=url)
    assert "'PASSWORD': 'p@ss'" in found
    assert "'PORT': 5433" in found


def test_allowed_hosts_by_default_are_this_host(tmp_path: Path):
    assert {"localhost", "127.0.0.1"} <= set(own_names())
    found = asked(tmp_path, "s.ALLOWED_HOSTS", ALLOWED_HOSTS="cache.lan,10.0.0.2")
    assert found == "['cache.lan', '10.0.0.2']"


def test_urls():
    assert urls("10.1.2.3", 80) == ["http://10.1.2.3:80/"]
    assert urls("fd00::1", 80) == ["http://[fd00::1]:80/"]
    assert urls("0.0.0.0", 8000)[-1] == "http://localhost:8000/"


@pytest.mark.django_db
def test_log_directory_makes_the_default_datasource(settings):
    for directory in ("/data/logs", "/data/logs", "/srv/logs"):
        settings.LANCACHE_LOG_DIR = directory
        prepare_datasource()
    assert Datasource.objects.get().name == "default"
    assert Datasource.objects.get().log_directory == "/srv/logs"


@pytest.mark.django_db
def test_schedules_are_there():
    tasks = PeriodicTask.objects.filter(task__regex="^(ingest|downloads)")
    assert sorted((t.task, t.interval.every, t.expire_seconds) for t in tasks) == [
        ("downloads.tasks.correlate", 5, 5),
        ("downloads.tasks.fetch_lists", 7, 3600),  # days
        ("downloads.tasks.run_jobs", 1, 1),
        ("ingest.tasks.prune", 3600, 3600),
        ("ingest.tasks.read_new", 1, 1),
    ]
