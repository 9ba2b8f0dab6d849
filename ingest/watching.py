"""What a tick of the schedule does: read what is new, say what runs, and go on looking
for what is new until the next tick.

A look is names and sizes only, so that four a second cost next to nothing, on network
mounts and in containers, too, where the kernel tells of no change. Under load a pass
follows a rest, and has the lines of both.
"""

import threading
import time

from downloads.announcing import Announcer
from downloads.models import Datasource
from ingest import files, passes

LOOK_SECONDS = 0.25
announce = Announcer()
_watching = threading.Lock()


def tick(budget: float) -> list[Datasource]:
    """Read what is new in every datasource that is not paused.

    Returns those with which nothing is wrong.
    """
    sources = Datasource.objects.filter(enabled=True, forgetting="")
    sound = [source for source in sources if _read(source, budget)]
    announce(read=False)
    return sound


def watch(budget: float, seconds: float) -> None:
    """Do a tick, and look again until ``seconds`` have passed since its start."""
    until = time.monotonic() + seconds
    sources = tick(budget)
    # One thread does: the tick before this one is about to end, or reads for long.
    if not _watching.acquire(timeout=LOOK_SECONDS):
        return
    try:
        while time.monotonic() + LOOK_SECONDS < until:
            time.sleep(LOOK_SECONDS)
            changed = [source for source in sources if files.has_changed(source)]
            for source in changed:
                if not _read(source, budget):
                    sources.remove(source)  # for the next tick to try
    finally:
        _watching.release()


def _read(source: Datasource, budget: float) -> bool:
    """Read ``source`` unless somebody does, and say what runs then.

    Returns whether nothing is wrong.
    """
    with passes.alone(source) as free:
        if not free:
            return True
        done = passes.run(source, budget)
    if done.totals.bytes:
        announce(read=True)
    return not done.errors
