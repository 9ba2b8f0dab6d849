"""The one writer of bandwidth: rows of ten seconds, their minutes, and hours' peaks;
of interfaces and of disks."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction

from bandwidth.models import (
    BandwidthPeak,
    BandwidthSample,
    BandwidthSource,
    DiskSample,
)
from bandwidth.rollup import AnyRow, DiskRow, Row

KEY = ["source_id", "interface", "seconds", "at"]
SUMS = ["received_bytes", "transmitted_bytes", "covered_ms", "samples"]
MOST = ["receive_max", "transmit_max"]
DISK_KEY = ["source_id", "device", "seconds", "at"]
DISK_SUMS = ["busy_ms", "read_bytes", "written_bytes"]
DISK_LAST = ["size_bytes", "free_bytes"]
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
            _add_disk_samples(disks, seconds)
        _raise_peaks(interfaces)


def _add_samples(rows: Iterable[Row], seconds: int) -> None:
    added = ", ".join(
        [f"{name} = t.{name} + excluded.{name}" for name in SUMS]
        + [f"{name} = {_greatest(name)}" for name in MOST]
    )
    _upsert(
        BandwidthSample,
        [*KEY, *SUMS, *MOST],
        f"({', '.join(KEY)}) DO UPDATE SET {added}",
        [
            (*row.key, seconds, row.at - row.at % seconds, row.received,
             row.transmitted, round(row.covered_ms), row.samples, row.receive_max,
             row.transmit_max)
            for row in rows
        ],
    )  # fmt: skip


def _add_disk_samples(rows: Iterable[DiskRow], seconds: int) -> None:
    added = ", ".join(
        # What is null on one side only is known of the other's time.
        [
            f"{n} = COALESCE(t.{n} + excluded.{n}, t.{n}, excluded.{n})"
            for n in DISK_SUMS
        ]
        + [f"{n} = t.{n} + excluded.{n}" for n in ("covered_ms", "samples")]
        + [f"{n} = excluded.{n}" for n in DISK_LAST]
    )
    _upsert(
        DiskSample,
        [*DISK_KEY, *DISK_SUMS, "covered_ms", "samples", *DISK_LAST],
        f"({', '.join(DISK_KEY)}) DO UPDATE SET {added}",
        [
            (*row.key, seconds, row.at - row.at % seconds, row.busy_ms, row.read,
             row.written, round(row.covered_ms), row.samples, row.size, row.free)
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
    _upsert(
        BandwidthPeak,
        [*names, "peaked_at"],
        f"({', '.join(names[:4])}) DO UPDATE SET"
        " bytes_per_second = excluded.bytes_per_second, peaked_at = excluded.peaked_at"
        " WHERE excluded.bytes_per_second > t.bytes_per_second",
        peaks,
    )


def _greatest(name: str) -> str:
    function = "GREATEST" if connection.vendor == "postgresql" else "MAX"
    return f"{function}(t.{name}, excluded.{name})"


def _upsert(
    model: type[models.Model],
    names: Sequence[str],
    conflict: str,
    rows: list[tuple[Any, ...]],
) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    places = ", ".join(["%s"] * len(names))
    # In the order of the key, so that two writers never wait for each other.
    ordered = sorted(rows, key=lambda row: row[:4])
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} AS t ({', '.join(names)}) VALUES ({places})"
            f" ON CONFLICT {conflict}",
            ordered,
        )


def prune(deadline: float) -> int:
    """Forget rows that their retention has passed; return how many.

    ``deadline`` is a reading of time.monotonic(); what it leaves, the next call takes.
    """
    now, pruned = int(time.time()), 0
    kept = (
        (BandwidthSample.TEN_SECONDS, settings.TEN_SECONDS_RETENTION_HOURS * 3600),
        (BandwidthSample.MINUTE, settings.MINUTE_RETENTION_DAYS * 86400),
    )
    for model in (BandwidthSample, DiskSample):
        for seconds, span in kept:
            old = model._default_manager.filter(seconds=seconds, at__lt=now - span)
            while span and time.monotonic() < deadline:
                some = list(old.order_by("at").values_list("pk", flat=True)[:CHUNK])
                if not some:
                    break
                pruned += model._default_manager.filter(pk__in=some).delete()[0]
    return pruned
