"""The schedules that the product comes with.

The migrations that first made them keep lists of their own, as history does; a test
holds this one to what they made.
"""

from typing import Any, NamedTuple

from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask


class Schedule(NamedTuple):
    """``expires``: after how many seconds a run that nobody took is forgotten."""

    name: str
    task: str
    every: int
    expires: int
    period: str = IntervalSchedule.SECONDS


DEFAULTS = (
    Schedule("Read what is new", "ingest.tasks.read_new", 1, 1),
    Schedule("Correlate", "downloads.tasks.correlate", 5, 5),
    Schedule("Do what was asked for", "downloads.tasks.run_jobs", 1, 1),
    Schedule("Prune", "ingest.tasks.prune", 3600, 3600),
    Schedule("Look up clients' names", "downloads.tasks.name_clients", 3600, 3600),
    Schedule(
        "Fetch lists of names that are turned on",
        "downloads.tasks.fetch_lists",
        7,
        3600,
        IntervalSchedule.DAYS,
    ),
    Schedule("Prune bandwidth", "bandwidth.tasks.prune", 3600, 3600),
)
NAMES = frozenset(schedule.name for schedule in DEFAULTS)


def put_back() -> list[tuple[PeriodicTask, bool]]:
    """Make the defaults as they came; return those that differed, and if it was made.

    What the operator has added stays as it is.
    """
    changed = []
    with transaction.atomic():
        for default in DEFAULTS:
            task = PeriodicTask.objects.filter(name=default.name).first()
            made = task is None
            task = task or PeriodicTask(name=default.name)
            if _reset(task, default) or made:
                task.save()
                changed.append((task, made))
    return changed


def _reset(task: PeriodicTask, default: Schedule) -> bool:
    """Set what a default says of itself; return whether anything differed."""
    # Several rows may say the same: the database has no rule against it.
    often = {"every": default.every, "period": default.period}
    interval = IntervalSchedule.objects.filter(**often).first()
    interval = interval or IntervalSchedule.objects.create(**often)
    wanted: dict[str, Any] = {
        "task": default.task,
        "interval": interval,
        "expire_seconds": default.expires,
        "enabled": True,
        "one_off": False,
        "args": "[]",
        "kwargs": "{}",
        "headers": "{}",
    }
    absent = ("crontab", "solar", "clocked", "start_time", "expires")
    wanted |= dict.fromkeys((*absent, "queue", "exchange", "routing_key", "priority"))
    # What was never set may be empty instead of null.
    differs = any(
        (getattr(task, key) or None) != (wanted[key] or None) for key in wanted
    )
    for key, value in wanted.items():
        setattr(task, key, value)
    return differs
