"""A synthetic year of Steam in the database: some 100,000 downloads of single depots.
Everything is made up but the shape of the rows."""

import random
import time
from collections.abc import Iterator
from typing import NamedTuple

from downloads import bulk
from downloads.models import (
    Burst,
    Client,
    Datasource,
    StreamSession,
    Title,
    TrafficBucket,
)
from tests.benchmarks.depots import GAMES, depots_of

EVENINGS = 29_000  # of three or four depots each
CLIENTS = 400
DAYS = 365
FACTS = [
    "datasource", "client", "title", "first", "last", "hit_bytes", "miss_bytes",
    "other_bytes", "requests", "failed_requests", "bytes_in_first_second",
    "bytes_in_last_second", "grouped",
]  # fmt: skip
BUCKET = [
    "datasource", "client", "title", "at", "hit_bytes", "miss_bytes", "other_bytes",
    "requests",
]  # fmt: skip
SESSION = [
    "datasource", "client", "service", "host", "protocol", "status", "bytes_sent",
    "bytes_received", "total_bytes", "duration", "started_at", "ended_at",
    "unlinked", "correlated",
]  # fmt: skip


class Fetched(NamedTuple):
    """An unbroken stretch of one depot's traffic to one client."""

    client: int
    depot: int
    first: int
    last: int


def fill(now: int | None = None) -> None:
    """Store what logs of a year would have left; the caller groups it."""
    now = now or int(time.time()) // 10 * 10
    chance = random.Random(7)
    source = Datasource.objects.create(
        name="hall", log_directory="/srv/logs", newest_stamp=now
    )
    addresses = (f"10.0.{n // 250}.{n % 250 + 1}" for n in range(CLIENTS))
    clients = [Client(address=address) for address in addresses]
    clients = Client.objects.bulk_create(clients)
    depots = [depot for game in range(GAMES) for depot in depots_of(game)]
    titles = Title.objects.bulk_create(
        [Title(service="steam", raw=str(depot)) for depot in depots]
    )
    title = {depot: row.pk for depot, row in zip(depots, titles, strict=True)}
    fetched = list(_fetched(chance, now))
    bursts = [
        (source.pk, clients[f.client].pk, title[f.depot], f.first, f.last, hit,
         50_000_000 - hit, 0, 60, 0, 1_000_000, 1_000_000, False)
        for f in fetched
        for hit in [chance.choice([0, 25_000_000, 50_000_000])]
    ]  # fmt: skip
    bulk.insert(Burst, FACTS, bursts)
    kept = now - 14 * 86400
    buckets = [
        (*burst[:3], at, 10_000_000, 1_000_000, 0, 10)
        for burst in bursts
        if burst[3] >= kept
        for at in range(burst[3] // 10 * 10, burst[4] + 1, 10)
    ]
    bulk.insert(TrafficBucket, BUCKET, buckets)
    sessions = [
        (source.pk, clients[f.client].pk, "steam", "api.steampowered.com", "TCP", 200,
         50_000, 5_000, 55_000, 20.0, bulk.moment(f.first), bulk.moment(f.first + 20),
         "", False)
        for f in fetched[::5]
    ]  # fmt: skip
    bulk.insert(StreamSession, SESSION, sessions)


def _fetched(chance: random.Random, now: int) -> Iterator[Fetched]:
    """Yield stretches, oldest first: a game's depots run together or soon after."""
    for at in sorted(
        now - chance.randrange(600, DAYS * 86400) for _ in range(EVENINGS)
    ):
        client, game = chance.randrange(CLIENTS), chance.randrange(GAMES)
        for depot in chance.sample(depots_of(game), chance.choice([2, 3, 4, 5])):
            start = at + chance.randrange(240)
            for _ in range(chance.choice([1, 1, 2])):
                end = start + chance.randrange(5, 120)
                yield Fetched(client, depot, start, end)
                start = end + chance.randrange(11, 250)
