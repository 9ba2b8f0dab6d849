"""What Celery runs of bandwidth."""

import time

from celery import shared_task

from bandwidth import storing

BUDGET = 2.0  # seconds


@shared_task
def prune() -> None:
    """Forget samples that their retention has passed."""
    storing.prune(time.monotonic() + BUDGET)
