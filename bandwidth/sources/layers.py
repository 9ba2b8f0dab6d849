"""Which interface runs over which: what a bond carries, its legs carry, too.

/sys/class/net/NAME/master     the bond, bridge or team that NAME is a leg of
/sys/class/net/NAME/lower_*    what NAME runs over: legs, or what a VLAN is on
/proc/1/net/bonding/NAME       the same of bonds, where only /proc is mounted
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Layers:
    """``masters``: a leg's bond or bridge. ``lowers``: what each runs over."""

    masters: dict[str, str] = field(default_factory=dict)
    lowers: dict[str, set[str]] = field(default_factory=dict)

    def under(self, names: Iterable[str]) -> set[str]:
        """Return everything that these run over, through any number of layers."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            more = self.lowers.get(waiting.pop(), set()) - found
            found |= more
            waiting += more
        return found

    def counted_twice(self, names: Collection[str]) -> dict[str, str]:
        """Return which of these carry only what another carries, and which one.

        A leg of its bond; a VLAN of the interface that it is on.
        """
        twice = {}
        for name in names:
            others = set(names) - {name}
            over = self._masters_over(name) & others
            # A master carries no less than its legs: it is on top of them, not in them.
            if not over and name not in self.masters.values():
                over = self.under([name]) & others
            if over:
                twice[name] = min(over)
        return twice

    def _masters_over(self, name: str) -> set[str]:
        found: set[str] = set()
        while (name := self.masters.get(name, "")) and name not in found:
            found.add(name)
        return found


def in_sys(sys: Path, names: Iterable[str]) -> Layers:
    """Read a /sys/class/net."""
    masters, lowers = {}, {}
    for name in names:
        master = sys / name / "master"
        if master.is_symlink():
            masters[name] = master.readlink().name
        found = {
            path.name.removeprefix("lower_") for path in sys.glob(f"{name}/lower_*")
        }
        if found:
            lowers[name] = found
    return Layers(masters, lowers)


def in_proc(net: Path) -> Layers:
    """Read a /proc/1/net, which tells of bonds only."""
    masters: dict[str, str] = {}
    lowers: dict[str, set[str]] = {}
    for path in net.glob("bonding/*"):
        for line in path.read_text().splitlines():
            key, _, leg = line.partition(": ")
            if key == "Slave Interface":
                masters[leg] = path.name
                lowers.setdefault(path.name, set()).add(leg)
    return Layers(masters, lowers)
