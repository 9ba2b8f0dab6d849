"""What Celery runs of ingestion. Threads can't be killed: a task lasts two seconds.

Beat loads this module, too, and can do without what reads logs: see downloads.columns.
"""

import time

from celery import shared_task

from downloads import pruning
from downloads.clients import traces
from ingest.traces import forget_addresses

BUDGET = 2.0  # seconds of reading for one datasource and tick


@shared_task
def read_new() -> None:
    """Read what is new in the logs of every datasource that is not paused."""
    from ingest import passes

    passes.tick(BUDGET)


@shared_task
def prune() -> None:
    """Forget what its retention has passed."""
    from ingest import passes

    pruning.prune(deadline=time.monotonic() + BUDGET)
    passes.prune_runs()


traces.KEEPERS.append(forget_addresses)
