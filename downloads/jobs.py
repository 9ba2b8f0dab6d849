"""Takes jobs a step at a time: no step may hold a worker for long, as threads can't be
killed, and a step that was killed is taken up again by the next worker.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import Error as DatabaseError
from django.db.models import Q
from django.utils import timezone

from downloads.models import Job

log = logging.getLogger(__name__)
# A step that nobody has ended by then was killed.
PATIENCE = timedelta(seconds=60)
# (job, deadline): does some of it, until about the reading of time.monotonic() that is
# the deadline, and tells whether all is done. It changes done, total, position and
# outcome of the job; they are saved after it. Doing a step twice must do no harm.
Step = Callable[[Job, float], bool]
# Each app's tasks module adds its own: whoever runs jobs has loaded them all.
STEPS: dict[str, Step] = {}


class Failed(Exception):
    """A job can't be done; says why, for the operator."""


def ask(
    kind: Job.Kind,
    target: str = "",
    by: AbstractBaseUser | AnonymousUser | None = None,
    **arguments: Any,
) -> Job:
    """Queue a job; one that is open with the same arguments is returned instead."""
    same = Job.objects.filter(kind=kind, arguments=arguments, state__in=Job.OPEN)
    return same.first() or Job.objects.create(
        kind=kind,
        target=target[:200],
        asked_by_id=by.pk if by else None,
        arguments=arguments,
    )


def stop(job: Job) -> bool:
    """Let no further step be done; return False if it has ended already."""
    return bool(
        Job.objects.filter(pk=job.pk, state__in=Job.OPEN).update(
            state=Job.State.STOPPED, ended_at=timezone.now(), busy_until=None
        )
    )


def run(deadline: float) -> int:
    """Do steps of open jobs, the oldest first, until the deadline; return how many."""
    steps = 0
    while time.monotonic() < deadline and (job := _claimed()):
        steps += 1
        _step(job, deadline)
    return steps


def finish(job: Job, watch: Callable[[Job], object] = lambda job: None) -> Job:
    """Do all of one job here and now, as a command at a shell does.

    ``watch`` is called with the job after each step.
    """
    while job.is_open:
        if not _claim(job):
            time.sleep(0.2)
        else:
            _step(job, time.monotonic() + 1)
        job.refresh_from_db()
        watch(job)
    return job


def _claimed() -> Job | None:
    free = Q(busy_until=None) | Q(busy_until__lt=timezone.now())
    for job in Job.objects.filter(free, state__in=Job.OPEN).order_by("id")[:5]:
        if _claim(job):
            return job
    return None


def _claim(job: Job) -> bool:
    """Take a job in hand, unless another worker was quicker."""
    now = timezone.now()
    taken = Job.objects.filter(
        Q(busy_until=None) | Q(busy_until__lt=now), pk=job.pk, state__in=Job.OPEN
    ).update(
        busy_until=now + PATIENCE,
        state=Job.State.RUNNING,
        started_at=job.started_at or now,
    )
    return bool(taken)


def _step(job: Job, deadline: float) -> None:
    changes: dict[str, Any] = {}
    try:
        if STEPS[job.kind](job, deadline):
            changes = {"state": Job.State.DONE, "ended_at": timezone.now()}
    except DatabaseError:
        raise  # gone or locked for a while: the step is done again later
    except Exception as error:
        if not isinstance(error, Failed):
            log.exception("%s failed", job)
        job.outcome = str(error) or type(error).__name__
        changes = {"state": Job.State.FAILED, "ended_at": timezone.now()}
    # One that was stopped meanwhile stays so.
    Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(
        done=job.done,
        total=job.total,
        position=job.position,
        outcome=job.outcome,
        busy_until=None,
        **changes,
    )
