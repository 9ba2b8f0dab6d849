"""The one writer of bandwidth: rows of ten seconds and minutes of interfaces and disks,
rows of ten seconds by client, and hours' peaks."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from bandwidth import client_samples, disk_samples
from bandwidth.models import (
    BandwidthPeak,
    BandwidthSample,
    BandwidthSource,
    ClientSample,
    DiskSample,
)
from bandwidth.rollup import AnyRow, ClientRow, DiskRow, Row
from bandwidth.upserting import added, upsert

KEY = ["source_id", "interface", "seconds", "at"]
SUMS = ["received_bytes", "transmitted_bytes", "covered_ms", "samples"]
MOST = ["receive_max", "transmit_max"]
CHUNK = 5000
Direction = BandwidthSource.Direction


def store(rows: Sequence[AnyRow]) -> None:
    """Add ``rows`` to what is there, in one transaction: all of them, or none."""
    if not rows:
        return
    interfaces = [row for row in rows if isinstance(row, Row)]
    disks = [row for row in rows if isinstance(row, DiskRow)]
    with transaction.atomic():
        for seconds in (BandwidthSample.TEN_SECONDS, BandwidthSample.MINUTE):
            _add_samples(interfaces, seconds)
            disk_samples.add(disks, seconds)
        _raise_peaks(interfaces)
        client_samples.add([row for row in rows if isinstance(row, ClientRow)])


def _add_samples(rows: Iterable[Row], seconds: int) -> None:
    upsert(
        BandwidthSample,
        [*KEY, *SUMS, *MOST],
        f"({', '.join(KEY)}) DO UPDATE SET {', '.join(added(SUMS, MOST))}",
        [
            (*row.key, seconds, row.at - row.at % seconds, row.received,
             row.transmitted, round(row.covered_ms), row.samples, row.receive_max,
             row.transmit_max)
            for row in rows
        ],
    )  # fmt: skip


def _raise_peaks(rows: Iterable[Row]) -> None:
    names = ["source_id", "interface", "direction", "at", "bytes_per_second"]
    peaks = []
    for row in rows:
        hour = row.at - row.at % BandwidthPeak.HOUR
        for direction, speed, at in (
            (Direction.RECEIVE, row.receive_max, row.receive_max_at),
            (Direction.TRANSMIT, row.transmit_max, row.transmit_max_at),
        ):
            if speed:
                peaks.append((*row.key, direction.value, hour, speed, at))
    upsert(
        BandwidthPeak,
        [*names, "peaked_at"],
        f"({', '.join(names[:4])}) DO UPDATE SET"
        " bytes_per_second = excluded.bytes_per_second, peaked_at = excluded.peaked_at"
        " WHERE excluded.bytes_per_second > t.bytes_per_second",
        peaks,
    )


def prune(deadline: float) -> int:
    """Forget rows that their retention has passed; return how many.

    ``deadline`` is a reading of time.monotonic(); what it leaves, the next call takes.
    """
    now, pruned = int(time.time()), 0
    # Null is for good.
    ten = settings.TEN_SECONDS_RETENTION_HOURS * 3600 or None
    minute = settings.MINUTE_RETENTION_DAYS * 86400 or None
    spans = ((BandwidthSample.TEN_SECONDS, ten), (BandwidthSample.MINUTE, minute))
    samples: list[tuple[QuerySet[Any], int | None]] = [
        (model._default_manager.filter(seconds=seconds), kept)
        for model in (BandwidthSample, DiskSample)
        for seconds, kept in spans
    ]
    detail = settings.BUCKET_RETENTION_DAYS * 86400
    for rows, kept in [*samples, (ClientSample.objects.all(), detail)]:
        if kept is None:
            continue
        old = rows.filter(at__lt=now - kept).order_by("at")
        while time.monotonic() < deadline:
            some = list(old.values_list("pk", flat=True)[:CHUNK])
            if not some:
                break
            pruned += rows.model._default_manager.filter(pk__in=some).delete()[0]
    return pruned
