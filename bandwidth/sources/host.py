"""This host's own interfaces: counters since boot, with what the kernel says of them.

In a container without the host's network the interfaces are the container's; then the
host's /proc has to be mounted (HOST_PROC), of which process 1 shows the host's. If its
/sys is mounted beside it (/host/proc, /host/sys), that tells which are physical, how
fast they are, and which run over which.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import psutil

from bandwidth import links
from bandwidth.sources import Counter, Reading, Source, SourceProblem
from bandwidth.sources.layers import Layers, in_proc, in_sys

SYS = Path("/sys/class/net")
NO_INTERFACE = "there is no interface that is up"
IN_CONTAINER = (
    "this is a container with a network of its own: its interfaces are not the"
    " host's. Run it with the host's network, or mount the host's /proc and name it"
    " in HOST_PROC"
)
Counted = dict[str, tuple[int, int]]  # name -> (received, transmitted) bytes


class HostSource(Source):
    """``wanted``: names of interfaces; empty: the one that has the default route."""

    def __init__(self, wanted: tuple[str, ...] = (), host_proc: str = "") -> None:
        self._wanted = wanted
        self._proc = Path(host_proc) if host_proc else None
        self._sys = self._proc.parent / "sys/class/net" if self._proc else SYS
        self._watched: list[str] = []

    async def read(self) -> Reading:
        if self._proc is None and is_walled_in():
            raise SourceProblem(IN_CONTAINER)
        counted = self._counted()
        twice: dict[str, str] = {}
        if self._wanted:
            missing = [name for name in self._wanted if name not in counted]
            if missing:
                known = ", ".join(sorted(counted))
                raise SourceProblem(f"there is no {', '.join(missing)}, but {known}")
            if len(self._wanted) > 1:
                twice = self._layers(counted).counted_twice(self._wanted)
            self._watched = [name for name in self._wanted if name not in twice]
        else:
            self._watched = [self._default(counted)]
        counters = described({name: counted[name] for name in self._watched}, self._sys)
        remarks = [f"{name} is counted in {by}" for name, by in sorted(twice.items())]
        return Reading(list(counters.values()), "; ".join(remarks))

    async def rivals(self) -> list[Counter]:
        """Return the physical interfaces that are up, but neither watched nor what a
        watched one runs over; a bond for its legs.
        """
        # Of what /sys does not tell it is not known which are physical.
        told = {n: c for n, c in self._counted().items() if (self._sys / n).exists()}
        under = self._layers(told).under(self._watched)
        others = told.keys() - under - set(self._watched)
        counters = described({name: told[name] for name in others}, self._sys)
        return [one for one in counters.values() if one.is_up and not one.is_virtual]

    def _counted(self) -> Counted:
        if self._proc is None:
            # Not what psutil makes of a counter that falls: whoever compares two
            # readings has to see it.
            every = psutil.net_io_counters(pernic=True, nowrap=False)
            counted = {n: (c.bytes_recv, c.bytes_sent) for n, c in every.items()}
        else:
            path = self._proc / "1/net/dev"
            try:
                counted = net_dev(path.read_text())
            except OSError as error:
                raise SourceProblem(f"{path}: {error.strerror}") from error
        counted.pop("lo", None)  # nobody's uplink
        return counted

    def _layers(self, names: Iterable[str]) -> Layers:
        try:
            if self._proc and not self._sys.is_dir():
                return in_proc(self._proc / "1/net")
            return in_sys(self._sys, names)
        except OSError as error:
            raise SourceProblem(f"{error.filename}: {error.strerror}") from error

    def _default(self, counted: Counted) -> str:
        route = (self._proc / "1" if self._proc else Path("/proc")) / "net/route"
        name = routed(route, counted) or busiest(described(counted, self._sys))
        if name is None:
            raise SourceProblem(NO_INTERFACE)
        return name


def net_dev(text: str) -> Counted:
    """Read /proc/net/dev."""
    found = {}
    for line in text.splitlines()[2:]:
        name, _, numbers = line.partition(":")
        fields = numbers.split()
        if len(fields) >= 9 and fields[0].isdigit() and fields[8].isdigit():
            found[name.strip()] = (int(fields[0]), int(fields[8]))
    return found


def described(counted: Counted, sys: Path) -> dict[str, Counter]:
    """Name -> Counter, with the link's speed and state as far as they are known."""
    # macOS and Windows have no /sys; a mounted /proc without it tells nothing of these.
    stats = psutil.net_if_stats() if sys == SYS and not sys.is_dir() else {}
    found = {}
    for name, (received, transmitted) in counted.items():
        counter = Counter(name, received, transmitted)
        if name in stats:
            counter = replace(
                counter,
                link_bytes_per_second=links.of_megabits(stats[name].speed),
                is_up=stats[name].isup,
            )
        elif (sys / name).exists():
            counter = replace(
                counter,
                link_bytes_per_second=links.of_megabits(_number(sys / name / "speed")),
                is_up=_number(sys / name / "carrier") == 1,
                is_virtual=is_virtual(name, sys),
            )
        found[name] = counter
    return found


def _number(path: Path) -> int:
    """Return what a file of /sys holds; 0 of an interface that is down."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def is_virtual(name: str, sys: Path = SYS) -> bool:
    """Whether traffic on it is on a physical interface, too, or leaves by none.

    A bond is the real one; what is enslaved to it is counted by it.
    """
    here = sys / name
    if not here.exists():
        return False  # no Linux
    if (here / "bonding").exists():
        return False
    if (here / "master/bonding").exists():
        return True
    return not (here / "device").exists()


def routed(route: Path, names: Iterable[str]) -> str | None:
    """Return which of ``names`` has the default route with the lowest metric."""
    try:
        rows = [line.split() for line in route.read_text().splitlines()[1:]]
    except OSError:
        return None  # macOS and Windows have no /proc
    known = set(names)
    routes = [
        (int(row[6]), row[0])
        for row in rows
        if len(row) > 7 and row[1] == row[7] == "00000000" and row[0] in known
    ]
    return min(routes)[1] if routes else None


def busiest(counters: dict[str, Counter]) -> str | None:
    """Return which has carried most of those that are up, a physical one before all."""
    up = [one for one in counters.values() if one.is_up]
    up = [one for one in up if not one.is_virtual] or up
    most = max(
        up, key=lambda one: (one.received or 0) + (one.transmitted or 0), default=None
    )
    return most.name if most else None


def is_walled_in() -> bool:
    """Whether this is a container whose interfaces end in another network.

    The two ends of a veth pair name each other; of what is one's own, they are equal.
    """
    if not (Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()):
        return False
    pairs = []
    for path in SYS.glob("*/iflink"):
        try:
            index = (path.parent / "ifindex").read_text()
            pairs.append((path.parent.name, path.read_text() != index))
        except OSError:
            continue
    others = [elsewhere for name, elsewhere in pairs if name != "lo"]
    return bool(others) and all(others) and os.name == "posix"
