"""Forgets what its retention has passed, a bounded number of rows at a time."""

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction

from downloads import bulk
from downloads.clock import bucket_horizon
from downloads.models import Burst, Datasource, Download, StreamSession, TrafficBucket

CHUNK = 5000


def prune(deadline: float | None = None) -> int:
    """Delete what is too old by each datasource's own clock; return how many rows.

    Bursts, downloads and quarters stay unless a setting says otherwise. ``deadline``
    is a reading of time.monotonic(); what it leaves, the next call takes.
    """
    pruned = 0
    for source in Datasource.objects.all():
        clock = bulk.moment(min(source.newest_stamp, time.time()))
        old: list[models.QuerySet[Any, Any]] = [
            TrafficBucket.objects.filter(
                datasource=source, at__lt=bucket_horizon(source.newest_stamp)
            ).order_by("at")
        ]
        if days := settings.SESSION_RETENTION_DAYS:
            before = clock - timedelta(days=days)
            sessions = StreamSession.objects.filter(datasource=source)
            old.append(sessions.filter(ended_at__lt=before).order_by("ended_at"))
        if days := settings.DOWNLOAD_RETENTION_DAYS:
            before = clock - timedelta(days=days)
            downloads = Download.objects.filter(datasource=source)
            old.append(downloads.filter(ended_at__lt=before).order_by("ended_at"))
        for rows in old:
            pruned += _delete(source, rows, deadline)
    return pruned


def _delete(
    source: Datasource, rows: "models.QuerySet[Any, Any]", deadline: float | None
) -> int:
    deleted = 0
    while deadline is None or time.monotonic() < deadline:
        some = list(rows.values_list("pk", flat=True)[:CHUNK])
        if not some:
            break
        with transaction.atomic():
            if rows.model is Download:
                _delete_bursts(source, some)
            rows.model._default_manager.filter(pk__in=some).delete()
        deleted += len(some)
    return deleted


def _delete_bursts(source: Datasource, downloads: list[int]) -> None:
    """They would only become the same downloads again.

    Nobody records, groups or links any of them meanwhile; see there for the order.
    """
    sources = Datasource.objects.select_for_update(no_key=True).filter(pk=source.pk)
    list(sources.values_list("pk"))
    held = Download.objects.select_for_update().filter(pk__in=downloads)
    list(held.order_by("pk").values_list("pk"))
    Burst.objects.filter(download__in=downloads).delete()
