"""What Celery runs of downloads; see the modules for what each does."""

import time

from celery import shared_task

from downloads import linking, pruning

BUDGET = 2.0  # seconds


@shared_task
def correlate() -> None:
    linking.correlate(deadline=time.monotonic() + BUDGET)


@shared_task
def prune() -> None:
    pruning.prune(deadline=time.monotonic() + BUDGET)
