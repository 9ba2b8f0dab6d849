"""The steps of jobs on a datasource, which any worker can go on with."""

import time

from downloads import jobs, quantities
from downloads.models import Datasource, Job, Logs
from ingest import files, forgetting, passes
from ingest.understanding import Totals


def read_now(job: Job, deadline: float) -> bool:
    return _read(job, _source(job), deadline)


def read_again(job: Job, deadline: float) -> bool:
    """Forget what was read, then read what is on disk."""
    source, logs = _source(job), Logs(job.arguments["logs"])
    if not job.position.get("forgotten"):
        if _forget(job, source, deadline):
            forgetting.finish(source.pk, logs, again=True)
            files.forget(source)
            job.position, job.done, job.total = {"forgotten": True}, 0, None
        return False
    return _read(job, source, deadline)


def forget(job: Job, deadline: float) -> bool:
    """Forget what was read, and what follows it is read; or all, and itself."""
    removes = bool(job.arguments.get("remove"))
    if removes and not Datasource.objects.filter(pk=job.arguments["datasource"]):
        return True  # killed after the last of it
    source, logs = _source(job), Logs(job.arguments["logs"])
    if not _forget(job, source, deadline):
        return False
    if removes:
        forgetting.remove(source.pk)
        job.outcome = "It is deleted, and so is its data."
    else:
        forgetting.finish(source.pk, logs, again=False)
        job.outcome = "Its data is forgotten. What is logged from now on is read."
    return True


def _source(job: Job) -> Datasource:
    source = Datasource.objects.filter(pk=job.arguments["datasource"]).first()
    if source is None:
        raise jobs.Failed("The datasource is gone.")
    return source


def _forget(job: Job, source: Datasource, deadline: float) -> bool:
    """Forget some more; return whether all is forgotten."""
    logs = Logs(job.arguments["logs"])
    tables = forgetting.tables(logs, bool(job.arguments.get("remove")))
    if not job.position:
        forgetting.begin(source.pk, logs)
        job.total = forgetting.total(tables)
        job.position = {"table": 0, "after": 0, "passed": 0}
    job.outcome = "Forgetting what was read. Reading rests meanwhile."
    try:
        done = forgetting.go_on(source.pk, logs, tables, job.position, deadline)
    except forgetting.Interrupted:
        return True
    job.done = min(job.position["passed"], job.total or 0)
    return done


def _read(job: Job, source: Datasource, deadline: float) -> bool:
    """Read some more; return whether nothing is left. Raises jobs.Failed."""
    if source.forgetting:
        raise jobs.Failed("Its data is forgotten in part: read it again, or forget it.")
    with passes.alone(source) as free:
        if not free:
            time.sleep(0.1)  # whoever reads it does no more than two seconds
            return False
        before = {"lines": job.position.get("lines", 0), "bytes": job.done}

        def show(totals: Totals, left: int | None) -> None:
            before["lines"] += totals.lines
            before["bytes"] += totals.bytes
            job.total = None if left is None else before["bytes"] + left

        files.look_again(source)
        done = passes.run(
            source,
            budget=max(0.0, deadline - time.monotonic()),
            progress=show,
            logs=Logs(job.arguments["logs"]),
        )
    job.position = job.position | {"lines": before["lines"]}
    job.done = before["bytes"]
    job.outcome = f"Read {before['lines']:,} lines, {quantities.size(job.done)}."
    if done.errors and not done.totals.bytes:
        raise jobs.Failed("\n".join([job.outcome, *done.errors]))
    return done.finished
