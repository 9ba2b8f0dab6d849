"""Where counters are read: one file a kind of source, all of the same small shape.

A source has ``async read() -> Reading`` that asks once, and raises SourceProblem with
one line for the operator. What it reads are counters: rates are made of two readings,
elsewhere, so that a source knows no time and no history.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Counter:
    """What an interface, a container or a zone has carried since it began to count.

    ``received`` and ``transmitted`` are bytes as the machine or container itself sees
    them; both null where a source counts no bytes (nginx's stub_status).
    """

    name: str
    received: int | None = None
    transmitted: int | None = None
    link_bytes_per_second: int | None = None
    is_up: bool = True
    is_virtual: bool = False
    requests: int | None = None
    connections: int | None = None  # open now: no counter

    def to_clients(self, transmits: bool) -> int:
        """Return the bytes of the way to the clients; 0 where none are counted."""
        return (self.transmitted if transmits else self.received) or 0


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk under a directory: what it has done since it began to count, and space.

    ``busy_ms`` are the milliseconds in which it had anything to do. Those and the bytes
    are null where nothing counts them; then ``device`` may be empty, and the reading's
    remark says why.
    """

    path: str
    device: str
    size: int
    free: int
    busy_ms: int | None = None
    read: int | None = None
    written: int | None = None


class Connection(NamedTuple):
    """A TCP connection of a client's, as the kernel of the cache counts it.

    Times of ``_us`` add up over its life: how long there was anything to send, and how
    much of that the receiver's window or the size of the send buffer was what stopped
    it (Linux' tcp_info: busy_time, rwnd_limited, sndbuf_limited).
    """

    cookie: int  # the kernel's name for it, never given twice
    client: str
    port: int  # the cache's
    is_open: bool
    bytes_acked: int
    bytes_received: int
    delivery_bytes_per_second: int  # as measured last, 0 before that
    round_trip_us: int
    segments_sent: int  # with data; 32 bits, as the next
    segments_retransmitted: int
    busy_us: int
    receiver_limited_us: int
    send_buffer_limited_us: int
    silent_ms: int  # since it was last sent any data, or since it began
    is_awaited: bool  # the client spoke last: it waits for the cache


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one question was answered with. ``remark``: what to tell beside it.

    ``connections`` is None of a source that knows none, which is not "none".
    """

    counters: list[Counter] = field(default_factory=list)
    remark: str = ""
    disks: list[Disk] = field(default_factory=list)
    connections: list[Connection] | None = None


class SourceProblem(Exception):
    """Nothing was read; says why, in one line."""


class Source(ABC):
    @abstractmethod
    async def read(self) -> Reading:
        """Ask once. Raises SourceProblem."""

    async def rivals(self) -> list[Counter]:
        """Return what it does not read but could: physical interfaces of this host."""
        return []

    async def close(self) -> None:  # noqa: B027 most hold nothing
        """Let go of what is held open between questions."""
