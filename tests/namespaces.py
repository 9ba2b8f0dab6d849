"""Two network namespaces joined by a cable: a cache's and its client's.

A process holds each of them and waits for the end of its input, so that namespaces,
cable and all are gone when this process is, however it ends.
"""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from tests.programs import need

CACHE, CLIENT = "10.99.0.1", "10.99.0.2"
SECONDS = 10  # for each of the commands


@dataclass(frozen=True)
class Namespace:
    pid: int  # of its holder

    def enter(self, *command: str) -> list[str]:
        return [need("nsenter"), "--target", str(self.pid), "--net", *command]

    def run(self, *command: str) -> None:
        done = subprocess.run(
            self.enter(*command), capture_output=True, text=True, timeout=SECONDS
        )
        if done.returncode:
            raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


@dataclass(frozen=True)
class Cable:
    cache: Namespace
    client: Namespace

    def slow_down(self, mbit: int) -> None:
        """Let the cache send no more than ``mbit`` Mbit/s, with 50 ms of queue."""
        self.cache.run(
            need("tc"), "qdisc", "add", "dev", "cache", "root", "tbf", "rate",
            f"{mbit}mbit", "burst", "32kb", "latency", "50ms",
        )  # fmt: skip

    def lose(self, percent: float) -> None:
        """Lose packets to the client: by netem, or where there is none, iptables."""
        # Whole packets as they are on a cable, not what a card would cut up.
        self.cache.run(need("ip"), "link", "set", "cache", "gso_max_segs", "1")
        loss = f"{percent}%"
        try:
            self.cache.run(
                need("tc"), "qdisc", "add", "dev", "cache", "root", "netem",
                "loss", loss, "delay", "5ms",
            )  # fmt: skip
        except OSError:
            self.client.run(
                need("iptables"), "-A", "INPUT", "-p", "tcp", "-m", "statistic",
                "--mode", "random", "--probability", str(percent / 100), "-j", "DROP",
            )  # fmt: skip


def needed() -> None:
    """Skip the test where this kernel, or who runs it, may make no namespace."""
    ip, unshare = need("ip"), need("unshare")
    made = subprocess.run(
        [
            unshare,
            "--net",
            ip,
            "link",
            "add",
            "a1",
            "type",
            "veth",
            "peer",
            "name",
            "a2",
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if made.returncode:
        pytest.skip(f"no network namespace can be made here: {made.stderr.strip()}")


@contextmanager
def cable() -> Iterator[Cable]:
    with ExitStack() as held:
        cache, client = held.enter_context(_held()), held.enter_context(_held())
        ip = need("ip")
        cache.run(
            ip, "link", "add", "cache", "type", "veth",
            "peer", "name", "client", "netns", str(client.pid),
        )  # fmt: skip
        ends = ((cache, "cache", CACHE), (client, "client", CLIENT))
        for namespace, name, address in ends:
            # Without IPv6 nobody says anything unasked.
            namespace.run(
                "sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{name}/disable_ipv6"
            )
            namespace.run(ip, "address", "add", f"{address}/24", "dev", name)
            for link in ("lo", name):
                namespace.run(ip, "link", "set", link, "up")
        yield Cable(cache, client)


@contextmanager
def _held() -> Iterator[Namespace]:
    holder = subprocess.Popen(
        # It says when it is there.
        [need("unshare"), "--net", "sh", "-c", "echo here; exec cat > /dev/null"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin and holder.stdout
    try:
        holder.stdout.readline()
        yield Namespace(holder.pid)
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.wait(SECONDS)
