"""A LAN's downloads and TLS sessions, with the truth of what belonged to what.

Assumptions, all of ours, none measured on a real LAN:
- An evening of a client is four hours. It uses three services; each now and then
  fetches one title, two or three one after the other (1 to 30 s between), or two or
  three at once. Downloads last 10 s to 1 h, 3 min in the median.
- A launcher opens *chatter* (0.05 to 5 s: just before the first byte, during, or just
  after the last one), *held-open* sessions (around the start or during; for a part
  of the download, then an idle timeout; one in twenty was open minutes before) and
  *bulk* (content over TLS, 2 to 120 s, ends with the download).
- Sessions of no download: the shop and its pictures, friends, telemetry, presence
  connections of hours, and checks for updates, which nothing tells from chatter.
  One in six of the former is on a host that looks like content or a launcher.
- The log keeps ends, cut to the second, and durations to the millisecond. A download
  is known by the stamps of its first and last completed request.
Shares (of all sessions): 20 % belong to a download and overlap a second candidate,
30 % belong to none, half of those while their client downloads; of that half 85 %
are of a service that is not being downloaded, the others (``same_service``) of one
that is, and may overlap several, too.
"""

import math
import random
from dataclasses import dataclass
from typing import NamedTuple

EVENING_MS = 4 * 3600 * 1000
SLACK_MS = 2000
AMBIGUOUS, NO_DOWNLOAD = 0.20, 0.30

# service: hosts of launchers, of content, and of all that is open anyway.
HOSTS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "steam": (
        ["api.steampowered.com", "client-update.steamstatic.com", "login.valve.net"],
        ["cache1-lax1.steamcontent.com", "steampipe.akamaized.net"],
        ["store.steampowered.com", "cmp1-fra1.steamserver.net", "steamcommunity.com"],
    ),
    "epicgames": (
        ["launcher.epicgames.com", "account-public.ol.epicgames.com"],
        ["epicgames-download1.akamaized.net", "egdownload.fastly-edge.com"],
        ["store.epicgames.com", "xmpp-service.ol.epicgames.com", "news.epicgames.com"],
    ),
    "blizzard": (
        ["us.version.battle.net", "oauth.battle.net"],
        ["level3.blizzard.com", "blzddist1-a.akamaihd.net"],
        ["shop.battle.net", "us.actual.battle.net", "telemetry-in.battle.net"],
    ),
    "riot": (
        ["clientconfig.riotgames.com", "auth.riotgames.com"],
        ["lol.dyn.riotcdn.net", "ks-foundation.secure.dyn.riotcdn.net"],
        ["euw1.chat.si.riotgames.com", "data.riotgames.com", "news.riotgames.com"],
    ),
    "origin": (
        ["api.ea.com", "accounts.ea.com"],
        ["origin-a.akamaihd.net", "patches.ea.com"],
        ["www.ea.com", "chat.dm.origin.com", "river.data.ea.com"],
    ),
}  # fmt: skip
LAUNCHER, CONTENT, ASIDE = range(3)


@dataclass(frozen=True)
class Fetched:
    """One download: when it truly ran, and the stamps that the log has of it (ms)."""

    key: int
    service: str
    title: str
    start: int
    end: int
    first_stamp: int
    last_stamp: int


class Opened(NamedTuple):
    """One session, as logged (ms), and the download it belongs to, if any."""

    client: int
    service: str
    host: str
    start: int
    end: int
    truth: int | None


@dataclass
class World:
    sessions: list[Opened]
    evenings: list[list[Fetched]]

    def candidates(self, session: Opened, any_service: bool = False) -> list[Fetched]:
        return [
            one
            for one in self.evenings[session.client]
            if (any_service or one.service == session.service)
            and one.first_stamp - SLACK_MS <= session.end
            and session.start <= one.last_stamp + SLACK_MS
        ]


def simulate(seed: int, n: int = 40_000, same_service: float = 0.15) -> World:
    """Return ``n`` sessions of as many evenings as it takes; see the assumptions."""
    rng = random.Random(seed)
    world = World([], [_evening(rng, i) for i in range(max(8, n // 100))])
    wanted = {
        "ambiguous": round(n * AMBIGUOUS),
        "clear": round(n * (1 - AMBIGUOUS - NO_DOWNLOAD)),
        "idle": round(n * NO_DOWNLOAD / 2),
        "other service": round(n * NO_DOWNLOAD / 2 * (1 - same_service)),
        "same service": round(n * NO_DOWNLOAD / 2 * same_service),
    }
    while any(wanted.values()):
        for client, evening in enumerate(world.evenings):
            for session in _drawn(rng, client, evening):
                kind = _kind(world, session)
                if wanted.get(kind, 0) > 0:
                    wanted[kind] -= 1
                    world.sessions.append(session)
    rng.shuffle(world.sessions)
    return world


def _kind(world: World, session: Opened) -> str:
    same = len(world.candidates(session))
    if session.truth is not None:
        return "ambiguous" if same > 1 else "clear"
    if same:
        return "same service"
    return "other service" if world.candidates(session, any_service=True) else "idle"


def _evening(rng: random.Random, client: int) -> list[Fetched]:
    fetched: list[Fetched] = []
    for service in rng.sample(sorted(HOSTS), 3):
        at = rng.uniform(0, 1_200_000)
        while at < EVENING_MS * 0.8:
            shape = rng.choices(["queue", "at once"], [75, 25])[0]
            ends = [at]
            for _ in range(rng.choices([1, 2, 3], [50, 35, 15])[0]):
                start = at + rng.expovariate(1 / 40_000)
                if shape == "queue":
                    start = ends[-1] + rng.uniform(1_000, 30_000)
                length = min(3_600_000, max(10_000, rng.lognormvariate(12.1, 1.1)))
                fetched.append(
                    _fetched(rng, client, len(fetched), service, start, length)
                )
                ends.append(start + length)
            at = max(ends) + rng.uniform(400_000, 2_400_000)
    return fetched


def _fetched(
    rng: random.Random, client: int, number: int, service: str, at: float, long: float
) -> Fetched:
    first = at + rng.lognormvariate(5.5, 1)  # its first request takes 0.25 s or so
    return Fetched(
        client * 1000 + number,
        service,
        f"title {rng.randrange(10**6)}",
        int(at),
        int(at + long),
        int(first) // 1000 * 1000,
        int(max(first, at + long)) // 1000 * 1000,
    )


def _drawn(rng: random.Random, client: int, evening: list[Fetched]) -> list[Opened]:
    """Return a session of each download, and as many that belong to none."""
    drawn = []
    for one in evening:
        start, length, kind = _belonging(rng, one)
        drawn.append(_opened(rng, client, one.service, kind, start, length, one.key))
        start, length, kind = _aside(rng)
        service = rng.choice(sorted(HOSTS))
        drawn.append(_opened(rng, client, service, kind, start, length, None))
    return drawn


def _belonging(rng: random.Random, one: Fetched) -> tuple[float, float, int]:
    """Return start, length and kind of host of a session of this download."""
    before = one.start - rng.expovariate(1 / 600)
    during = rng.uniform(one.start, one.end)
    after = one.end + rng.expovariate(1 / 600)
    shape = rng.choices(["chatter", "held", "bulk"], [55, 25, 20])[0]
    if shape == "chatter":
        start = rng.choices([before, during, after], [35, 55, 10])[0]
        kind = rng.choices([LAUNCHER, CONTENT, ASIDE], [75, 21, 4])[0]
        return start, rng.lognormvariate(5.8, 1), kind
    if shape == "bulk":
        length = math.exp(rng.uniform(math.log(2_000), math.log(120_000)))
        return during, min(length, one.end - during + 500), CONTENT
    start = rng.choices([before, during], [60, 40])[0]
    if rng.random() < 0.05:
        start -= rng.expovariate(1 / 180_000)
    end = start + (one.end - start) * rng.uniform(0.2, 1)
    idle = rng.choice([5_000, 15_000, 60_000, 75_000])
    return start, end + idle - start, rng.choices([LAUNCHER, ASIDE], [95, 5])[0]


def _aside(rng: random.Random) -> tuple[float, float, int]:
    """Return start, length and kind of host of a session of no download."""
    start = rng.uniform(0, EVENING_MS)
    shape = rng.choices(["visit", "presence", "check"], [50, 25, 25])[0]
    if shape == "visit":
        kind = rng.choices([ASIDE, CONTENT, LAUNCHER], [80, 10, 10])[0]
        return start, rng.lognormvariate(8.5, 1.5), kind
    if shape == "presence":
        length = rng.lognormvariate(14.5, 1)  # half an hour
        kind = rng.choices([ASIDE, LAUNCHER], [85, 15])[0]
        return start - length * rng.random(), length, kind
    return start, rng.lognormvariate(5.8, 1), LAUNCHER


def _opened(
    rng: random.Random,
    client: int,
    service: str,
    kind: int,
    start: float,
    length: float,
    truth: int | None,
) -> Opened:
    end = int(start + length) // 1000 * 1000
    host = rng.choice(HOSTS[service][kind])
    return Opened(client, service, host, end - int(length), end, truth)
