"""The queue of sessions, and what is written to them and to downloads."""

from datetime import UTC, datetime, timedelta

import pytest

from downloads import linking
from downloads.models import Client, Datasource, Download, StreamSession, Title

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def download(start, end, title="Dota 2", service="steam", address="10.0.0.7"):
    datasource, _ = Datasource.objects.get_or_create(name="hall")
    client, _ = Client.objects.get_or_create(address=address)
    named, _ = Title.objects.get_or_create(service=service, raw=title)
    return Download.objects.create(
        datasource=datasource,
        client=client,
        service=service,
        title=named,
        started_at=at(start),
        ended_at=at(end),
        requests=1,
        failed_requests=0,
        hit_bytes=1,
        miss_bytes=0,
        other_bytes=0,
        total_bytes=1,
        basis="stamps",
        split_basis="stamps",
    )


def session(start, end, service="steam", address="10.0.0.7", **fields):
    datasource, _ = Datasource.objects.get_or_create(name="hall")
    client, _ = Client.objects.get_or_create(address=address)
    return StreamSession.objects.create(
        **{
            "datasource": datasource,
            "client": client,
            "service": service,
            "host": "api.steampowered.com",
            "protocol": "TCP",
            "status": 200,
            "bytes_sent": 900,
            "bytes_received": 100,
            "total_bytes": 1000,
            "duration": end - start,
            "started_at": at(start),
            "ended_at": at(end),
            **fields,
        }
    )


def test_a_session_is_linked_to_the_download_it_overlaps():
    dota = download(0, 60)
    one = session(10, 20)
    assert linking.correlate() == 1
    one.refresh_from_db()
    dota.refresh_from_db()
    assert (one.download, one.unlinked, one.correlated) == (dota, "", True)
    assert one.confidence > 0.9
    assert (dota.session_seconds, dota.upload_bytes_per_second) == (10, 10)
