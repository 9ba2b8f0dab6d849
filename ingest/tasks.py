"""What Celery runs of ingestion. Threads can't be killed: a task lasts two seconds."""

import time

from celery import shared_task

from downloads import pruning
from ingest import passes

BUDGET = 2.0  # seconds of reading for one datasource and tick


@shared_task
def read_new() -> None:
    """Read what is new in the logs of every datasource that is not paused."""
    passes.tick(BUDGET)


@shared_task
def prune() -> None:
    """Forget what its retention has passed."""
    pruning.prune(deadline=time.monotonic() + BUDGET)
    passes.prune_runs()
