"""What Celery runs of ingestion. Threads can't be killed: a task lasts two seconds.

Beat loads this module, too, and can do without what reads logs: see downloads.columns.
"""

import time

from celery import shared_task

from downloads import jobs, pruning
from downloads.clients import traces
from downloads.models import Job
from ingest.traces import forget_addresses

BUDGET = 2.0  # seconds of reading for one datasource and tick
WATCHED = 0.9  # seconds of those until the next tick


@shared_task
def read_new() -> None:
    """Read what is new in the logs of every datasource that is not paused."""
    from ingest import watching

    watching.watch(BUDGET, WATCHED)


@shared_task
def prune() -> None:
    """Forget what its retention has passed."""
    from ingest import passes

    pruning.prune(deadline=time.monotonic() + BUDGET)
    passes.prune_runs()


traces.KEEPERS.append(forget_addresses)


def read_now(job: Job, deadline: float) -> bool:
    from ingest import steps

    return steps.read_now(job, deadline)


def read_again(job: Job, deadline: float) -> bool:
    from ingest import steps

    return steps.read_again(job, deadline)


def forget_datasource(job: Job, deadline: float) -> bool:
    from ingest import steps

    return steps.forget(job, deadline)


jobs.STEPS[Job.Kind.READ_NOW] = read_now
jobs.STEPS[Job.Kind.READ_AGAIN] = read_again
jobs.STEPS[Job.Kind.FORGET_DATASOURCE] = forget_datasource
