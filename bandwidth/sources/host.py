"""This host's own interfaces: counters since boot, with what the kernel says of them.

In a container without the host's network the interfaces are the container's; then the
host's /proc has to be mounted (HOST_PROC), of which process 1 shows the host's.
"""

import os
from dataclasses import replace
from pathlib import Path

import psutil

from bandwidth import links
from bandwidth.sources import Counter, Reading, Source, SourceProblem

SYS = Path("/sys/class/net")
NO_INTERFACE = "there is no interface that is up"
IN_CONTAINER = (
    "this is a container with a network of its own: its interfaces are not the"
    " host's. Run it with the host's network, or mount the host's /proc and name it"
    " in HOST_PROC"
)


class HostSource(Source):
    """``wanted``: names of interfaces; empty: the one that has the default route."""

    def __init__(self, wanted: tuple[str, ...] = (), host_proc: str = "") -> None:
        self._wanted = wanted
        self._proc = Path(host_proc) if host_proc else None

    async def read(self) -> Reading:
        if self._proc is None and is_walled_in():
            raise SourceProblem(IN_CONTAINER)
        every = counters_in(self._net_dev(), own=self._proc is None)
        if self._wanted:
            missing = [name for name in self._wanted if name not in every]
            if missing:
                known = ", ".join(sorted(every))
                raise SourceProblem(f"there is no {', '.join(missing)}, but {known}")
            return Reading([every[name] for name in self._wanted])
        route = (self._proc / "1" if self._proc else Path("/proc")) / "net/route"
        name = default_interface(route, every)
        if name is None:
            raise SourceProblem(NO_INTERFACE)
        return Reading([every[name]])

    async def read_all(self) -> list[Counter]:
        """Every interface but the loopback, to see which else is busy."""
        return list(counters_in(self._net_dev(), own=self._proc is None).values())

    def _net_dev(self) -> dict[str, tuple[int, int]]:
        if self._proc is None:
            # Not what psutil makes of a counter that falls: whoever compares two
            # readings has to see it.
            counted = psutil.net_io_counters(pernic=True, nowrap=False)
            return {n: (c.bytes_recv, c.bytes_sent) for n, c in counted.items()}
        path = self._proc / "1/net/dev"
        try:
            return net_dev(path.read_text())
        except OSError as error:
            raise SourceProblem(f"{path}: {error.strerror}") from error


def net_dev(text: str) -> dict[str, tuple[int, int]]:
    """Read /proc/net/dev: name -> (received, transmitted) bytes."""
    found = {}
    for line in text.splitlines()[2:]:
        name, _, numbers = line.partition(":")
        fields = numbers.split()
        if len(fields) >= 9 and fields[0].isdigit() and fields[8].isdigit():
            found[name.strip()] = (int(fields[0]), int(fields[8]))
    return found


def counters_in(counted: dict[str, tuple[int, int]], own: bool) -> dict[str, Counter]:
    """Name -> Counter of all but the loopback. ``own``: /sys tells of these, too."""
    stats = psutil.net_if_stats() if own else {}
    found = {}
    for name, (received, transmitted) in counted.items():
        if name == "lo":
            continue
        counter = Counter(name, received, transmitted)
        if own:
            up = name in stats and stats[name].isup
            counter = replace(
                counter,
                link_bytes_per_second=links.bytes_per_second(name),
                is_up=up,
                is_virtual=is_virtual(name),
            )
        found[name] = counter
    return found


def is_virtual(name: str) -> bool:
    """Whether traffic on it is on a physical interface, too, or leaves by none.

    A bond is the real one; what is enslaved to it is counted by it.
    """
    here = SYS / name
    if not here.exists():
        return False  # no Linux
    if (here / "bonding").exists():
        return False
    if (here / "master/bonding").exists():
        return True
    return not (here / "device").exists()


def default_interface(route: Path, counters: dict[str, Counter]) -> str | None:
    """Return the interface of the default route with the lowest metric.

    Without one, the busiest that is up: macOS and Windows have no /proc.
    """
    try:
        rows = [line.split() for line in route.read_text().splitlines()[1:]]
    except OSError:
        rows = []
    routes = [
        (int(row[6]), row[0])
        for row in rows
        if len(row) > 7 and row[1] == row[7] == "00000000" and row[0] in counters
    ]
    if routes:
        return min(routes)[1]
    up = [one for one in counters.values() if one.is_up]
    up = [one for one in up if not one.is_virtual] or up
    busiest = max(
        up, key=lambda one: (one.received or 0) + (one.transmitted or 0), default=None
    )
    return busiest.name if busiest else None


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
