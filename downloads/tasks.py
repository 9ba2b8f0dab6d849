"""What Celery runs of downloads; see the modules for what each does."""

import time

from celery import shared_task

from downloads import linking

BUDGET = 2.0  # seconds


@shared_task
def correlate() -> None:
    linking.correlate(deadline=time.monotonic() + BUDGET)
