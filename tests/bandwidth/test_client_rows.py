"""Ten seconds by client: added to, renamed, forgotten, and shown."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from bandwidth import client_samples, storing
from bandwidth.connections import Served
from bandwidth.models import BandwidthSource, ClientSample
from bandwidth.rollup import OTHERS, ClientRow
from tests import rows
from tests.postgres import Postgres, postgres
from tests.site.stack import manage

__all__ = ["postgres"]
TEN = 1_800_000_000
ADD = "/admin/bandwidth/bandwidthsource/add/"
FORM = {
    "name": "cellar", "kind": "sockets", "to_clients": "transmit", "timeout_ms": "500",
}  # fmt: skip
LIST = "admin:bandwidth_clientsample_changelist"
# Adds a row to one that has no round trip, and to one that has; prints what is there.
TWICE = f"""
import json
from bandwidth import storing
from bandwidth.connections import Served
from bandwidth.models import BandwidthSource, ClientSample
from bandwidth.rollup import ClientRow
source = BandwidthSource.objects.create(name='attic', kind='sockets').pk
for trip, size, most in ((None, 5, 9), (300, 6, 2), (200, 7, 3), (None, 8, 4)):
    served = Served(bytes=size, connections=most, active_ms=0.6, round_trip_us=trip)
    storing.store([ClientRow(source, '10.0.0.11', {TEN}, served=served)])
names = ('bytes', 'connections', 'active_ms', 'round_trip_us', 'clients')
print(json.dumps(list(ClientSample.objects.values_list(*names))))
"""


@pytest.fixture
def source(db: None) -> BandwidthSource:
    return BandwidthSource.objects.create(name="attic", kind="sockets")


def row(
    source: BandwidthSource, client: str = "10.0.0.11", at: int = TEN, **served: Any
) -> ClientRow:
    """A hundred bytes, or ``served``."""
    return ClientRow(source.pk, client, at, served=Served(**({"bytes": 100} | served)))


def stored() -> list[tuple[str, int]]:
    found = ClientSample.objects.order_by("client", "at")
    return list(found.values_list("client", "bytes"))


def test_a_row_is_added_to_on_both_databases(postgres: Postgres, tmp_path: Path):
    for name, url in (("lite", {}), ("post", {"DATABASE_URL": postgres.database("c")})):
        data = tmp_path / name
        for command in (("migrate", "-v0"), ("shell", "-v0", "-c", TWICE)):
            code, output, errors = manage(data, *command, **url)
            assert code == 0, errors
        assert json.loads(output) == [[26, 9, 4, 200, 1]]


def test_an_empty_name_is_that_of_the_others(source):
    storing.store([row(source, OTHERS), row(source)])
    assert stored() == [("", 100), ("10.0.0.11", 100)]


def test_a_renamed_client_keeps_its_rows(source):
    storing.store([row(source), row(source, at=TEN + 10), row(source, "10.0.0.12")])
    client_samples.rename({"10.0.0.11": "client-7f3a2c"})
    assert stored() == [
        ("10.0.0.12", 100), ("client-7f3a2c", 100), ("client-7f3a2c", 100)
    ]  # fmt: skip


def test_forgetting_takes_so_many_rows_and_no_other_clients(source):
    storing.store([row(source, at=TEN + 10 * n) for n in range(30)])
    storing.store([row(source, "10.0.0.12")])
    assert [client_samples.forget(["10.0.0.11"], 20) for _ in range(3)] == [20, 10, 0]
    assert stored() == [("10.0.0.12", 100)]


def test_rows_are_kept_as_long_as_buckets_are(source, settings):
    settings.BUCKET_RETENTION_DAYS = 2
    now = int(time.time())
    storing.store([row(source, at=now - days * 86400) for days in (0, 1, 3, 4)])
    assert storing.prune(time.monotonic() + 5) == 2
    assert len(stored()) == 2


def test_a_thousand_clients_are_stored_in_few_queries(
    source, django_assert_max_num_queries
):
    many = [row(source, f"10.0.{n >> 8}.{n & 255}") for n in range(1000)]
    with django_assert_max_num_queries(12):
        storing.store(many)
    assert ClientSample.objects.count() == 1000


def text_of(client: Any, query: str = "") -> str:
    answer = client.get(reverse(LIST) + query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_list_says_what_limited_a_client(admin_client, source):
    slow = row(
        source, bytes=50_000_000, round_trip_us=1500, active_ms=9000, busy_ms=8000,
        receiver_limited_ms=6000,
    )  # fmt: skip
    storing.store([slow, row(source, OTHERS, at=TEN - 10)])
    page = text_of(admin_client)
    for told in ("5.0 MB/s", "client", "75 %", "1.5 ms", "1 others"):
        assert told in page
    assert "15 Jan" in page  # in the zone of the page


def test_a_row_is_shown_with_what_was_counted(admin_client, source):
    storing.store([row(source, bytes=50_000_000, starved_ms=777)])
    pk = ClientSample.objects.get().pk
    answer = admin_client.get(f"/admin/bandwidth/clientsample/{pk}/change/")
    page = " ".join(answer.content.decode().split())
    for told in ("5.0 MB/s", "50000000", "777"):
        assert told in page


def test_a_client_is_found_by_how_its_address_begins(admin_client, source):
    storing.store([row(source), row(source, "192.168.0.1")])
    page = text_of(admin_client, "?q=10.0.0")
    assert "10.0.0.11" in page
    assert "192.168.0.1" not in page


def test_a_hidden_client_is_not_listed(admin_client, source):
    rows.client("10.0.0.11", hidden=True)
    storing.store([row(source), row(source, "10.0.0.12"), row(source, OTHERS)])
    page = text_of(admin_client)
    assert "10.0.0.11" not in page
    assert "10.0.0.12" in page
    assert "1 others" in page


def test_rows_are_only_looked_at_and_names_are_text(admin_client, client, source):
    storing.store([row(source, "<script>alert(1)</script>")])
    assert "&lt;script&gt;alert(1)" in text_of(admin_client)
    assert admin_client.get("/admin/bandwidth/clientsample/add/").status_code == 403
    assert client.get(reverse(LIST)).status_code == 302


def test_a_long_list_is_counted_no_further_than_is_shown(admin_client, source):
    served = Served(bytes=1)
    times = range(TEN, TEN + 100_500, 10)
    storing.store([ClientRow(source.pk, "10.0.0.11", at, 1, served) for at in times])
    assert "are listed of more" in text_of(admin_client)


def test_there_is_one_source_of_connections(admin_client, source):
    answer = admin_client.post(ADD, FORM)
    assert "name all ports there" in answer.content.decode()
    answer = admin_client.post(ADD, FORM | {"kind": "host", "wanted": "eth0"})
    assert answer.status_code == 302


def test_a_port_that_is_none_is_refused(admin_client, db):
    answer = admin_client.post(ADD, FORM | {"wanted": "80, http"})
    assert "&#x27;http&#x27; is no port" in answer.content.decode()


def test_testing_it_says_what_it_sees_or_where_to_run(admin_client, source):
    BandwidthSource.objects.filter(pk=source.pk).update(wanted="9")
    url = reverse("admin:bandwidth_bandwidthsource_test_it", args=[source.pk])
    page = admin_client.post(url, follow=True).content.decode()
    assert "0 connections of 0 clients" in page
    assert "must run in the network namespace of the cache" in page
