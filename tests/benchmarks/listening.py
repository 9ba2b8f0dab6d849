"""Many websocket clients in a process of their own; `listeners` starts it.

    python -m tests.benchmarks.listening URL COOKIE COUNT

It prints "joined" once all have their snapshot, listens until its input has a line,
prints [[when a sample was made, how long it took], ..] of all of them as one line, and
with the next line of input all leave at once: every other one without a word.
"""

import asyncio
import contextlib
import json
import sys
import time

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

AT_ONCE = 50  # handshakes


class Heard:
    """When each sample was made, and the seconds that it took to a client."""

    def __init__(self) -> None:
        self.delays: list[tuple[float, float]] = []

    def hear(self, text: str) -> None:
        # Reading all of it as JSON would cost this process more than it costs the web.
        begin = text.find('"at":') + 5
        at = float(text[begin : text.find(",", begin)])
        self.delays.append((at, time.time() - at))


async def join(url: str, cookie: str) -> ClientConnection:
    origin = url.replace("ws://", "http://").split("/ws")[0]
    headers = {"Cookie": cookie, "Origin": origin}
    client = await connect(url, additional_headers=headers, max_size=None)
    snapshot = json.loads(await client.recv())
    assert snapshot["type"] == "snapshot", snapshot
    return client


async def listen(client: ClientConnection, heard: Heard) -> None:
    # The half that leave without a word end in an error of their own.
    with contextlib.suppress(ConnectionClosedError):
        async for text in client:
            if '"type":"sample"' in str(text[:40]):
                heard.hear(str(text))


async def line() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


async def main(url: str, cookie: str, count: int) -> None:
    heard, slots = Heard(), asyncio.Semaphore(AT_ONCE)
    listening: list[asyncio.Task[None]] = []

    async def join_one() -> ClientConnection:
        async with slots:
            client = await join(url, cookie)
        listening.append(asyncio.create_task(listen(client, heard)))
        return client

    clients = await asyncio.gather(*(join_one() for _ in range(count)))
    print("joined", flush=True)
    await line()
    print(json.dumps(heard.delays), flush=True)
    await line()
    for one in clients[::2]:
        one.transport.abort()
    await asyncio.gather(*(one.close() for one in clients[1::2]))
    await asyncio.wait(listening)
    print("gone", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
