"""The connections to the cache, as the kernel knows them. Linux only.

No privilege is needed, but the cache's network namespace: connections of another one
are not seen. The kernel picks by port and state, and is asked for TCP_INFO alone. It
also says when a connection ends, and what it had carried by then. Where that is denied,
or comes faster than it is heard, the last second of a connection is not counted, nor
one that lived between two readings.
"""

import asyncio
import errno
import socket
from contextlib import suppress

from bandwidth.sources import Connection, Reading, Source, SourceProblem, sock_diag

PORTS = (80, 443)
MOST_PORTS = 16


class SocketsSource(Source):
    """``ports``: the cache's own, on which clients come in."""

    def __init__(self, ports: tuple[int, ...] = PORTS, timeout: float = 1) -> None:
        if not hasattr(socket, "AF_NETLINK"):
            raise SourceProblem("only Linux tells what its connections do")
        self._ports = ports
        self._timeout = timeout
        self._ended: Ended | None = None

    async def read(self) -> Reading:
        try:
            if self._ended is None:
                self._ended = Ended(self._ports)
            # In a thread, because the kernel takes its time with many connections.
            listens, found = await asyncio.to_thread(self._ask)
        except OSError as error:
            why = error.strerror or str(error)
            raise SourceProblem(f"the kernel tells no connections: {why}") from error
        # What has ended since it was listed is newer than the list.
        newest = {one.cookie: one for one in [*found, *self._ended.take()]}
        remark = "" if listens else _nobody_listens(self._ports)
        return Reading(remark=remark, connections=list(newest.values()))

    async def close(self) -> None:
        if self._ended:
            self._ended.close()

    def _ask(self) -> tuple[bool, list[Connection]]:
        listens, found = False, []
        for family in (socket.AF_INET, socket.AF_INET6):
            for port in self._ports:
                for body in sock_diag.sockets(family, port, self._timeout):
                    listens = listens or sock_diag.listens(body)
                    if connection := sock_diag.connection(body):
                        found.append(connection)
        return listens, found


class Ended:
    """Hears in the event loop of each connection that ends. Raises OSError."""

    def __init__(self, ports: tuple[int, ...]) -> None:
        self._ports = ports
        self._heard: list[Connection] = []
        self._netlink = sock_diag.opened()
        self._netlink.setblocking(False)
        with suppress(PermissionError):
            sock_diag.join_destroyed(self._netlink)
        asyncio.get_running_loop().add_reader(self._netlink, self._hear)

    def take(self) -> list[Connection]:
        self._hear()
        heard, self._heard = self._heard, []
        return heard

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._netlink)
        self._netlink.close()

    def _hear(self) -> None:
        while True:
            try:
                data = self._netlink.recv(sock_diag.AT_ONCE)
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    continue  # more than fitted ended at once; the others are there
                return
            for _kind, body in sock_diag.messages(data):
                connection = sock_diag.connection(body)
                if connection and connection.port in self._ports:
                    self._heard.append(connection)


def ports_in(text: str) -> tuple[int, ...]:
    """Read ports such as `80, 443`; none means those. Raises SourceProblem."""
    words = text.replace(",", " ").split()
    for word in words:
        if not (word.isascii() and word.isdigit() and 0 < int(word) < 65536):
            raise SourceProblem(f"{word!r} is no port")
    if len(words) > MOST_PORTS:
        raise SourceProblem(f"that are more than {MOST_PORTS} ports")
    return tuple(dict.fromkeys(map(int, words))) or PORTS


def _nobody_listens(ports: tuple[int, ...]) -> str:
    names = " or ".join(str(port) for port in ports)
    return (
        f"nothing listens on port {names} here: this must run in the network namespace"
        " of the cache"
    )
