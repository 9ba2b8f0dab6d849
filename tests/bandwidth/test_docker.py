"""Docker for real: a dockerd of our own, in a network namespace of its own, so that
nothing of this machine's network is touched; an image without a registry."""

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bandwidth.models import BandwidthSource
from bandwidth.sources import SourceProblem
from lancache_site.supervisor import answers
from tests.bandwidth.test_real_sources import read
from tests.programs import need
from tests.site.stack import within

Kind = BandwidthSource.Kind
OWN, HOSTS = "own", "on-hosts-network"
GATEWAY = "172.17.0.1"  # of Docker's bridge


class Docker:
    """The API of a dockerd, asked as its own client does."""

    def __init__(self, socket: Path) -> None:
        self.socket = str(socket)
        self.address = f"unix://{socket}"
        self.api = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(socket)),
            base_url="http://docker/v1.41",
            timeout=30,
        )

    def is_up(self) -> bool:
        return answers(self.socket) and self.api.get("/_ping").text == "OK"

    def ask(self, path: str, **body: object) -> dict[str, str]:
        answer = self.api.post(path, json=body)
        assert answer.is_success, answer.text
        said: dict[str, str] = json.loads(answer.text or "{}")
        return said

    def run(self, name: str, network: str) -> None:
        self.ask(
            f"/containers/create?name={name}",
            Image="busybox",
            Cmd=["/busybox", "sleep", "600"],
            HostConfig={"NetworkMode": network},
        )
        self.ask(f"/containers/{name}/start")

    def ping(self, name: str, count: int, size: int) -> None:
        """Let a container send so many packets, each answered by the gateway."""
        words = f"/busybox ping -c {count} -i 0.01 -s {size} {GATEWAY}"
        made = self.ask(
            f"/containers/{name}/exec", Cmd=words.split(), AttachStdout=True
        )
        said = self.api.post(f"/exec/{made['Id']}/start", json={})
        assert f"{count} packets received" in said.text


def image() -> bytes:
    """A tar with busybox in it, and nothing else."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        tar.add(need("busybox"), "busybox")
    return made.getvalue()


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    if os.geteuid() != 0:
        pytest.skip("dockerd runs as root only")
    place = tmp_path_factory.mktemp("docker")
    log = place / "log"
    options = f"--data-root {place}/data --exec-root {place}/exec --pidfile {place}/pid"
    options += f" -H unix://{place}/sock --storage-driver vfs --iptables=false"
    options += " --ip-masq=false --ip-forward=false --userland-proxy=false"
    up = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    with log.open("w") as output:
        process = subprocess.Popen(
            ["unshare", "--net", "--mount", *up, need("dockerd"), *options.split()],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    one = Docker(place / "sock")
    try:
        within(30, lambda: one.is_up() or process.poll() is not None, "dockerd is up")
        if process.poll() is not None:
            # As it is where the kernel lacks what it needs, or in a container.
            pytest.skip(f"dockerd does not run here: {log.read_text()[-500:]}")
        imported = one.api.post(
            "/images/create?fromSrc=-&repo=busybox", content=image()
        )
        assert imported.is_success, imported.text
        one.run(OWN, "bridge")
        one.run(HOSTS, "host")
        yield one
    finally:
        if process.poll() is None and one.is_up():
            for name in (OWN, HOSTS):
                one.api.delete(f"/containers/{name}?force=1")
        one.api.close()
        process.terminate()
        process.wait(30)


def counters(docker: Docker) -> tuple[int, int]:
    (one,) = read(Kind.DOCKER, docker.address, OWN).counters
    assert one.name == f"{OWN}/eth0"
    assert one.received is not None
    assert one.transmitted is not None
    return one.received, one.transmitted


def test_a_container_tells_what_it_sent_and_received(docker: Docker):
    before = counters(docker)
    docker.ping(OWN, count=100, size=1000)
    received, transmitted = (
        after - was for after, was in zip(counters(docker), before, strict=True)
    )
    # Ethernet, IP and ICMP make 1042 of 1000; addresses are asked for now and then.
    assert 104_200 <= received < 106_000
    assert 104_200 <= transmitted < 106_000


def test_a_container_on_the_hosts_network_has_no_counters_and_says_so(docker: Docker):
    with pytest.raises(SourceProblem, match="it is on the host's network"):
        read(Kind.DOCKER, docker.address, HOSTS)


def test_a_container_that_is_not_there_says_so(docker: Docker):
    with pytest.raises(SourceProblem, match=r"status 404: .*No such container: nobody"):
        read(Kind.DOCKER, docker.address, "nobody")


def test_a_container_that_stopped_has_no_counters_and_says_so(docker: Docker):
    docker.run("short", "bridge")
    docker.api.post("/containers/short/kill")
    try:
        with pytest.raises(SourceProblem, match="or stopped"):
            read(Kind.DOCKER, docker.address, "short")
    finally:
        docker.api.delete("/containers/short?force=1")
