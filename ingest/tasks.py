"""What Celery runs of ingestion. Threads can't be killed: a task lasts two seconds."""

from celery import shared_task

from ingest import passes

BUDGET = 2.0  # seconds of reading for one datasource and tick


@shared_task
def read_new() -> None:
    """Read what is new in the logs of every datasource that is not paused."""
    passes.tick(BUDGET)
