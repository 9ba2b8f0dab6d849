"""How soon a line of the log is heard of: from its writing to the message "downloads"
that contains it, at a websocket of the whole stack."""

import os
import random
import statistics
import tempfile
import time
from itertools import accumulate
from pathlib import Path

from tests.ingest.logs import append, request
from tests.site.listening import listener, messages
from tests.site.stack import Stack

LINES = 200
APART = (0.05, 1.5)  # seconds between two, at random
FLOOR = 2.0  # seconds, of which 95 % of the lines are heard


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lancache-bench-") as place:
        log = Path(place) / "logs" / "access.log"
        log.parent.mkdir()
        append(log, request(int(time.time()), 1))
        with Stack(Path(place) / "data", LANCACHE_LOG_DIR=str(log.parent)) as stack:
            stack.wait_until_up()
            delays = _delays(stack, log)
    median, late = statistics.median(delays), _quantile(delays, 0.95)
    print(
        f"latency: {len(delays)} lines, written to heard of: median {median:.2f} s,"
        f" 95 % within {late:.2f} s (at most {FLOOR:.0f}), the slowest"
        f" {max(delays):.2f} s"
    )
    if late > FLOOR:
        raise SystemExit(1)


def _delays(stack: Stack, log: Path) -> list[float]:
    """Return for each line how long it took until a message contained its byte."""
    with listener(stack) as socket:
        writer = os.fork()
        if not writer:
            _write(log)
            os._exit(0)
        heard = []
        for message in messages(socket, "downloads", 30):
            size = sum(one["bytes"] for one in message["downloads"])
            heard += [time.time()] * (size - 1 - len(heard))
            if len(heard) >= LINES:
                break
        os.waitpid(writer, 0)
    written = [float(at) for at in _moments(log).read_text().split()]
    return [at - then for at, then in zip(heard, written, strict=True)]


def _write(log: Path) -> None:
    """Append lines of one byte each at random moments, and note these."""
    chance = random.Random(4)
    begin = time.time() + 1
    waits = (chance.uniform(*APART) for _ in range(LINES))
    with _moments(log).open("w") as moments:
        for moment in accumulate(waits, initial=begin):
            time.sleep(max(0.0, moment - time.time()))
            at = time.time()
            append(log, request(int(at), 1))
            moments.write(f"{at}\n")


def _moments(log: Path) -> Path:
    return log.parent.parent / "written"


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    main()
