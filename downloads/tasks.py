"""What Celery runs of downloads; see the modules for what each does."""

import time

from celery import shared_task

from downloads import importing, jobs, linking
from downloads.clients import forgetting, lookups, pseudonyms
from downloads.models import ClientNaming, Job, ListAddress, StreamSession

BUDGET = 2.0  # seconds


@shared_task
def correlate() -> None:
    linking.correlate(deadline=time.monotonic() + BUDGET)


@shared_task
def run_jobs() -> None:
    """Go on with what operators have asked for."""
    jobs.run(time.monotonic() + BUDGET)


@shared_task
def name_clients() -> None:
    """Look up clients' names, if the operator has turned that on."""
    if ClientNaming.current().is_on:
        jobs.ask(Job.Kind.NAME_CLIENTS)


@shared_task
def fetch_lists() -> None:
    """Ask for the lists of names that the operator wants to have."""
    for address in ListAddress.objects.filter(enabled=True):
        importing.ask_for_address(address)


def correlate_again(job: Job, deadline: float) -> bool:
    """Ask every session again: queue all, then wait until none is left."""
    after = job.position.get("after", 0)
    if after is not None:
        reopened, after = linking.reopen_all(after, deadline)
        job.total = (job.total or 0) + reopened
        job.position = {"after": after}
        return False
    linking.correlate(limit=job.total or 1, deadline=deadline)
    left = StreamSession.objects.filter(correlated=False).count()
    job.done = max(0, (job.total or 0) - left)
    job.outcome = f"{job.done:,} sessions were looked at again"
    return not left


jobs.STEPS[Job.Kind.CORRELATE] = correlate_again
jobs.STEPS[Job.Kind.NAME_CLIENTS] = lookups.step
jobs.STEPS[Job.Kind.FORGET_CLIENT] = forgetting.step
jobs.STEPS[Job.Kind.PSEUDONYMISE_CLIENT] = pseudonyms.step
