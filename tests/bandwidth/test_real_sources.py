"""Sources that Debian or a wheel offers, started for real on loopback."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bandwidth.models import BandwidthSource
from bandwidth.opening import opened
from bandwidth.sources import Counter, Reading, SourceProblem
from bandwidth.sources.host import HostSource, busiest, net_dev, routed
from tests.programs import need
from tests.site.stack import free_port

Kind = BandwidthSource.Kind


def read(kind: Kind, address: str = "", wanted: str = "") -> Reading:
    row = BandwidthSource(name="x", kind=kind, address=address, wanted=wanted)
    row.timeout_ms = 5000
    return asyncio.run(read_once(row))


async def read_once(row: BandwidthSource) -> Reading:
    source = opened(row)
    try:
        return await source.read()
    finally:
        await source.close()


def read_soon(kind: Kind, address: str, wanted: str = "") -> Reading:
    """Ask until the server is up."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return read(kind, address, wanted)
        except SourceProblem:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@contextmanager
def running(*command: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def kernel(name: str) -> tuple[int, int]:
    counted = psutil.net_io_counters(pernic=True, nowrap=False)[name]
    return counted.bytes_recv, counted.bytes_sent


def same_as_kernel(counters: list[Counter]) -> None:
    """What was read a moment ago is no more than what the kernel counts now."""
    assert counters
    for one in counters:
        received, transmitted = kernel(one.name)
        assert received * 0.9 - 1e6 <= (one.received or 0) <= received
        assert transmitted * 0.9 - 1e6 <= (one.transmitted or 0) <= transmitted


def some_interface() -> str:
    counted = psutil.net_io_counters(pernic=True)
    counted.pop("lo", None)
    return str(max(counted, key=lambda name: counted[name].bytes_recv))


def test_this_host_tells_what_its_kernel_counts():
    same_as_kernel(read(Kind.HOST, wanted=some_interface()).counters)


def test_an_interface_that_is_not_there_is_named_beside_those_that_are():
    with pytest.raises(SourceProblem, match=f"no eth99, but .*{some_interface()}"):
        read(Kind.HOST, wanted="eth99")


def test_the_default_route_names_the_interface(tmp_path: Path):
    route = tmp_path / "route"
    route.write_text(
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
        "wlan0 00000000 0102000A 0003 0 0 600 00000000 0 0 0\n"
        "eth1 00000000 0101000A 0003 0 0 100 00000000 0 0 0\n"
        "eth0 0000000A 00000000 0001 0 0 0 000000FF 0 0 0\n"
    )
    assert routed(route, ("eth0", "eth1", "wlan0")) == "eth1"
    assert routed(route, ("eth0", "wlan0")) == "wlan0"


def test_without_a_route_the_busiest_that_is_up_is_watched(tmp_path: Path):
    counters = {
        "eth0": Counter("eth0", 10, 10),
        "eth1": Counter("eth1", 9, 90),
        "old": Counter("old", 900, 900, is_up=False),
        "docker0": Counter("docker0", 900, 900, is_virtual=True),
    }
    assert routed(tmp_path / "none", counters) is None
    assert busiest(counters) == "eth1"


def test_the_hosts_proc_is_read_where_it_is_mounted(tmp_path: Path):
    (tmp_path / "1/net").mkdir(parents=True)
    (tmp_path / "1/net/dev").write_text(Path("/proc/net/dev").read_text())
    (tmp_path / "1/net/route").write_text("")
    same_as_kernel(asyncio.run(HostSource(host_proc=str(tmp_path)).read()).counters)


def test_a_proc_that_is_not_there_is_told():
    with pytest.raises(SourceProblem, match="/nowhere/1/net/dev: No such file"):
        asyncio.run(HostSource(host_proc="/nowhere").read())


def test_the_loopback_is_nobodys_uplink():
    assert "lo" in net_dev(Path("/proc/net/dev").read_text())
    with pytest.raises(SourceProblem, match="there is no lo, but"):
        read(Kind.HOST, wanted="lo")


def test_node_exporter():
    port = free_port()
    with running(
        need("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{port}"
    ):
        address = f"http://127.0.0.1:{port}"
        same_as_kernel(
            read_soon(Kind.NODE_EXPORTER, address, some_interface()).counters
        )


def test_netdata(tmp_path: Path):
    port = free_port()
    for name in ("cache", "lib", "log", "run"):
        (tmp_path / name).mkdir()
    (tmp_path / "netdata.conf").write_text(
        f"[global]\nrun as user = root\n[directories]\ncache = {tmp_path}/cache\n"
        f"lib = {tmp_path}/lib\nlog = {tmp_path}/log\n[db]\nmode = alloc\n"
        "[web]\nbind to = 127.0.0.1\n[ml]\nenabled = no\n[health]\nenabled = no\n"
        "[cloud]\nenabled = no\n[plugins]\napps = no\npython.d = no\ngo.d = no\n"
    )
    command = (need("netdata"), "-D", "-c", str(tmp_path / "netdata.conf"))
    with running(*command, "-p", str(port), "-i", "127.0.0.1"):
        address = f"http://127.0.0.1:{port}"
        same_as_kernel(read_soon(Kind.NETDATA, address, some_interface()).counters)


def test_stub_status_of_nginx_counts_no_bytes(tmp_path: Path):
    port = free_port()
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;"
        " events {} http { access_log off; server { listen"
        f" 127.0.0.1:{port}; location /nginx_status {{ stub_status; }} }} }}"
    )
    nginx = (need("nginx"), "-c", str(tmp_path / "nginx.conf"))
    with running(*nginx, "-e", str(tmp_path / "error.log")):
        address = f"http://127.0.0.1:{port}/nginx_status"
        (one,) = read_soon(Kind.STUB_STATUS, address).counters
    assert one.received is one.transmitted is None
    assert (one.connections, one.requests) == (1, 1)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://127.0.0.1:1", "can't be asked"),
        ("unix:///nowhere.sock", "can't be asked"),
        ("ftp://127.0.0.1", "begins with none of"),
        ("http://[", "is no address"),
        ("", "needs an address"),
    ],
)
def test_an_address_that_is_none_says_so_in_one_line(address: str, says: str):
    with pytest.raises(SourceProblem, match=says) as problem:
        read(Kind.NODE_EXPORTER, address)
    assert len(str(problem.value).splitlines()) == 1


def glances(place: Path, *options: str, exporter_port: int = 1) -> tuple[str, ...]:
    """How to start a glances that asks nobody else for anything."""
    config = place / "glances.conf"
    config.write_text(
        "[global]\ncheck_update=false\n[prometheus]\nhost=127.0.0.1\n"
        f"port={exporter_port}\nprefix=glances\nlabels=src:glances\n"
    )
    program = str(Path(sys.executable).parent / "glances")
    return program, "-C", str(config), "--disable-check-update", *options


def test_glances_through_its_web_server(tmp_path: Path):
    port = free_port()
    web = ("-w", "--disable-webui", "-B", "127.0.0.1", "-p", str(port))
    with running(*glances(tmp_path, *web)):
        address = f"http://127.0.0.1:{port}"
        same_as_kernel(read_soon(Kind.GLANCES, address, some_interface()).counters)


def test_glances_through_its_exporter(tmp_path: Path):
    port = free_port()
    exports = ("--export", "prometheus", "--quiet")
    with running(*glances(tmp_path, *exports, exporter_port=port)):
        address = f"http://127.0.0.1:{port}"
        found = read_soon(Kind.GLANCES_EXPORTER, address, some_interface())
    same_as_kernel(found.counters)


def test_an_older_glances_is_asked_at_its_older_address(tmp_path: Path):
    """By a recorded answer, over real HTTP."""
    recorded = json.loads(
        (Path(__file__).parent / "data/glances_v4_network.json").read_text()
    )
    (tmp_path / "api/3").mkdir(parents=True)
    (tmp_path / "api/3/network").write_text(json.dumps(recorded))
    port = free_port()
    server = ("python3", "-m", "http.server", str(port), "--bind", "127.0.0.1")
    with running(*server, "--directory", str(tmp_path)):
        counters = read_soon(Kind.GLANCES, f"http://127.0.0.1:{port}", "eth0").counters
    assert [one.transmitted for one in counters] == [2_273_912]
