"""What a real nginx logs of real downloads is what the database says of them."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db.models import Sum

from downloads import linking
from downloads.models import (
    Client,
    Download,
    StreamSession,
    TrafficBucket,
    TrafficQuarter,
)
from ingest import passes
from tests.ingest.lancache import Got, Lancache, lancache
from tests.ingest.logs import datasource

__all__ = ["lancache"]
CHUNK = 300_000
STEAM = "cache1-fra1.steamcontent.com"
EPIC = "epicgames-download1.akamaized.net"


def depot(number: int, count: int) -> list[str]:
    return [f"/depot/{number}/chunk/{n:04d}" for n in range(count)]


def epic(count: int) -> list[str]:
    return [f"/Builds/Org/o-1/fortnite/default/ChunksV4/{n:04d}" for n in range(count)]


def at_once(*works: Callable[[], Got]) -> list[Got]:
    got: dict[int, Got] = {}
    threads = [
        threading.Thread(target=lambda n=n, work=work: got.__setitem__(n, work()))
        for n, work in enumerate(works)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return [got[n] for n in range(len(works))]


def slowly(cache: Lancache, client: str, paths: list[str], pause: float) -> Got:
    """Fetch a path now and then: bytes and time of all together."""
    began, size = time.monotonic(), 0
    for path in paths:
        size += cache.get(client, STEAM, [path]).bytes
        time.sleep(pause)
    return Got(size, time.monotonic() - began)


@pytest.mark.django_db
def test_what_clients_fetched_is_in_the_database_through_a_rotation(
    lancache: Lancache,
):
    for n in range(40):
        lancache.publish(f"{n:04d}", CHUNK)
    lancache.publish("news", 1_500_000)
    source = datasource(lancache.logs)
    steam, second, launcher = "127.0.41.7", "127.0.41.8", "127.0.41.9"
    epic_agent = "EpicGamesLauncher/15.17.1 Windows"

    def rotated() -> Got:
        time.sleep(0.6)
        lancache.rename_logs()
        time.sleep(0.4)
        lancache.reopen_logs()
        return Got(0, 0)

    first = at_once(
        lambda: slowly(lancache, steam, depot(441, 40), 0.05),
        lambda: lancache.get(launcher, EPIC, epic(20), epic_agent),
        lambda: lancache.tls(steam, "api.steampowered.com", "/news"),
        rotated,
    )
    passes.run(source)
    hits = lancache.get(second, STEAM, depot(441, 40))
    late = lancache.tls(launcher, "launcher.epicgames.com", "/0001")
    lancache.settle()
    passes.run(source)
    while linking.correlate().answered:
        pass

    assert {got.bytes for got in (first[0], hits)} == {40 * CHUNK}
    facts = TrafficQuarter.objects.values_list("client__address", "service").annotate(
        Sum("requests"), Sum("failed_requests"), Sum("hit_bytes"), Sum("miss_bytes")
    )
    assert set(facts.order_by()) == {
        (steam, "steam", 40, 0, 0, 40 * CHUNK),
        (second, "steam", 40, 0, 40 * CHUNK, 0),
        (launcher, "epicgames", 20, 0, 0, 20 * CHUNK),
    }
    buckets = TrafficBucket.objects.aggregate(n=Sum("requests"))
    assert buckets["n"] == 100
    downloads = set(
        Download.objects.values_list("client__address", "title__raw", "total_bytes")
    )
    assert downloads == {
        (steam, "441", 40 * CHUNK),
        (second, "441", 40 * CHUNK),
        (launcher, "o-1/fortnite", 20 * CHUNK),
    }
    assert Client.objects.count() == 3
    sessions = {s.client.address: s for s in StreamSession.objects.all()}
    for client, host, got in (
        (steam, "api.steampowered.com", first[2]),
        (launcher, "launcher.epicgames.com", late),
    ):
        assert (sessions[client].host, sessions[client].status) == (host, 200)
        assert sessions[client].bytes_sent == got.bytes
        assert sessions[client].bytes_received > 0
        assert sessions[client].duration == pytest.approx(got.seconds, abs=0.3)
    assert sessions[steam].download == Download.objects.get(client__address=steam)
    assert passes.run(source).totals.lines == 0
    assert (lancache.logs / "access.log.1").stat().st_size > 0
