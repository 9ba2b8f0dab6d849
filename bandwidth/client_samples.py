"""Rows of clients' connections: how they are written, renamed and forgotten."""

from collections.abc import Collection, Mapping, Sequence

from bandwidth.clients import called
from bandwidth.models import ClientSample
from bandwidth.rollup import OTHERS, ClientRow
from bandwidth.upserting import added, of_both, upsert

KEY = ["client", "at", "source_id"]
SUMS = [
    "bytes", "active_ms", "busy_ms", "receiver_limited_ms", "send_buffer_limited_ms",
    "starved_ms", "segments_sent", "segments_retransmitted",
]  # fmt: skip
MOST = ["clients", "connections", "tls_connections", "delivery_max"]


def add(rows: Sequence[ClientRow]) -> None:
    """Who has got a pseudonym meanwhile is written under that."""
    names = called({row.client for row in rows if row.client != OTHERS})
    sets = added(SUMS, MOST)
    least = of_both("LEAST", "MIN", "round_trip_us")
    # SQLite's MIN of a null is null, PostgreSQL's LEAST is not.
    sets.append(
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
    upsert(
        ClientSample,
        [*KEY, *SUMS, *MOST, "round_trip_us"],
        f"({', '.join(KEY)}) DO UPDATE SET {', '.join(sets)}",
        values,
    )


def forget(names: Collection[str], most: int) -> int:
    """Forget up to ``most`` rows of these clients; return how many went."""
    rows = ClientSample.objects.filter(client__in=names).values_list("pk", flat=True)
    gone = ClientSample.objects.filter(pk__in=list(rows[:most]))
    return gone.delete()[0]


def rename(names: Mapping[str, str]) -> None:
    """Call clients by another name, that no client has had: address -> name."""
    for address, name in names.items():
        ClientSample.objects.filter(client=address).update(client=name)
