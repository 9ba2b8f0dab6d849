"""When to say what runs: after each pass that read something, and often enough in
between for rates to fall and endings to show."""

import threading
import time
from collections.abc import Callable, Container

from bandwidth.broadcasting import publish
from downloads.live import Live

AGAIN_SECONDS = 5  # while anything runs


class Announcer:
    """For one process, whose threads take turns.

    ``held_back`` tells the datasources whose lines come late.
    """

    def __init__(self, held_back: Callable[[], Container[int]]) -> None:
        self._live = Live()
        self._held_back = held_back
        self._turn = threading.Lock()
        # Whoever said it before may have ended in the middle.
        self._runs = True
        self._said = float("-inf")

    def __call__(self, read: bool) -> None:
        """Say what runs if it is time. ``read``: whether there may be something new."""
        with self._turn:
            due = self._runs and time.monotonic() - self._said >= AGAIN_SECONDS
            if not (read or due):
                return
            message = self._live.message(time.time(), self._held_back())
            runs = bool(message["downloads"] or message["more"])
            # That nothing runs any more is said once.
            if runs or self._runs:
                publish(message)
            self._runs, self._said = runs, time.monotonic()
