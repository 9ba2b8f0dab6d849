"""Connections on loopback, as this kernel tells of them; Linux without privilege."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from pyroute2.netlink.diag import (  # type: ignore[import-untyped]  # it has none
    DiagSocket,
)

from bandwidth.models import BandwidthSource
from bandwidth.opening import opened
from bandwidth.sources import Connection, SourceProblem, sock_diag
from bandwidth.sources.sockets import PORTS, SocketsSource, ports_in

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells what its connections do"
)


@contextmanager
def listening(address: str = "127.0.0.1") -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    both = family == socket.AF_INET6 and address == "::"
    with socket.create_server(
        (address, 0), family=family, dualstack_ipv6=both, backlog=500
    ) as server:
        yield server


def port_of(server: socket.socket) -> int:
    port: int = server.getsockname()[1]
    return port


def joined(
    server: socket.socket, to: str = "127.0.0.1"
) -> tuple[socket.socket, socket.socket]:
    """Return the client's end and the server's."""
    client = socket.create_connection((to, port_of(server)))
    return client, server.accept()[0]


async def connections_of(server: socket.socket) -> list[Connection]:
    source = SocketsSource((port_of(server),))
    try:
        found = (await source.read()).connections
    finally:
        await source.close()
    assert found is not None
    return found


async def test_a_connection_is_told_with_what_its_client_has_acknowledged():
    with listening() as server:
        client, end = joined(server)
        with client, end:
            client.sendall(b"GET")
            end.sendall(bytes(5000))
            client.recv(5000, socket.MSG_WAITALL)
            (one,) = await connections_of(server)
            assert (one.client, one.port) == ("127.0.0.1", port_of(server))
    assert (one.is_open, one.bytes_acked, one.bytes_received) == (True, 5000, 3)


async def test_a_client_that_reads_slowly_is_the_limit():
    with listening() as server:
        client, end = joined(server)
        with client, end:
            end.setblocking(False)
            with pytest.raises(BlockingIOError):
                while True:
                    end.send(bytes(1 << 20))
            await asyncio.sleep(0.3)
            (one,) = await connections_of(server)
    assert one.receiver_limited_us > 0.5 * one.busy_us > 50_000


async def test_a_client_that_spoke_last_is_awaited():
    with listening() as server:
        client, end = joined(server)
        with client, end:
            end.sendall(b"hello")
            await asyncio.sleep(0.05)
            client.sendall(b"GET")
            assert (await connections_of(server))[0].is_awaited
            end.sendall(b"200")
            assert [c.is_awaited for c in await connections_of(server)] == [False]


async def test_ipv4_within_ipv6_is_ipv4():
    with listening("::") as server, ExitStack() as held:
        for to in ("127.0.0.1", "::1"):
            for end in joined(server, to):
                held.enter_context(end)
        clients = {one.client for one in await connections_of(server)}
    assert clients == {"127.0.0.1", "::1"}


async def test_what_has_ended_is_told_with_its_last_bytes():
    with listening() as server:
        source = SocketsSource((port_of(server),))
        await source.read()
        client, end = joined(server)
        with client, end:
            end.sendall(bytes(7000))
            client.recv(7000, socket.MSG_WAITALL)
        ended: list[Connection] = []
        async with asyncio.timeout(5):
            while not ended:
                await asyncio.sleep(0.02)
                found = (await source.read()).connections or []
                ended = [one for one in found if not one.is_open]
        await source.close()
    # The end itself is one byte more.
    assert [one.bytes_acked in (7000, 7001) for one in ended] == [True]


def test_it_tells_what_another_reader_of_the_same_tells():
    with listening() as server, ExitStack() as held:
        for size in range(1, 40):
            client, end = map(held.enter_context, joined(server))
            end.sendall(bytes(size * 100))
            client.recv(size * 100, socket.MSG_WAITALL)
        found = asyncio.run(connections_of(server))
        with DiagSocket() as diag:
            diag.bind()
            others = diag.get_sock_stats(
                socket.AF_INET, states=1 << sock_diag.ESTABLISHED, extensions=2,
                sport=port_of(server),
            )  # fmt: skip
    told = [one.get_attr("INET_DIAG_INFO") for one in others]
    assert sorted((c.bytes_acked, c.segments_sent, c.busy_us) for c in found) == sorted(
        (i["tcpi_bytes_acked"], i["tcpi_data_segs_out"], i["tcpi_busy_time"])
        for i in told
    )


async def test_only_the_ports_that_are_asked_for_are_told():
    with listening() as server, listening() as other:
        client, end = joined(other)
        with client, end:
            assert await connections_of(server) == []


async def test_where_nothing_listens_it_says_where_to_run():
    with listening() as server:
        port = port_of(server)
    source = SocketsSource((port,))
    assert "network namespace of the cache" in (await source.read()).remark
    await source.close()


async def test_a_thousand_that_end_at_once_are_all_told():
    with listening() as server:
        source = SocketsSource((port_of(server),))
        await source.read()
        told = set()
        for _ in range(10):
            with ExitStack() as held:
                for _ in range(100):
                    for end in joined(server):
                        held.enter_context(end)
            await asyncio.sleep(0.02)
            told |= {one.cookie for one in (await source.read()).connections or []}
        await asyncio.sleep(0.1)
        told |= {one.cookie for one in (await source.read()).connections or []}
        await source.close()
    assert len(told) == 1000


async def test_a_kernel_that_refuses_is_a_problem_of_one_line(monkeypatch):
    monkeypatch.setattr(socket, "IPPROTO_TCP", 77)
    source = SocketsSource()
    with pytest.raises(SourceProblem, match="the kernel tells no connections: "):
        await source.read()
    await source.close()


def test_no_privilege_is_needed():
    """As nobody, whose rights a process that root starts can take on."""
    if os.getuid() != 0:
        pytest.skip("whoever runs this has no privilege: the other tests are it")
    program = (
        # Python's own modules are loaded by the first reading: nobody may not.
        "import os, asyncio; from bandwidth.sources.sockets import SocketsSource as S;"
        "read = lambda: asyncio.run(S((9,)).read()).connections; read();"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); print(read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("", PORTS),
        ("8080", (8080,)),
        ("80, 443,8443", (80, 443, 8443)),
        ("80 80", (80,)),
    ],
)
def test_ports_are_a_setting(text, ports):
    assert ports_in(text) == ports


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "٨٠", " ".join("9" * 20)])
def test_what_is_no_port_is_refused(text):
    with pytest.raises(SourceProblem):
        opened(BandwidthSource(kind="sockets", wanted=text))


@pytest.mark.parametrize("length", [0, 3, 15, 16, 40, 88, 120])
def test_an_answer_that_is_cut_off_tells_nothing_and_does_no_harm(length):
    body = memoryview(bytes(range(72)) + b"\x1c\x01\x02\x00" + bytes(280))[:length]
    data = len(body).to_bytes(4, "little") + bytes(12) + body
    assert all(len(part) <= length for _, part in sock_diag.messages(data))
    if length >= 72:
        assert sock_diag.connection(body) is None
