"""What the sampler says, as it goes over the websocket; version 1.

    {"v": 1, "type": "sample", "at": epoch seconds, "sources": [{"source", "problem",
     "remark"}], "interfaces": [{"source", "interface", "isUp", "isVirtual",
     "linkBytesPerSecond", "receiveBytesPerSecond", "transmitBytesPerSecond",
     "downloadBytesPerSecond", "uploadBytesPerSecond", "requests", "connections"}],
     "disks": [{"source", "path", "device", "busyShare", "readBytesPerSecond",
     "writtenBytesPerSecond", "sizeBytes", "freeBytes"}],
     "hints": [{"text", "source", "interface", "url"}]}

Rates are null where no two readings tell any. "Download" is the way to the clients. A
busyShare is 0 to 1; where a disk has no figures, its source's remark says why. A hint's
url is where in the admin its interface can be chosen.

    {"v": 1, "type": "sockets", "at": epoch seconds, "more": how many are not shown,
     "clients": [{"client", "connections", "tlsConnections", "bytesPerSecond",
     "roundTripMs", "retransmitShare", "receiverLimitedShare", "sendBufferLimitedShare",
     "limit": "client", "cache", "network" or null, "silentSeconds"}]}

Clients with connections open now, the fastest first; while there are any, and once when
there are none any more. "client" is an address or a pseudonym; hidden ones are left
out. The least round trip and the shares are of the last ten readings; shares of what
was sent, and of the time in which there was data to send; null where there was none.
For "limit" see bandwidth.connections. "silentSeconds": since the client last received
anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from bandwidth.connections import Client, Served, limit
from bandwidth.rates import DiskPassed, Passed
from bandwidth.sources import Counter, Disk

VERSION = 1
MOST_CLIENTS = 50
# Not by reverse(): that would load every page into the sampler. A test holds it to it.
WATCH_INSTEAD = "/admin/bandwidth/bandwidthsource/{}/watch-instead/?{}"
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sampled:
    """A counter as just read, and what passed since the reading before it."""

    counter: Counter
    passed: Passed | None


@dataclass(frozen=True, slots=True)
class SampledDisk:
    disk: Disk
    passed: DiskPassed | None


class Told(Protocol):
    pk: int
    name: str
    problem: str
    remark: str
    transmits_to_clients: bool
    sampled: list[Sampled]
    disks: list[SampledDisk]
    busier: str  # an interface that it could watch instead, or ""


def sample_message(at: float, watched: Iterable[Told]) -> Message:
    sources, interfaces, disks, hints = [], [], [], []
    for one in watched:
        sources.append(
            {"source": one.name, "problem": one.problem, "remark": one.remark}
        )
        interfaces += [_interface(one, sampled) for sampled in one.sampled]
        disks += [_disk(one, sampled) for sampled in one.disks]
        if one.busier:
            hints.append(_hint(one))
    return {
        "v": VERSION,
        "type": "sample",
        "at": round(at, 3),
        "sources": sources,
        "interfaces": interfaces,
        "disks": disks,
        "hints": hints,
    }


def _interface(one: Told, sampled: Sampled) -> dict[str, Any]:
    counter, between = sampled.counter, sampled.passed
    receive = between.receive_bytes_per_second if between else None
    transmit = between.transmit_bytes_per_second if between else None
    ways = (transmit, receive) if one.transmits_to_clients else (receive, transmit)
    return {
        "source": one.name,
        "interface": counter.name,
        "isUp": counter.is_up,
        "isVirtual": counter.is_virtual,
        "linkBytesPerSecond": counter.link_bytes_per_second,
        "receiveBytesPerSecond": receive,
        "transmitBytesPerSecond": transmit,
        "downloadBytesPerSecond": ways[0],
        "uploadBytesPerSecond": ways[1],
        "requests": counter.requests,
        "connections": counter.connections,
    }


def _disk(one: Told, sampled: SampledDisk) -> dict[str, Any]:
    disk, between = sampled.disk, sampled.passed
    return {
        "source": one.name,
        "path": disk.path,
        "device": disk.device,
        "busyShare": between.busy_share if between else None,
        "readBytesPerSecond": between.read_bytes_per_second if between else None,
        "writtenBytesPerSecond": between.written_bytes_per_second if between else None,
        "sizeBytes": disk.size,
        "freeBytes": disk.free,
    }


def _hint(one: Told) -> dict[str, Any]:
    return {
        "text": f"{one.busier} has carried more to the clients than what {one.name}"
        " watches, for 5 minutes",
        "source": one.name,
        "interface": one.busier,
        "url": WATCH_INSTEAD.format(one.pk, urlencode({"interface": one.busier})),
    }


def sockets_message(at: float, now_ns: int, clients: Mapping[str, Client]) -> Message:
    """``clients``: by what they are to be called."""
    fastest = sorted(
        clients.items(), key=lambda one: (-(one[1].bytes_per_second or 0), one[0])
    )
    return {
        "v": VERSION,
        "type": "sockets",
        "at": round(at, 3),
        "clients": [_client(*one, now_ns) for one in fastest[:MOST_CLIENTS]],
        "more": max(0, len(fastest) - MOST_CLIENTS),
    }


def _client(name: str, client: Client, now_ns: int) -> dict[str, Any]:
    lately = Served()
    for served in client.lately:
        lately.add(served)
    trip = lately.round_trip_us
    return {
        "client": name,
        "connections": client.connections,
        "tlsConnections": client.tls_connections,
        "bytesPerSecond": client.bytes_per_second,
        "roundTripMs": None if trip is None else trip / 1000,
        "retransmitShare": _share(lately.segments_retransmitted, lately.segments_sent),
        "receiverLimitedShare": _share(lately.receiver_limited_ms, lately.busy_ms),
        "sendBufferLimitedShare": _share(lately.send_buffer_limited_ms, lately.busy_ms),
        "limit": limit(lately),
        "silentSeconds": round((now_ns - client.silent_since_ns) / 1e9, 1),
    }


def _share(part: float, whole: float) -> float | None:
    return round(min(1.0, part / whole), 4) if whole else None
