"""Lists as files: what is filtered, whole, harmless, and without holding anything."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from downloads import exporting
from downloads.admin.export_columns import DOWNLOADS
from downloads.clients import importing, lists
from downloads.models import Client, Download, TrafficQuarter
from tests import rows

pytestmark = pytest.mark.django_db
LISTS = ("client", "title", "download", "streamsession", "trafficquarter")
AN_HOUR = timedelta(hours=1)
FORMULAS = ("=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")


def url(name: str, kind: str) -> str:
    return f"/admin/downloads/{name}/export/{kind}/"


def exported(client, name: str, query: str = "") -> list[dict[str, str]]:
    response = client.get(url(name, "csv") + query)
    assert response.status_code == 200, response
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def exported_json(client, name: str, query: str = "") -> list[dict[str, object]]:
    response = client.get(url(name, "json") + query)
    found: list[dict[str, object]] = json.loads(b"".join(response.streaming_content))
    return found


def one_of_each() -> None:
    download = rows.download(client=rows.client(name="Mia", person="Family"))
    rows.session(download=download, confidence=0.94, unlinked="")
    TrafficQuarter.objects.create(
        datasource=rows.datasource(), client=rows.client(), service="steam",
        at=1_790_000_100, hit_bytes=5, miss_bytes=4, other_bytes=3, requests=2,
        failed_requests=1,
    )  # fmt: skip


def test_every_table_is_exported_in_both_formats(admin_client):
    one_of_each()
    for name in LISTS:
        (row,) = exported(admin_client, name)
        (same,) = exported_json(admin_client, name)
        assert list(row) == list(same)


def test_a_download_has_its_units_times_and_names(admin_client):
    one_of_each()
    (row,) = exported_json(admin_client, "download")
    assert row["started_at"] == "2026-11-24T12:00:00Z"
    assert (row["bytes_per_second"], row["hit_bytes_per_second"]) == (100e6, None)
    assert (row["client_address"], row["client_name"]) == ("10.0.0.11", "Mia")
    assert (row["total_bytes"], row["basis"]) == (6_000_000_000, "stamps")


def test_a_session_has_both_rates_or_none(admin_client):
    rows.session()
    rows.session(status=502)
    rows.session(duration=0.0)
    good, failed, instant = exported_json(admin_client, "streamsession")
    assert good["download_bytes_per_second"] == 250_000.0
    assert good["upload_bytes_per_second"] == 4000.0
    assert failed["download_bytes_per_second"] is None
    assert instant["download_bytes_per_second"] is None


def test_a_quarter_has_its_start_as_time(admin_client):
    one_of_each()
    (row,) = exported(admin_client, "trafficquarter")
    assert row["started_at"] == "2026-09-21T14:15:00Z"


def test_unknown_is_empty(admin_client):
    rows.download(bytes_per_second=None, basis="too_few")
    (row,) = exported(admin_client, "download")
    assert (row["bytes_per_second"], row["basis"]) == ("", "too_few")


def test_filters_search_and_hidden_clients_are_respected(admin_client):
    rows.download(client=rows.client("10.0.0.12", name="Ben"))
    rows.download(title=rows.title("blizzard", "d4", "Diablo IV"))
    rows.download(client=rows.client("10.0.0.13", hidden=True))
    rows.download(total_bytes=0, client=rows.client("10.0.0.14"))
    assert len(exported(admin_client, "download")) == 2
    assert len(exported(admin_client, "download", "?hidden=shown")) == 3
    (one,) = exported(admin_client, "download", "?service=blizzard")
    assert one["title"] == "Diablo IV"
    (one,) = exported(admin_client, "download", "?q=Ben&o=-5&p=1")
    assert one["client_name"] == "Ben"
    assert [row["address"] for row in exported(admin_client, "client")] == [
        "10.0.0.12", "10.0.0.11", "10.0.0.14",
    ]  # fmt: skip


def test_a_filter_that_is_none_leads_to_the_list_that_says_so(admin_client):
    response = admin_client.get(url("download", "csv") + "?nonsense__x=1")
    assert (response.status_code, response.url) == (302, "../../?e=1")


def test_the_list_offers_its_own_query(admin_client):
    rows.download()
    html = admin_client.get("/admin/downloads/download/?service=steam").content.decode()
    assert 'href="/admin/downloads/download/export/csv/?service=steam"' in html


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_looks_like_a_formula_is_harmless_in_csv_and_as_it_is_in_json(
    cell, admin_client
):
    rows.client("10.0.0.11", name=cell, person=f"{cell}x")
    (row,) = exported(admin_client, "client")
    assert (row["name"], row["person"]) == (f"'{cell}", f"'{cell}x")
    assert exported_json(admin_client, "client")[0]["name"] == cell
    assert exporting.unguarded(row["name"]) == cell


def test_quotes_separators_and_html_stay_in_their_cell(admin_client):
    rows.client("10.0.0.11", name='a,"b"\n<script>')
    assert exported(admin_client, "client")[0]["name"] == 'a,"b"\n<script>'


def test_an_empty_table_is_an_empty_file(admin_client):
    for name in LISTS:
        assert exported(admin_client, name) == []
        assert exported_json(admin_client, name) == []


def test_exporting_needs_the_right_to_look(client):
    assert client.get(url("download", "csv")).url.startswith("/admin/login/")
    client.force_login(guest := User.objects.create_user("guest", is_staff=True))
    for name in LISTS:
        assert client.get(url(name, "csv")).status_code == 403
    guest.user_permissions.add(Permission.objects.get(codename="view_download"))
    assert client.get(url("download", "csv")).status_code == 200


@pytest.fixture
def hundreds(monkeypatch):
    """Three hundred downloads with holes among their keys, and pages of ten."""
    monkeypatch.setattr(exporting, "PAGE", 10)
    monkeypatch.setattr(exporting, "WIDEST", 80)
    first = rows.download()
    values = {name: value for name, value in vars(first).items() if name[0] != "_"}
    Download.objects.bulk_create(
        Download(
            **values | {"id": first.pk + 3 * n, "ended_at": rows.NOON + n * AN_HOUR}
        )
        for n in range(1, 300)
    )


def test_every_row_comes_once_whatever_the_holes(hundreds, admin_client):
    ids = [int(row["id"]) for row in exported(admin_client, "download")]
    assert ids == list(Download.objects.order_by("pk").values_list("pk", flat=True))


def test_each_page_is_a_query_by_key_that_ends_before_the_next(hundreds):
    rows_ = Download.objects.order_by("-started_at")
    with CaptureQueriesContext(connection) as captured:
        pages = list(exporting.pages(rows_, DOWNLOADS))
    assert max(len(page) for page in pages) <= 10
    assert sum(len(page) for page in pages) == 300
    for query in captured:
        assert (
            '"downloads_download"."id" >' in query["sql"] or "LIMIT 1" in query["sql"]
        )
    assert len(captured) < 120


def test_few_rows_among_many_take_few_queries(hundreds):
    last = Download.objects.filter(pk=Download.objects.latest("pk").pk)
    with CaptureQueriesContext(connection) as captured:
        assert len(list(exporting.pages(last, DOWNLOADS))) == 1
    assert len(captured) < 25


@pytest.mark.django_db(transaction=True)
async def test_under_asgi_the_first_rows_come_before_the_last_are_read(
    hundreds_for_asgi, async_client
):
    response = await async_client.get(url("download", "csv"))
    assert response.is_async
    chunks = response.streaming_content.__aiter__()
    assert (await anext(chunks)).startswith(b"id,service,title")
    assert (await anext(chunks)).count(b",steam,")
    await Download.objects.all().adelete()
    assert [chunk async for chunk in chunks] == []


@pytest.fixture
def hundreds_for_asgi(hundreds, async_client, admin_user):
    async_client.force_login(admin_user)


def test_what_was_exported_can_be_imported_and_changes_nothing(admin_client):
    for n, name in enumerate(("=cmd()", "'quoted'", "Mia", "-dash")):
        rows.client(f"10.0.0.{n}", name=name, person="Family", name_source="hand")
    for kind in ("csv", "json"):
        response = admin_client.get(url("client", kind))
        found = lists.read(b"".join(response.streaming_content))
        assert not found.bad
        assert importing.carry_out(found.rows) == []
    assert Client.objects.filter(name_source="hand").count() == 4
