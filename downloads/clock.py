"""A datasource's own clock: the newest time that its logs have shown."""

import time
from datetime import timedelta

from django.conf import settings

from downloads.models import Datasource, TrafficBucket


def advance(datasource: Datasource, stamp: int) -> None:
    """Move the datasource's own clock on: the newest time that its logs have shown."""
    if stamp > datasource.newest_stamp:
        Datasource.objects.filter(pk=datasource.pk, newest_stamp__lt=stamp).update(
            newest_stamp=stamp
        )
        datasource.newest_stamp = stamp


def bucket_horizon(newest_stamp: int) -> int:
    """Return the second before which buckets are not kept, by the log's own clock.

    A stamp in the future does not throw away the present.
    """
    clock = min(newest_stamp, int(time.time()))
    kept = timedelta(days=settings.BUCKET_RETENTION_DAYS)
    horizon = clock - int(kept.total_seconds())
    return horizon - horizon % TrafficBucket.SECONDS
