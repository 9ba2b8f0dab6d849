"""What an operator may ask of a datasource: jobs, which ingest.steps does."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from downloads import jobs
from downloads.models import Datasource, Job, Logs

# Of these one at a time is done to a datasource.
KINDS = (Job.Kind.READ_NOW, Job.Kind.READ_AGAIN, Job.Kind.FORGET_DATASOURCE)


class Busy(Exception):
    """Another job is at work on the datasource."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"{job}: is under way already.")
        self.job = job


def ask(
    kind: Job.Kind,
    source: Datasource,
    logs: Logs = Logs.BOTH,
    by: AbstractBaseUser | None = None,
    remove: bool = False,
) -> Job:
    """Queue a job on ``source``; ``remove``: forget the datasource itself, too.

    Raises Busy if another one is open.
    """
    with transaction.atomic():
        held = Datasource.objects.select_for_update(no_key=True).filter(pk=source.pk)
        list(held.values_list("pk"))
        if job := under_way(source):
            raise Busy(job)
        target = source.name if logs is Logs.BOTH else f"{source.name}, {logs.label}"
        arguments = {"datasource": source.pk, "logs": logs.value}
        if remove:
            arguments["remove"] = True
        return jobs.ask(kind, target, by, **arguments)


def prefer(source: Datasource, series: str, by: AbstractBaseUser | None) -> Job:
    """Read ``series`` instead of those that tell the same traffic. Raises Busy.

    From its start: what was read of the others would be told twice.
    """
    with transaction.atomic():
        job = ask(Job.Kind.READ_AGAIN, source, Logs.ACCESS, by)
        Datasource.objects.filter(pk=source.pk).update(preferred_series=series)
        return job


def under_way(source: Datasource) -> Job | None:
    """Return the job that is at work on ``source``, or waits to be."""
    return Job.objects.filter(
        kind__in=KINDS, state__in=Job.OPEN, arguments__datasource=source.pk
    ).first()


def all_under_way() -> dict[int, Job]:
    """Return the jobs that are at work on datasources, by the latter's keys."""
    open_ = Job.objects.filter(kind__in=KINDS, state__in=Job.OPEN)
    return {job.arguments["datasource"]: job for job in open_}
