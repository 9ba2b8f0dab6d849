"""How exact bandwidth is, between two network namespaces: against the counters at the
far end of the cable, and against what a client got; and whom it blames. Needs root.

What it costs to ask for the connections of a party is measured on loopback."""

import asyncio
import resource
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

from bandwidth.connections import Connections
from bandwidth.sources.sockets import SocketsSource
from tests.bandwidth.over_cable import transfer
from tests.namespaces import Cable, cable

MEGA = 1_000_000
RATE = 20 * MEGA
SECONDS = 50  # so that three rows of ten seconds are wholly within
CONNECTIONS = 2000
READINGS = 20


def main() -> None:
    _interface()
    _clients()
    asyncio.run(_cost())


def _interface() -> None:
    """A known load for a while: ten seconds' mean, and all that was stored."""
    with cable() as made:
        made.slow_down(RATE * 8 // MEGA)
        sampled, got = transfer(made, {"size": SECONDS * RATE}, {}, 4 * SECONDS)
    far = got["counted"]
    # The first and the last began or ended before or after the load did.
    whole = [one for one in sampled["interface"] if one[2] > 9900][1:-1]
    errors = [
        abs(size * 1000 / ms / _far_rate(far, sampled["ticks"], at) - 1)
        for at, size, ms, _samples in whole
    ]
    stored = sum(size for _at, size, *_ in sampled["interface"])
    counted = far[-1][1] - far[0][1]
    print(
        f"bandwidth-accuracy: {got['bytes'] / got['seconds'] / MEGA:.1f} MB/s for"
        f" {got['seconds']:.0f} s: the means of {len(whole)} times ten seconds are at"
        f" most {max(errors):.2%} from the far end's (at most 1 %); {stored:,} bytes"
        f" stored, {counted:,} counted there: {stored - counted} off (must be 0)"
    )


def _far_rate(far: list[tuple[float, int]], ticks: list[float], at: int) -> float:
    """Return bytes per second at the far end from tick to tick of ten seconds."""
    within = [tick for tick in ticks if tick < at + 10]
    begin, end = max(tick for tick in within if tick < at), within[-1]
    return (_far_counter(far, end) - _far_counter(far, begin)) / (end - begin)


def _far_counter(far: list[tuple[float, int]], moment: float) -> float:
    """Return what it had counted at a moment, between two looks at it."""
    for (early, less), (late, more) in pairwise(far):
        if early <= moment <= late:
            return less + (more - less) * (moment - early) / (late - early)
    raise ValueError(f"it was not looked at around {moment}")


def _clients() -> None:
    def free(cable: Cable) -> None:
        pass

    slow, lossy = (lambda made: made.slow_down(80)), (lambda made: made.lose(5))
    _client("a small window", "client", 5, {"buffer": 65536, "rate": 5 * MEGA}, free)
    _client("a slow reader", "client", 20, {"rate": 20 * MEGA}, free)
    _client("a slow link", "network", 10, {}, slow)
    _client("loss", "network", 10, {}, lossy)
    pieces = {"piece": 200_000, "pause": 0.1}
    _client("a slow cache", "cache", 2, {}, free, **pieces)


def _client(
    name: str,
    limit: str,
    megabytes: int,
    fetching: dict[str, Any],
    prepare: Callable[[Cable], None],
    **serving: Any,
) -> None:
    with cable() as made:
        prepare(made)
        size = megabytes * 10 * MEGA
        sampled, got = transfer(made, {"size": size} | serving, fetching, 120)
    named = Counter(one["limit"] for one in sampled["limits"])
    share = named[limit] / named.total()
    acked = sum(size for *_, size in sampled["clients"])
    print(
        f"bandwidth-accuracy: {name}, {got['bytes'] / got['seconds'] / MEGA:.1f} MB/s:"
        f" {limit!r} in {share:.0%} of messages ({dict(named)}); bytes"
        f" {abs(acked / got['bytes'] - 1):.4%} off (at most 1 %)"
    )


async def _cost() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (3 * CONNECTIONS, 3 * CONNECTIONS))
    with ExitStack() as held:
        server = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = server.getsockname()[1]
        for _ in range(CONNECTIONS):
            held.enter_context(socket.create_connection(("127.0.0.1", port)))
            held.enter_context(server.accept()[0]).sendall(bytes(100))
        # Two ports, as by default.
        source, known = SocketsSource((port, 443)), Connections()
        began, worst = time.process_time(), 0.0
        for _ in range(READINGS):
            asked = time.monotonic()
            reading = await source.read()
            known.take_in(reading.connections or [], time.monotonic_ns())
            worst = max(worst, time.monotonic() - asked)
        cpu = (time.process_time() - began) / READINGS
        await source.close()
    print(
        f"bandwidth-accuracy: {len(reading.connections or []):,} connections cost"
        f" {1000 * cpu:.0f} ms of a core once a second, at worst {1000 * worst:.0f} ms"
    )


if __name__ == "__main__":
    main()
