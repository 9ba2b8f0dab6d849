"""How soon a line of the log is heard of: from its writing to the message "downloads"
that contains it, at a websocket of the whole stack."""

import random
import statistics
import tempfile
import threading
import time
from pathlib import Path

from tests.site.listening import listener, messages
from tests.site.stack import Stack

LINES = 200
APART = (0.05, 1.5)  # seconds between two, at random
FLOOR = 2.0  # seconds, within which 95 % of the lines are heard of


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lancache-bench-") as place:
        log = Path(place) / "logs" / "access.log"
        log.parent.mkdir()
        _append(log)
        with Stack(Path(place) / "data", LANCACHE_LOG_DIR=str(log.parent)) as stack:
            stack.wait_until_up()
            delays = sorted(_delays(stack, log))
    late = delays[int(0.95 * len(delays))]
    print(
        f"latency: {len(delays)} lines, written to heard of: median"
        f" {statistics.median(delays):.2f} s, 95 % within {late:.2f} s (at most"
        f" {FLOOR:.0f}), the slowest {delays[-1]:.2f} s"
    )
    if late > FLOOR:
        raise SystemExit(1)


def _delays(stack: Stack, log: Path) -> list[float]:
    """Return for each line how long it took until a message contained its byte."""
    written: list[float] = []
    heard: list[float] = []
    with listener(stack) as socket:
        writer = threading.Thread(target=_write, args=(log, written))
        writer.start()
        for message in messages(socket, "downloads", 30):
            # Of the download that was there before it is one byte, too.
            size = sum(one["bytes"] for one in message["downloads"])
            heard += [time.monotonic()] * (size - 1 - len(heard))
            if len(heard) == LINES:
                break
        writer.join()
    return [at - then for at, then in zip(heard, written, strict=True)]


def _write(log: Path, written: list[float]) -> None:
    chance = random.Random(4)
    for _ in range(LINES):
        time.sleep(chance.uniform(*APART))
        written.append(time.monotonic())
        _append(log)


def _append(log: Path) -> None:
    """Append a request of one byte that ends now."""
    stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
    with log.open("a") as file:
        file.write(
            f"[steam] 10.0.0.7 / - - - [{stamp}]"
            ' "GET /depot/441/chunk/0 HTTP/1.1" 200 1 "-"'
            ' "Valve/Steam HTTP Client 1.0" "HIT" "cache1.steamcontent.com" "-"\n'
        )


if __name__ == "__main__":
    main()
