"""Rows of disks: how they are written."""

from collections.abc import Iterable

from bandwidth.models import DiskSample
from bandwidth.rollup import DiskRow
from bandwidth.upserting import upsert

KEY = ["source_id", "device", "seconds", "at"]
SUMS = ["busy_ms", "read_bytes", "written_bytes"]
LAST = ["size_bytes", "free_bytes"]


def add(rows: Iterable[DiskRow], seconds: int) -> None:
    added = ", ".join(
        # What is null on one side only is known of the other's time.
        [f"{n} = COALESCE(t.{n} + excluded.{n}, t.{n}, excluded.{n})" for n in SUMS]
        + [f"{n} = t.{n} + excluded.{n}" for n in ("covered_ms", "samples")]
        + [f"{n} = excluded.{n}" for n in LAST]
    )
    upsert(
        DiskSample,
        [*KEY, *SUMS, "covered_ms", "samples", *LAST],
        f"({', '.join(KEY)}) DO UPDATE SET {added}",
        [
            (*row.key, seconds, row.at - row.at % seconds, row.busy_ms, row.read,
             row.written, round(row.covered_ms), row.samples, row.size, row.free)
            for row in rows
        ],
    )  # fmt: skip
