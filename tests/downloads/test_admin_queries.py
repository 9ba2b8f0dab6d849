"""Lists may hold millions of rows: what they ask the database for is bounded."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from downloads.admin.changelist import KeysPaginator
from downloads.models import (
    Burst,
    Counter,
    Download,
    DownloadAlias,
    TrafficBucket,
    TrafficQuarter,
)
from tests import rows

pytestmark = pytest.mark.django_db
SESSIONS = "/admin/downloads/streamsession/"
LISTS = (
    "burst", "client", "counter", "datasource", "download", "downloadalias",
    "streamsession", "title", "trafficbucket", "trafficquarter",
)  # fmt: skip


def queries(admin_client, url):
    admin_client.get(url)  # a process looks its content types up once
    with CaptureQueriesContext(connection) as captured:
        assert admin_client.get(url).status_code == 200
    return [query["sql"] for query in captured]


def make(first, last):
    """Rows of every kind, each with a client, a title and a download of its own."""
    source = rows.datasource()
    sums = {"hit_bytes": 5, "miss_bytes": 4, "other_bytes": 3, "requests": 2}
    edges = {"bytes_in_first_second": 1, "bytes_in_last_second": 1}
    for i in range(first, last):
        key = {"datasource": source, "client": rows.client(f"10.1.0.{i}")}
        title = rows.title("steam", str(i))
        own = rows.download(
            **key, title=title, ended_at=rows.NOON + timedelta(seconds=i)
        )
        for download in (own, Download.objects.earliest("pk")):
            rows.session(**key, download=download, confidence=0.9, unlinked="")
        DownloadAlias.objects.create(id=7000 + i, download=own)
        Burst.objects.create(
            **key, **sums, **edges, title=title, first=1, last=2, failed_requests=0
        )
        TrafficBucket.objects.create(**key, **sums, title=title, at=10)
        TrafficQuarter.objects.create(
            **key, **sums, service="steam", at=900, failed_requests=0
        )
        Counter.objects.create(datasource=source, name=f"n{i}")


def test_more_rows_take_no_more_queries(admin_client):
    make(0, 5)
    urls = [f"/admin/downloads/{name}/" for name in LISTS]
    urls.append(Download.objects.earliest("pk").get_absolute_url())
    few = {url: len(queries(admin_client, url)) for url in urls}
    make(5, 50)
    assert {url: len(queries(admin_client, url)) for url in urls} == few
    assert max(few.values()) <= 12


def test_no_list_is_read_further_than_its_bound(admin_client, monkeypatch):
    monkeypatch.setattr(KeysPaginator, "MOST", 60)
    for _ in range(61):
        rows.session()
    asked = queries(admin_client, SESSIONS)
    assert not [sql for sql in asked if "COUNT(" in sql]
    assert [sql for sql in asked if "LIMIT 60" in sql]
    assert b"are listed of more" in admin_client.get(SESSIONS).content


def test_the_choice_of_services_asks_no_table(admin_client):
    assert not [sql for sql in queries(admin_client, SESSIONS) if "DISTINCT" in sql]
