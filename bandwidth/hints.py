"""Whether another interface than the watched one carries the traffic. Pure.

Compared is what goes to the clients: of a cache with one interface to its clients and
another to the internet, the second receives much and sends little.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

MINUTE = 60 * 10**9  # nanoseconds
MINUTES = 5
# Below a megabit a second it is chatter that is compared. Bytes a minute.
LEAST = 125_000 * 60

Bytes = Mapping[str, int]  # interface -> what it has carried since it began to count


@dataclass
class Rivalry:
    """Who carried more in each of the last minutes; times are a monotonic clock's."""

    looked_ns: int | None = None
    watched: Bytes = field(default_factory=dict)
    rivals: Bytes = field(default_factory=dict)
    won: dict[str, int] = field(default_factory=dict)  # minutes on end

    def is_due(self, now_ns: int) -> bool:
        return self.looked_ns is None or now_ns - self.looked_ns >= MINUTE

    def compare(self, now_ns: int, watched: Bytes, rivals: Bytes) -> str:
        """Take in what all have carried by now, about a minute after the last time.

        Return the one that carried most of those that carried more than all the watched
        together in each of the last five minutes, or "".
        """
        late = self.looked_ns is None or now_ns - self.looked_ns > 2 * MINUTE
        same = watched.keys() == self.watched.keys()
        gained = {
            name: rivals[name] - self.rivals.get(name, rivals[name]) for name in rivals
        }
        ours = sum(watched[name] - self.watched.get(name, 0) for name in watched)
        self.looked_ns, self.watched, self.rivals = now_ns, watched, rivals
        if late or not same or ours < 0:
            self.won = {}
            return ""
        self.won = {
            name: self.won.get(name, 0) + 1
            for name, size in gained.items()
            if size >= LEAST and size > ours
        }
        lasting = [name for name in self.won if self.won[name] >= MINUTES]
        return max(lasting, key=gained.__getitem__, default="")
