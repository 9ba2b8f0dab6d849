"""Names of addresses from the resolver of this machine.

A lookup can't be told to give up: the C library takes as long as its resolver lets it
wait. So lookups are made by threads that nobody waits for longer than asked, and that
never are more than a few, however dead the resolver is.
"""

import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable

from downloads.clients.names import cleaned

AT_ONCE = 16
_free = threading.BoundedSemaphore(AT_ONCE)
# The resolver has answered, and knows no name.
_NO_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def look_up(addresses: Iterable[str], deadline: float) -> dict[str, str]:
    """Return the name of each address that was answered for in time, '' for none.

    ``deadline`` is a reading of time.monotonic().
    """
    waiting = deque(addresses)
    answers: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
    asked = len(waiting)
    for _ in range(min(AT_ONCE, asked)):
        if not _free.acquire(blocking=False):
            break  # others still wait for their answers
        threading.Thread(
            target=_ask, args=(waiting, answers, deadline), daemon=True
        ).start()
    found = {}
    for _ in range(asked):
        try:
            left = max(0.0, deadline - time.monotonic())
            address, name = answers.get(timeout=left)
        except queue.Empty:
            break
        if name is not None:
            found[address] = name
    return found


def _ask(
    waiting: deque[str],
    answers: "queue.SimpleQueue[tuple[str, str | None]]",
    deadline: float,
) -> None:
    try:
        while waiting and time.monotonic() < deadline:
            try:
                address = waiting.popleft()
            except IndexError:
                return  # another thread was quicker
            answers.put((address, _name(address)))
    finally:
        _free.release()


def _name(address: str) -> str | None:
    """Return a name, '' if there is none, or None if nobody answered."""
    try:
        host, _port = socket.getnameinfo((address, 0), socket.NI_NAMEREQD)
    except socket.gaierror as error:
        return "" if error.errno in _NO_NAME else None
    except (OSError, UnicodeError):
        return None
    return cleaned(host.rstrip("."))
