"""The one writer of bandwidth: rows of ten seconds, their minutes, and hours' peaks;
and rows of ten seconds by client."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction

from bandwidth.clients import called
from bandwidth.models import (
    BandwidthPeak,
    BandwidthSample,
    BandwidthSource,
    ClientSample,
)
from bandwidth.rollup import OTHERS, ClientRow, Row

KEY = ["source_id", "interface", "seconds", "at"]
SUMS = ["received_bytes", "transmitted_bytes", "covered_ms", "samples"]
MOST = ["receive_max", "transmit_max"]
CLIENT_KEY = ["client", "at", "source_id"]
CLIENT_SUMS = [
    "bytes", "active_ms", "busy_ms", "receiver_limited_ms", "send_buffer_limited_ms",
    "starved_ms", "segments_sent", "segments_retransmitted",
]  # fmt: skip
CLIENT_MOST = ["clients", "connections", "tls_connections", "delivery_max"]
CHUNK = 5000
Direction = BandwidthSource.Direction


def store(rows: Sequence[Row | ClientRow]) -> None:
    """Add ``rows`` to what is there, in one transaction: all of them, or none."""
    if not rows:
        return
    samples = [row for row in rows if isinstance(row, Row)]
    with transaction.atomic():
        _add_samples(samples, BandwidthSample.TEN_SECONDS)
        _add_samples(samples, BandwidthSample.MINUTE)
        _raise_peaks(samples)
        _add_clients([row for row in rows if isinstance(row, ClientRow)])


def _add_samples(rows: Iterable[Row], seconds: int) -> None:
    _upsert(
        BandwidthSample,
        [*KEY, *SUMS, *MOST],
        f"({', '.join(KEY)}) DO UPDATE SET {', '.join(_added(SUMS, MOST))}",
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
    _upsert(
        BandwidthPeak,
        [*names, "peaked_at"],
        f"({', '.join(names[:4])}) DO UPDATE SET"
        " bytes_per_second = excluded.bytes_per_second, peaked_at = excluded.peaked_at"
        " WHERE excluded.bytes_per_second > t.bytes_per_second",
        peaks,
    )


def _add_clients(rows: Sequence[ClientRow]) -> None:
    """Who has got a pseudonym meanwhile is written under that."""
    names = called({row.client for row in rows if row.client != OTHERS})
    added = _added(CLIENT_SUMS, CLIENT_MOST)
    least = _of_both("LEAST", "MIN", "round_trip_us")
    # SQLite's MIN of a null is null, PostgreSQL's LEAST is not.
    added.append(
        f"round_trip_us = COALESCE({least}, t.round_trip_us, excluded.round_trip_us)"
    )
    values = []
    for row in rows:
        name = names[row.client].name if row.client in names else row.client
        served = row.served
        values.append(
            (name, row.at, row.source, served.bytes, round(served.active_ms),
             round(served.busy_ms), round(served.receiver_limited_ms),
             round(served.send_buffer_limited_ms), round(served.starved_ms),
             served.segments_sent, served.segments_retransmitted, row.clients,
             served.connections, served.tls_connections,
             served.delivery_bytes_per_second, served.round_trip_us)
        )  # fmt: skip
    _upsert(
        ClientSample,
        [*CLIENT_KEY, *CLIENT_SUMS, *CLIENT_MOST, "round_trip_us"],
        f"({', '.join(CLIENT_KEY)}) DO UPDATE SET {', '.join(added)}",
        values,
    )


def _added(sums: Iterable[str], most: Iterable[str]) -> list[str]:
    return [
        *[f"{name} = t.{name} + excluded.{name}" for name in sums],
        *[f"{name} = {_of_both('GREATEST', 'MAX', name)}" for name in most],
    ]


def _of_both(postgresql: str, sqlite: str, name: str) -> str:
    function = postgresql if connection.vendor == "postgresql" else sqlite
    return f"{function}(t.{name}, excluded.{name})"


def _upsert(
    model: type[models.Model],
    names: Sequence[str],
    conflict: str,
    rows: Sequence[tuple[Any, ...]],
) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    places = ", ".join(["%s"] * len(names))
    with connection.cursor() as cursor:
        # In the order of the key, so that two writers never wait for each other.
        cursor.executemany(
            f"INSERT INTO {table} AS t ({', '.join(names)}) VALUES ({places})"
            f" ON CONFLICT {conflict}",
            sorted(rows),
        )


def forget_clients(names: Collection[str], most: int) -> int:
    """Forget up to ``most`` rows of these clients; return how many went."""
    rows = ClientSample.objects.filter(client__in=names).values_list("pk", flat=True)
    return _delete(ClientSample, list(rows[:most]))


def rename_clients(names: Mapping[str, str]) -> None:
    """Call clients by another name, that no client has had: address -> name."""
    for address, name in names.items():
        ClientSample.objects.filter(client=address).update(client=name)


def prune(deadline: float) -> int:
    """Forget rows that their retention has passed; return how many.

    ``deadline`` is a reading of time.monotonic(); what it leaves, the next call takes.
    """
    now, pruned = int(time.time()), 0
    samples = BandwidthSample.objects
    kept: list[tuple[models.QuerySet[Any], int | None]] = [
        (
            samples.filter(seconds=BandwidthSample.TEN_SECONDS),
            settings.TEN_SECONDS_RETENTION_HOURS * 3600 or None,
        ),
        (
            samples.filter(seconds=BandwidthSample.MINUTE),
            settings.MINUTE_RETENTION_DAYS * 86400 or None,
        ),
        (ClientSample.objects.all(), settings.BUCKET_RETENTION_DAYS * 86400),
    ]
    for rows, span in kept:
        if span is None:
            continue  # for good
        old = rows.filter(at__lt=now - span).order_by("at")
        while time.monotonic() < deadline:
            some = list(old.values_list("pk", flat=True)[:CHUNK])
            if not some:
                break
            pruned += _delete(rows.model, some)
    return pruned


def _delete(model: type[models.Model], keys: Sequence[int]) -> int:
    return model._default_manager.filter(pk__in=keys).delete()[0]
