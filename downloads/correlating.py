"""Which download a TLS session was opened for, and how sure that is. Pure.

A session's bytes are no download's bytes: what ties the two is the client, the
service of the host, and time. The link is a hint, and its confidence a probability:
of a hundred links that say 0.7, seventy should be right. `make bench-correlation`
prints how far that holds in a simulation.

Failed and empty sessions are not linked: they carried nothing that could belong to
anything. One of 0.000 s is (it carried bytes), though it can be in no rate.
"""

import re
from collections.abc import Iterable
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

# A stamp is the end of a request, cut to its second: a download began a little
# before its first stamp, and what asks for it is often sent before that.
SLACK_MS = 2_000
# What was open longer than this before a download's first stamp was hardly opened
# for it.
EARLY_MS = 10_000


class Session(NamedTuple):
    """A session's first and last millisecond (epoch), and its folded host."""

    started_ms: int
    ended_ms: int
    host: str


class Candidate(NamedTuple):
    """A download of the session's datasource, address and service.

    ``key`` is what the caller calls it: handed back, and never compared.
    """

    key: int
    started_ms: int
    ended_ms: int
    title: str


class Link(NamedTuple):
    key: int
    confidence: float


class HostKind(Enum):
    CONTENT = "serves files"
    LAUNCHER = "talks to a launcher: whatever is not one of the others"
    ASIDE = "shop, friends, chat, telemetry: open whether one downloads or not"


_CONTENT = re.compile(
    r"cache|content|cdn|download|patch|windowsupdate|akamai|assets|level3"
    r"|(^|[.-])(dl|do|dist|depot)\d*[.-]"
)
_ASIDE = re.compile(
    r"(^|[.-])(store|shop|community|chat|friends|presence|xmpp|help|news|social|www"
    r"|forums?|telemetry|tracking|data|events?|metrics)[.-]"
    r"|steamcommunity|steamserver|(?<!^client-update\.)steamstatic"
)

# How often a link is right where there is one candidate, when it covers none, half
# and all of the session. By kind of host, and whether the session was open before the
# download. Fitted on one simulated LAN (tests.benchmarks.correlation --fit), rounded,
# and judged on others; too few content sessions are early to tell them apart.
COVERED = (0.0, 0.5, 1.0)
RIGHT = {
    (HostKind.CONTENT, False): (0.98, 0.98, 0.99),
    (HostKind.LAUNCHER, False): (0.98, 0.98, 0.98),
    (HostKind.ASIDE, False): (0.53, 0.64, 0.73),
    (HostKind.CONTENT, True): (0.54, 0.87, 0.94),
    (HostKind.LAUNCHER, True): (0.54, 0.87, 0.94),
    (HostKind.ASIDE, True): (0.02, 0.09, 0.57),
}
# The part of that which is left when there are several, by the best one's share in
# the sum of their overlaps. What was open before the longest overlap began, most
# likely belongs to another.
SHARE = (1 / 3, 0.5, 0.75, 1.0)
AMONG = {
    False: (0.45, 0.70, 0.88, 0.87),
    True: (0.06, 0.14, 0.20, 0.40),
}
# Where overlaps are equal the earlier start is a guess among them, and worse than by
# chance: launchers talk most when a download starts.
TIED = 0.67
MOST = 0.99  # no log proves a link, or refutes it


class Evidence(NamedTuple):
    """The likeliest download of a session, and what speaks for it.

    covered = overlap / the session's length
    share = overlap / sum of the overlaps of all candidates
    tied = how many candidates have this overlap
    """

    key: int
    kind: HostKind
    early: bool
    covered: float
    share: float
    tied: int


def host_kind(host: str) -> HostKind:
    if _ASIDE.search(host):
        return HostKind.ASIDE
    return HostKind.CONTENT if _CONTENT.search(host) else HostKind.LAUNCHER


def overlap_ms(session: Session, download: Candidate) -> int:
    """Return the milliseconds that both cover, slack included; 0 or less if none.

    First and last millisecond count, so a session of 0.000 s has a length, too.
    """
    start = max(session.started_ms, download.started_ms - SLACK_MS)
    return min(session.ended_ms, download.ended_ms + SLACK_MS) - start + 1


def weigh(session: Session, downloads: Iterable[Candidate]) -> Evidence | None:
    """Return the download that the session most likely belongs to, or None.

    The longest overlap wins, then the earlier start, then the title: never a key,
    so that the answer is the same in whatever order rows were made.
    """
    overlaps = [(overlap_ms(session, one), one) for one in downloads]
    overlaps = [(shared, one) for shared, one in overlaps if shared > 0]
    if not overlaps:
        return None
    shared, best = min(
        overlaps,
        key=lambda pair: (
            -pair[0],
            pair[1].started_ms,
            pair[1].title,
            pair[1].ended_ms,
        ),
    )
    return Evidence(
        best.key,
        host_kind(session.host),
        session.started_ms < best.started_ms - EARLY_MS,
        shared / (session.ended_ms - session.started_ms + 1),
        shared / sum(each for each, _ in overlaps),
        sum(each == shared for each, _ in overlaps),
    )


def link(session: Session, downloads: Iterable[Candidate]) -> Link | None:
    """Return the session's likeliest download and how likely it is, or None."""
    found = weigh(session, downloads)
    return Link(found.key, confidence(found)) if found else None


def confidence(found: Evidence) -> float:
    """Return the probability that this download is the right one."""
    right = _between(COVERED, RIGHT[found.kind, found.early], found.covered)
    if found.tied > 1:
        right *= TIED / found.tied
    elif found.share < 1:
        right *= _between(SHARE, AMONG[found.early], found.share)
    return round(min(max(right, 1 - MOST), MOST), 4)


def _between(
    knots: tuple[float, ...], values: tuple[float, ...], position: float
) -> float:
    """Return the value at a position: straight lines between knots, level outside."""
    if position <= knots[0]:
        return values[0]
    for left, right in pairwise(range(len(knots))):
        if position <= knots[right]:
            part = (position - knots[left]) / (knots[right] - knots[left])
            return values[left] + part * (values[right] - values[left])
    return values[-1]


class Upload(NamedTuple):
    """What clients sent in some sessions: over the time in which any was open."""

    seconds: float
    bytes_per_second: float


def upload(spans: Iterable[tuple[int, int, int]]) -> Upload | None:
    """Return sum of bytes / UNION of times of (start ms, end ms, bytes received).

    None when no time passed in any of them.
    """
    total = covered = 0
    reached: int | None = None
    for start, end, size in sorted(spans):
        total += size
        begin = start if reached is None else max(start, reached)
        covered += max(0, end - begin)
        reached = end if reached is None else max(reached, end)
    if not covered:
        return None
    return Upload(covered / 1000, total * 1000 / covered)
