"""Rows as ingestion would have made them, for tests of what shows them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from downloads.models import Client, Datasource, Download, StreamSession, Title

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def datasource() -> Datasource:
    return Datasource.objects.get_or_create(
        name="attic", defaults={"log_directory": "/srv/logs"}
    )[0]


def client(address: str = "10.0.0.11", **changes: Any) -> Client:
    return Client.objects.get_or_create(address=address, defaults=changes)[0]


def title(service: str = "steam", raw: str = "730", name: str = "") -> Title:
    return Title.objects.get_or_create(
        service=service, raw=raw, defaults={"name": name}
    )[0]


def download(**changes: Any) -> Download:
    """A minute of Steam: 6 GB, of which 4.5 GB came from the cache, at 100 MB/s."""
    row: dict[str, Any] = {
        "datasource": datasource(),
        "client": client(),
        "title": title(),
        "started_at": NOON,
        "ended_at": NOON + timedelta(seconds=60),
        "requests": 6000,
        "failed_requests": 0,
        "hit_bytes": 4_500_000_000,
        "miss_bytes": 1_500_000_000,
        "other_bytes": 0,
        "total_bytes": 6_000_000_000,
        "bytes_per_second": 100e6,
        "basis": "stamps",
        "split_basis": "mixed",
    } | changes
    row.setdefault("service", row["title"].service)
    return Download.objects.create(**row)


def session(**changes: Any) -> StreamSession:
    """Ten seconds of TLS to Steam: 2.5 MB down, 40 kB up, linked to nothing."""
    row: dict[str, Any] = {
        "datasource": datasource(),
        "client": client(),
        "service": "steam",
        "host": "api.steampowered.com",
        "protocol": "TCP",
        "status": 200,
        "bytes_sent": 2_500_000,
        "bytes_received": 40_000,
        "total_bytes": 2_540_000,
        "duration": 10.0,
        "started_at": NOON,
        "ended_at": NOON + timedelta(seconds=10),
        "correlated": True,
        "unlinked": "no_download",
    } | changes
    return StreamSession.objects.create(**row)
