"""What time it is by each log, and which ten seconds of it are the last. Pure.

A stamp is a whole second, and the newest one's second may not be over: the last ten
seconds are those before it. Where nginx holds lines back (``flush=5s``), each of its
workers for itself, they end so much earlier, and are complete all the same. A log that
falls silent has no clock: ours tells how long ago its newest line came.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass

SECONDS = 10
"""That a rate stands for: below, stamps of one second say too little."""
BUCKET = 10  # seconds, each from a multiple of ten
HELD_BACK = 5  # seconds, by logs that are known for it
TRUSTED = 300
"""Seconds by which a log's clock may differ from ours. What is older was not logged
now; what is newer was stamped by no clock."""


@dataclass(frozen=True, slots=True)
class LogTime:
    """``now`` by the log, its ``newest`` stamp, and the ``end`` of the last ten
    seconds, itself not in them."""

    now: float
    newest: int
    end: int

    @property
    def first_bucket(self) -> int:
        begin = self.end - SECONDS
        return begin - begin % BUCKET

    def share(self, at: int, size: int, last_second: int) -> float:
        """Return how much of the bucket from ``at`` is of the last ten seconds, 0 to 1.

        ``last_second``: those of its ``size`` bytes that bear the log's newest stamp.
        Of a bucket that began earlier, bytes are taken to have come evenly.
        """
        stop, complete = min(at + BUCKET, self.newest + 1), size
        if at <= self.newest < at + BUCKET and self.newest >= self.end:
            stop, complete = self.newest, size - last_second
        inside = min(stop, self.end) - max(at, self.end - SECONDS)
        return complete / size * inside / (stop - at) if inside > 0 else 0.0


class LogTimes:
    """Remembers since when each log's newest stamp is the newest."""

    def __init__(self) -> None:
        self._came: dict[int, tuple[int, float]] = {}

    def at(
        self, newest: Mapping[int, int], now: float, held_back: Container[int] = ()
    ) -> dict[int, LogTime]:
        """Return the time by each log that said something of late.

        ``newest``: the newest stamp of each; ``now``: ours. Both in epoch seconds.
        ``held_back``: the logs whose lines come late.
        """
        self._came = {
            source: (stamp, self._when_it_came(source, stamp, now))
            for source, stamp in newest.items()
        }
        times = {}
        for source, (stamp, came) in self._came.items():
            if stamp > now + TRUSTED:
                times[source] = LogTime(now, stamp, int(now))
            elif (silent := max(0.0, now - came)) < TRUSTED:
                late = HELD_BACK if source in held_back else 0
                end = stamp + int(silent) - late
                times[source] = LogTime(stamp + silent, stamp, end)
        return times

    def _when_it_came(self, source: int, stamp: int, now: float) -> float:
        before, came = self._came.get(source, (stamp, float(stamp)))
        if before == stamp:
            return came
        # Just now, whatever it says: unless it is read long after it was written.
        return now if abs(now - stamp) <= TRUSTED else float(stamp)
