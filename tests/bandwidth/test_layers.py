"""Bonds, bridges and VLANs: nothing is counted twice, or offered for what it is on."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bandwidth.sources.host import SYS, HostSource, is_virtual
from bandwidth.sources.layers import Layers, in_proc, in_sys

# Laid out as Linux 6.1 does: a bond of two with a VLAN on it, and a bridge with a
# port and a container's cable.
LOWERS = {
    "bond0": ("eth0", "eth1"),
    "bond0.10": ("bond0",),
    "br0": ("eth2", "veth1"),
}
NAMES = ("bond0", "bond0.10", "br0", "eth0", "eth1", "eth2", "eth3", "veth1")


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A mounted /proc and /sys of another machine; give its /proc."""
    net = tmp_path / "sys/class/net"
    for name in NAMES:
        (net / name).mkdir(parents=True)
        (net / name / "carrier").write_text("1\n")
        (net / name / "speed").write_text("10000\n" if "eth" in name else "-1\n")
        if name.startswith("eth"):
            (net / name / "device").mkdir()
    for upper, lowers in LOWERS.items():
        for lower in lowers:
            (net / upper / f"lower_{lower}").symlink_to(net / lower)
            if upper != "bond0.10":
                (net / lower / "master").symlink_to(net / upper)
    (net / "bond0/bonding").mkdir()
    (tmp_path / "proc/1/net/bonding").mkdir(parents=True)
    count(tmp_path / "proc")
    return tmp_path / "proc"


def count(proc: Path, **sent: int) -> None:
    lines = [f"{name}: 5 0 0 0 0 0 0 0 {sent.get(name, 0)} 0\n" for name in NAMES]
    (proc / "1/net/dev").write_text("head\nhead\n" + "".join(lines))
    (proc / "1/net/route").write_text("head\nbond0 00000000 0 3 0 0 0 00000000 0 0 0\n")


def watched(proc: Path, *wanted: str) -> tuple[list[str], str]:
    reading = asyncio.run(HostSource(wanted, str(proc)).read())
    return [one.name for one in reading.counters], reading.remark


def rivals(proc: Path, *wanted: str) -> list[str]:
    async def ask() -> list[str]:
        source = HostSource(wanted, str(proc))
        await source.read()
        return sorted(one.name for one in await source.rivals())

    return asyncio.run(ask())


def test_the_legs_of_a_chosen_bond_do_not_count(host: Path):
    assert watched(host, "eth0", "bond0", "eth1", "eth3") == (
        ["bond0", "eth3"],
        "eth0 is counted in bond0; eth1 is counted in bond0",
    )


def test_both_legs_without_their_bond_count(host: Path):
    assert watched(host, "eth0", "eth1") == (["eth0", "eth1"], "")


def test_the_port_of_a_chosen_bridge_does_not_count(host: Path):
    assert watched(host, "eth2", "br0")[0] == ["br0"]


def test_a_vlan_is_counted_in_what_it_is_on(host: Path):
    remark = "bond0.10 is counted in bond0"
    assert watched(host, "bond0.10", "bond0") == (["bond0"], remark)


def test_offered_are_physical_ones_that_carry_something_else(host: Path):
    assert rivals(host) == ["eth2", "eth3"]
    assert rivals(host, "bond0.10") == ["eth2", "eth3"]
    assert rivals(host, "br0") == ["bond0", "eth3"]


def test_a_bond_is_offered_to_who_watches_one_of_its_legs(host: Path):
    assert rivals(host, "eth0") == ["bond0", "eth2", "eth3"]


def test_what_is_down_is_not_offered(host: Path):
    (host.parent / "sys/class/net/eth3/carrier").write_text("0\n")
    assert rivals(host) == ["eth2"]


def test_of_a_mounted_sys_speed_and_state_are_told(host: Path):
    (one,) = asyncio.run(HostSource(("eth3",), str(host)).read()).counters
    assert (one.link_bytes_per_second, one.is_up, one.is_virtual) == (
        1_250_000_000, True, False,
    )  # fmt: skip


def test_with_proc_alone_bonds_are_known_and_nothing_is_offered(host: Path):
    (host.parent / "sys").rename(host.parent / "elsewhere")
    (host / "1/net/bonding/bond0").write_text(
        "Ethernet Channel Bonding Driver: v6.1.0\n\nBonding Mode: IEEE 802.3ad\n\n"
        "Slave Interface: eth0\nMII Status: up\n\nSlave Interface: eth1\n"
    )
    assert watched(host, "eth0", "bond0", "eth3")[0] == ["bond0", "eth3"]
    assert rivals(host, "bond0") == []


def test_layers_that_go_in_circles_end():
    circle = Layers({"a": "b", "b": "a"}, {"a": {"b"}, "b": {"a"}})
    assert circle.under(["a"]) == {"a", "b"}
    assert circle.counted_twice(["a", "c"]) == {}
    assert in_proc(Path("/nowhere")) == Layers()


LINKS = """
mount -t sysfs none /sys &&
ip link add ve0 type veth peer name ve1 && ip link add br0 type bridge &&
ip link set ve0 master br0 &&
exec "$@"
"""
ASK = """
import sys
from pathlib import Path
from bandwidth.sources.host import is_virtual
from bandwidth.sources.layers import in_sys
names = ["br0", "ve0", "ve1"]
layers = in_sys(Path("/sys/class/net"), names)
print(layers.masters, sorted(layers.under(["br0"])), [is_virtual(n) for n in names])
print(layers.counted_twice(["br0", "ve0"]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes interfaces")
def test_a_real_bridge_in_a_network_of_its_own():
    done = subprocess.run(
        [
            "unshare",
            "--net",
            "--mount",
            "sh",
            "-c",
            LINKS,
            "sh",
            sys.executable,
            "-c",
            ASK,
        ],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
    )
    first, second = done.stdout.splitlines()
    assert first == "{'ve0': 'br0'} ['ve0'] [True, True, True]", done.stderr
    assert second == "{'ve0': 'br0'}"


def test_every_interface_of_this_machine_is_one_or_the_other():
    names = [path.name for path in SYS.iterdir() if path.name != "lo"]
    layers = in_sys(SYS, names)
    for name in names:
        if (SYS / name / "device").exists() and name not in layers.masters:
            assert not is_virtual(name)
