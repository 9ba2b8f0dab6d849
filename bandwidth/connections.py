"""Two readings of connections to what was served by client, and what limited it. Pure.

What limits a client is told by the kernel's own clocks (tcp_info, since Linux 4.10).
While there is data to send, a connection is busy; of that time it is "rwnd limited"
while the client's window is full, and "sndbuf limited" while more could be under way
than the cache's send buffer holds. Neither: the network is what it waits for, be it the
link, the congestion window or what is lost and sent again. Not busy: the cache has
nothing to send. That is the cache's doing (or that of what it fetches from) in the
midst of an answer, and when the client spoke last; else the client has asked for
nothing, and nothing is limited. What is said within TLS nobody knows: many such
sessions wait for hours, and that is nobody's doing.

    busy for the most part, and a quarter of that the window's    client
                            ... or a quarter the send buffer's    cache
                            ... or neither                        network
    for the most part without data that is due                    cache
    for the most part asked for nothing, or nothing is known      null

A quarter, because congestion control that paces (BBR) fills the window of a client that
reads slowly only half of the time. A slow link, or loss, takes it under 2 % (measured).
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from bandwidth.sources import Connection

TLS_PORT = 443
MUCH = 0.25  # of the busy time
# Over so many readings shares and limits are told: over one they would flicker.
LATELY = 10
# By so much a connection may seem older than the reading before it, and is not.
SLACK_MS = 100
WRAPS = 1 << 32

Limit = Literal["client", "cache", "network"]


@dataclass(slots=True)
class Served:
    """What one client was served in a while. Times are sums over its connections."""

    bytes: int = 0
    connections: int = 0  # the most at once
    tls_connections: int = 0  # of them
    active_ms: float = 0  # in which there was anything to do
    busy_ms: float = 0  # of it: there was data to send
    receiver_limited_ms: float = 0  # of busy
    send_buffer_limited_ms: float = 0  # of busy
    starved_ms: float = 0  # of active: not busy, for want of data to send
    segments_sent: int = 0
    segments_retransmitted: int = 0
    round_trip_us: int | None = None  # the least
    delivery_bytes_per_second: int = 0  # the most

    def add(self, other: "Served") -> None:
        """Add what it was served at another time."""
        self.connections = max(self.connections, other.connections)
        self.tls_connections = max(self.tls_connections, other.tls_connections)
        self._add_flow(other)

    def add_connection(self, other: "Served") -> None:
        """Add what another connection served at the same time."""
        self.connections += other.connections
        self.tls_connections += other.tls_connections
        self._add_flow(other)

    def _add_flow(self, other: "Served") -> None:
        self.bytes += other.bytes
        self.active_ms += other.active_ms
        self.busy_ms += other.busy_ms
        self.receiver_limited_ms += other.receiver_limited_ms
        self.send_buffer_limited_ms += other.send_buffer_limited_ms
        self.starved_ms += other.starved_ms
        self.segments_sent += other.segments_sent
        self.segments_retransmitted += other.segments_retransmitted
        trips = [t for t in (self.round_trip_us, other.round_trip_us) if t]
        self.round_trip_us = min(trips, default=None)
        self.delivery_bytes_per_second = max(
            self.delivery_bytes_per_second, other.delivery_bytes_per_second
        )


def limit(served: Served) -> Limit | None:
    idle_ms = served.active_ms - served.busy_ms - served.starved_ms
    if not served.active_ms or idle_ms > max(served.busy_ms, served.starved_ms):
        return None
    if served.starved_ms > served.busy_ms:
        return "cache"
    if served.receiver_limited_ms >= MUCH * served.busy_ms:
        return "client"
    if served.send_buffer_limited_ms >= MUCH * served.busy_ms:
        return "cache"
    return "network"


@dataclass
class Client:
    """A client that has connections open, or was served of late."""

    silent_since_ns: int  # when it had last received anything
    connections: int = 0  # open now
    tls_connections: int = 0
    last: Served | None = None  # between the two newest readings
    last_ms: float = 0
    lately: deque[Served] = field(default_factory=lambda: deque(maxlen=LATELY))

    @property
    def bytes_per_second(self) -> float | None:
        return self.last.bytes * 1000 / self.last_ms if self.last else None

    @property
    def is_gone(self) -> bool:
        return not self.connections and not any(one.bytes for one in self.lately)


class Connections:
    """What is known of all connections from reading to reading.

    A new connection counts from its birth if that was after the reading before, else
    from its first reading on: what it had carried by then is not known to be new.
    """

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self._before: dict[int, Connection] = {}
        # Those of the reading before that one: of what has ended the kernel may tell
        # a little later than it stops listing it.
        self._earlier: dict[int, Connection] = {}
        self._before_ns: int | None = None

    def take_in(self, read: Iterable[Connection], now_ns: int) -> dict[str, Served]:
        """Return what was served by client; {} where there is nothing to compare."""
        ms = None if self._before_ns is None else (now_ns - self._before_ns) / 1e6
        by_client: dict[str, Served] = {}
        silent_ms: dict[str, int] = {}
        now: dict[int, Connection] = {}
        for one in read:
            before = self._before.get(one.cookie) or self._earlier.get(one.cookie)
            served = between(before, one, ms) if ms else Served()
            if one.is_open:
                now[one.cookie] = one
                served.connections = 1
                served.tls_connections = int(one.port == TLS_PORT)
            by_client.setdefault(one.client, Served()).add_connection(served)
            least = silent_ms.get(one.client, one.silent_ms)
            silent_ms[one.client] = min(least, one.silent_ms)
        self._earlier, self._before, self._before_ns = self._before, now, now_ns
        for name, silent in silent_ms.items():
            if name not in self.clients:
                self.clients[name] = Client(now_ns - silent * 1_000_000)
        for name in list(self.clients):
            self._remember(name, by_client.get(name) or Served(), ms, now_ns)
        return by_client if ms else {}

    def _remember(
        self, name: str, served: Served, ms: float | None, now_ns: int
    ) -> None:
        client = self.clients[name]
        client.connections = served.connections
        client.tls_connections = served.tls_connections
        if ms:
            client.last, client.last_ms = served, ms
            client.lately.append(served)
        if served.bytes:
            client.silent_since_ns = now_ns
        if client.is_gone:
            del self.clients[name]


def between(before: Connection | None, after: Connection, ms: float) -> Served:
    """Return what one connection has carried within ``ms`` milliseconds.

    ``before`` is None of one that was not there at the reading before.
    """
    if before is None and after.silent_ms > ms + SLACK_MS:
        return Served()  # it is older than that, and was overlooked
    busy_ms = _grown("busy_us", before, after) / 1000
    served = Served(
        bytes=_grown("bytes_acked", before, after),
        busy_ms=busy_ms,
        receiver_limited_ms=_grown("receiver_limited_us", before, after) / 1000,
        send_buffer_limited_ms=_grown("send_buffer_limited_us", before, after) / 1000,
        segments_sent=_grown("segments_sent", before, after),
        segments_retransmitted=_grown("segments_retransmitted", before, after),
    )
    awaited = after.is_awaited and after.port != TLS_PORT
    if not (served.bytes or busy_ms or awaited):
        return served
    served.round_trip_us = after.round_trip_us or None
    served.delivery_bytes_per_second = after.delivery_bytes_per_second
    # Since when a new one is open is not known, nor until when one that has ended was;
    # and what came after the last data may have been the end of the answer.
    open_ms = ms if before and after.is_open else 0
    if not awaited:
        open_ms -= min(open_ms, after.silent_ms)
    served.active_ms = max(open_ms, busy_ms)
    asked = before is None or after.bytes_received > before.bytes_received
    if awaited or not (asked or after.port == TLS_PORT):
        served.starved_ms = served.active_ms - busy_ms
    return served


def _grown(name: str, before: Connection | None, after: Connection) -> int:
    """Return by how much a counter of the kernel's has grown; some have 32 bits."""
    grown: int = getattr(after, name) - (getattr(before, name) if before else 0)
    return grown % WRAPS if name.startswith("segments") else max(0, grown)
