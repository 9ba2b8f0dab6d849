"""What a tick of the schedule does: read what is new, say what runs, and go on looking
for what is new until the next tick.

A look is names and sizes only, so that four a second cost next to nothing, on network
mounts and in containers, too, where the kernel tells of no change. What comes after a
silence is read at once; under load passes rest, because each has its price.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from downloads.announcing import Announcer
from downloads.models import Datasource
from ingest import files, passes
from ingest.models import LogFile

LOOK_SECONDS = 0.25  # from one look to the next
REST_SECONDS = 0.5  # from a pass that read something to the next look
# What these write has passed a buffer of some seconds, as bare metal caches have it.
BUFFERED = ("A3", "A4")
_watching = threading.Lock()


def held_back() -> set[int]:
    """Return the datasources whose lines come late."""
    buffered = LogFile.objects.filter(format__in=BUFFERED, finished=False)
    return set(buffered.values_list("datasource_id", flat=True).distinct())


announce = Announcer(held_back)


@dataclass
class Looked:
    """``sound``: the datasources with which nothing is wrong; ``read``: whether any
    had something new."""

    sound: list[Datasource] = field(default_factory=list)
    read: bool = False

    @property
    def rest(self) -> float:
        return REST_SECONDS if self.read else LOOK_SECONDS


def tick(budget: float) -> Looked:
    """Read what is new in every datasource that is not paused."""
    sources = Datasource.objects.filter(enabled=True, forgetting="")
    looked = _read(sources, budget)
    announce(read=False)
    return looked


def watch(budget: float, seconds: float) -> None:
    """Do a tick, and look again until ``seconds`` have passed since its start."""
    until = time.monotonic() + seconds
    looked = tick(budget)
    sources = looked.sound  # what is wrong with others, the next tick tries again
    # One thread does: the tick before this one is about to end, or reads for long.
    if not _watching.acquire(timeout=LOOK_SECONDS):
        return
    try:
        while time.monotonic() + looked.rest < until:
            time.sleep(looked.rest)
            changed = [source for source in sources if files.has_changed(source)]
            looked = _read(changed, budget)
            wrong = [source for source in changed if source not in looked.sound]
            sources = [source for source in sources if source not in wrong]
    finally:
        _watching.release()


def _read(sources: Iterable[Datasource], budget: float) -> Looked:
    """Read those that nobody else reads, and say after each what runs then."""
    looked = Looked()
    for source in sources:
        with passes.alone(source) as free:
            done = passes.run(source, budget) if free else passes.Pass()
        if done.totals.bytes:
            looked.read = True
            announce(read=True)
        if not done.errors:
            looked.sound.append(source)
    return looked
