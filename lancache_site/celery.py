"""The Celery app, and the signs of life that /healthz reads."""

import contextlib
import os
import time
import warnings
from typing import Any

from celery import Celery
from celery.signals import heartbeat_sent, task_postrun, task_prerun, task_success
from django.core.cache import cache
from redis.exceptions import RedisError

from lancache_site import outcomes

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lancache_site.settings")
# They would load every page, 30 MB, into worker and beat, which have none. `up` checks.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
# It warns of pickle, which is not accepted here; in a container root is usual.
warnings.filterwarnings("ignore", message="You're running the worker with superuser")

app = Celery("lancache_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

WORKER_ALIVE = "alive:worker"
READING_ALIVE = "alive:reading"
READING_TASK = "ingest.tasks.read_new"


def note_life(key: str) -> None:
    with contextlib.suppress(RedisError):  # the broker is away: there is no one to tell
        cache.set(key, time.time(), timeout=3600)


@heartbeat_sent.connect
def worker_is_alive(**_: Any) -> None:
    note_life(WORKER_ALIVE)


@task_success.connect
def reading_is_alive(sender: Any, **_: Any) -> None:
    if sender.name == READING_TASK:
        note_life(READING_ALIVE)


task_prerun.connect(outcomes.note_start)
task_postrun.connect(outcomes.note_end)
