"""Forgets clients with all their data, so many rows at a time.

What Prometheus has counted stays counted: it knows no clients. A line that is read
later makes its client anew.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from bandwidth import client_samples
from downloads.clients import traces
from downloads.models import (
    Burst,
    Client,
    Datasource,
    Download,
    Job,
    StreamSession,
    TrafficBucket,
    TrafficQuarter,
)

SOME = 100  # clients
CHUNK = 2000  # rows


def step(job: Job, deadline: float) -> bool:
    """Forget the clients of a job; see downloads.jobs.Step."""
    ids = job.arguments["clients"]
    job.total = len(ids)
    rows = job.position.get("rows", 0)
    while job.done < len(ids):
        some = ids[job.done : job.done + SOME]
        for deleted in _emptied(some):
            rows += deleted
            job.position = {"rows": rows}
            if time.monotonic() >= deadline:
                return False
        _drop(some)
        job.done += len(some)
        job.outcome = f"{job.done:,} clients and {rows:,} rows of theirs are forgotten."
    return True


def _emptied(ids: Sequence[int]) -> Iterator[int]:
    """Delete what these clients have, yielding how many rows after each chunk."""
    # Bursts before downloads, which they would otherwise become again.
    for model in (StreamSession, TrafficBucket, TrafficQuarter, Burst, Download):
        rows: QuerySet[Any] = model._default_manager.filter(client__in=ids)
        while some := list(rows.values_list("pk", flat=True)[:CHUNK]):
            with transaction.atomic():
                _lock()
                model._default_manager.filter(pk__in=some).delete()
            yield len(some)
    addresses = list(
        Client.objects.filter(pk__in=ids).values_list("address", flat=True)
    )
    while deleted := client_samples.forget(addresses, CHUNK):
        yield deleted


def _drop(ids: Sequence[int]) -> None:
    """Delete the clients, and the little that has come for them meanwhile."""
    with transaction.atomic():
        _lock()
        clients = Client.objects.filter(pk__in=ids)
        traces.remove(ids, set(clients.values_list("address", flat=True)))
        clients.delete()


def _lock() -> None:
    """Let nobody record or group meanwhile: each of them locks its datasource."""
    sources = Datasource.objects.select_for_update(no_key=True).order_by("pk")
    list(sources.values_list("pk"))
