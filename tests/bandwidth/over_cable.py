"""What runs at each end of a cable: a cache that is sampled, and a client.

cache   {"size", "piece", "pause"}   serves on port 80, `size` bytes to each client,
        all at once or a piece every `pause` seconds; says "ready", samples itself
        until a line comes in, and then says what was sampled
client  {"buffer", "rate"}   fetches with that receive buffer and speed, and then
        says how much it got
"""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import psutil

from tests.namespaces import CACHE, CLIENT, Cable

INTERVAL = 0.5
PORT = 80


def transfer(
    cable: Cable, serving: dict[str, Any], fetching: dict[str, Any], patience: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fetch once; return what the cache sampled, and what the client got."""
    with _started(cable.cache.enter(*_command("cache", serving))) as cache:
        assert cache.stdin and cache.stdout
        try:
            assert cache.stdout.readline() == "ready\n"
            client = subprocess.run(
                cable.client.enter(*_command("client", fetching)),
                capture_output=True, text=True, timeout=patience, check=True,
            )  # fmt: skip
            told, _ = cache.communicate("over\n", timeout=10)
        except BaseException:
            cache.kill()
            raise
    return json.loads(told), json.loads(client.stdout)


def _started(command: list[str]) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)


def _command(role: str, arguments: dict[str, Any]) -> list[str]:
    return [sys.executable, "-m", __name__, role, json.dumps(arguments)]


async def cache(size: int, piece: int = 0, pause: float = 0) -> None:
    from bandwidth.rollup import AnyRow, ClientRow, Row
    from bandwidth.sampling import Sampler, Watched
    from bandwidth.sources.host import HostSource
    from bandwidth.sources.sockets import SocketsSource

    messages: list[dict[str, Any]] = []
    rows: list[AnyRow] = []

    async def publish(message: dict[str, Any]) -> None:
        messages.append(message)

    async def store(some: Sequence[AnyRow]) -> None:
        rows.extend(some)

    listening = socket.create_server((CACHE, PORT))
    watched = [
        Watched(1, "cable", HostSource(("cache",)), 1),
        Watched(2, "sockets", SocketsSource((PORT,)), 1),
    ]
    sampler = Sampler(watched, INTERVAL, publish, store)
    sampler.called = {CLIENT: CLIENT}
    await sampler.tick()
    print("ready", flush=True)
    serving = threading.Thread(
        target=_serve, args=(listening, size, piece or size, pause), daemon=True
    )
    serving.start()
    stopping = asyncio.Event()
    running = asyncio.create_task(sampler.run(stopping))
    await asyncio.to_thread(sys.stdin.readline)
    # What has passed since the last tick is in the next one.
    await asyncio.sleep(2 * INTERVAL)
    stopping.set()
    await running
    told = {
        "ticks": [one["at"] for one in messages if one["type"] == "sample"],
        "interface": [
            [row.at, row.transmitted, row.covered_ms, row.samples]
            for row in rows
            if isinstance(row, Row)
        ],
        "clients": [
            [row.client, row.at, row.served.bytes]
            for row in rows
            if isinstance(row, ClientRow)
        ],
        "limits": [
            client
            for message in messages
            if message["type"] == "sockets"
            for client in message["clients"]
        ],
    }
    print(json.dumps(told))


def _serve(listening: socket.socket, size: int, piece: int, pause: float) -> None:
    while True:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1024)
            data, left = bytes(min(piece, 1 << 20)), size
            while left:
                part = data[: min(left, len(data))]
                connection.sendall(part)
                left -= len(part)
                time.sleep(pause)


def client(buffer: int = 0, rate: int = 0) -> None:
    counted = [_counted()]
    over = threading.Event()
    counting = threading.Thread(target=_count, args=(counted, over), daemon=True)
    counting.start()
    with socket.socket() as connection:
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.connect((CACHE, PORT))
        began, got = time.monotonic(), 0
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while data := connection.recv(buffer or 1 << 20):
            got += len(data)
            if rate:
                time.sleep(max(0, began + got / rate - time.monotonic()))
        seconds = time.monotonic() - began
    time.sleep(0.1)  # until the last acknowledgement is there
    over.set()
    counting.join()
    print(json.dumps({"bytes": got, "seconds": seconds, "counted": counted}))


def _count(counted: list[tuple[float, int]], over: threading.Event) -> None:
    while not over.wait(0.1):
        counted.append(_counted())
    counted.append(_counted())


def _counted() -> tuple[float, int]:
    # Not from /sys, which shows the network namespace in which it was mounted.
    received = psutil.net_io_counters(pernic=True)["client"].bytes_recv
    return time.time(), int(received)


if __name__ == "__main__":
    import tests.conftest  # noqa: F401 settings

    role, arguments = sys.argv[1], json.loads(sys.argv[2])
    if role == "cache":
        asyncio.run(cache(**arguments))
    else:
        client(**arguments)
