"""What the sampler says, as it goes over the websocket; version 1.

    {"v": 1, "type": "sample", "at": epoch seconds, "sources": [{"source", "problem",
     "remark"}], "interfaces": [{"source", "interface", "isUp", "isVirtual",
     "linkBytesPerSecond", "receiveBytesPerSecond", "transmitBytesPerSecond",
     "downloadBytesPerSecond", "uploadBytesPerSecond", "requests", "connections"}]}

Rates are null where no two readings tell any. "Download" is the way to the clients.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from bandwidth.rates import Passed
from bandwidth.sources import Counter

VERSION = 1
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sampled:
    """A counter as just read, and what passed since the reading before it."""

    counter: Counter
    passed: Passed | None


class Told(Protocol):
    name: str
    problem: str
    remark: str
    transmits_to_clients: bool
    sampled: list[Sampled]


def sample_message(at: float, watched: Iterable[Told]) -> Message:
    sources, interfaces = [], []
    for one in watched:
        sources.append(
            {"source": one.name, "problem": one.problem, "remark": one.remark}
        )
        interfaces += [_interface(one, sampled) for sampled in one.sampled]
    return {
        "v": VERSION,
        "type": "sample",
        "at": round(at, 3),
        "sources": sources,
        "interfaces": interfaces,
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
