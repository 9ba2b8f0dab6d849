from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from downloads.admin.base import BoundedPaginator
from downloads.models import (
    Burst,
    Client,
    Counter,
    Download,
    DownloadAlias,
    StreamSession,
    Title,
    TrafficBucket,
    TrafficQuarter,
)
from tests import rows

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>.example"
DOWNLOADS = "/admin/downloads/download/"
SESSIONS = "/admin/downloads/streamsession/"


def text(response):
    assert response.status_code == 200
    return response.content.decode()


def listed(response):
    return set(response.context["cl"].result_list)


def everything():
    """One row of each model; return them."""
    download = rows.download()
    key = {"datasource": rows.datasource(), "client": rows.client()}
    sums = {"hit_bytes": 5, "miss_bytes": 4, "other_bytes": 3, "requests": 2}
    edges = {"bytes_in_first_second": 1, "bytes_in_last_second": 1}
    return [
        rows.datasource(),
        rows.client(),
        rows.title(),
        download,
        DownloadAlias.objects.create(id=777, download=download),
        rows.session(download=download, confidence=0.94, unlinked=""),
        Burst.objects.create(
            **key, **sums, **edges, title=rows.title(), first=60, last=99,
            failed_requests=0, download=download,
        ),
        TrafficBucket.objects.create(**key, **sums, title=rows.title(), at=60),
        TrafficQuarter.objects.create(
            **key, **sums, service="steam", at=900, failed_requests=0
        ),
        Counter.objects.create(datasource=rows.datasource(), name="x_bytes", value=7),
    ]  # fmt: skip


def page(row, action="change"):
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{action}"
    return reverse(name, args=[row.pk] if action == "change" else [])


def test_every_model_has_a_list_and_a_page(admin_client):
    for row in everything():
        assert str(row) or True
        text(admin_client.get(page(row, "changelist")))
        text(admin_client.get(page(row)))


def test_every_model_of_ours_is_registered():
    from django.apps import apps

    ours = [
        m
        for app in ("downloads", "ingest")
        for m in apps.get_app_config(app).get_models()
    ]
    assert [model for model in ours if not admin.site.is_registered(model)] == []


@pytest.mark.parametrize(
    "model",
    [
        Burst,
        Counter,
        Download,
        DownloadAlias,
        StreamSession,
        TrafficBucket,
        TrafficQuarter,
    ],
)
def test_facts_cannot_be_added_changed_or_deleted(model, rf, admin_user):
    request = rf.get("/")
    request.user = admin_user
    facts = admin.site.get_model_admin(model)
    assert facts.has_view_permission(request)
    assert not facts.has_add_permission(request)
    assert not facts.has_change_permission(request)
    assert not facts.has_delete_permission(request)


def test_a_post_to_a_download_changes_nothing(admin_client):
    download = rows.download()
    response = admin_client.post(page(download), {"requests": 1})
    assert response.status_code == 403
    download.refresh_from_db()
    assert download.requests == 6000


def test_downloads_show_speeds_as_people_read_them(admin_client):
    rows.download()
    html = text(admin_client.get(DOWNLOADS))
    for shown in ("100.0 MB/s", "6.00 GB", "1m 0s", "75 %", "6,000"):
        assert shown in html


def test_an_unknown_rate_is_a_dash_that_tells_why(admin_client):
    rows.download(bytes_per_second=None, basis="too_few")
    html = text(admin_client.get(DOWNLOADS))
    assert 'title="unknown: too few requests" class="cursor-help">–<' in html


def test_sessions_show_both_rates(admin_client):
    rows.session()
    html = text(admin_client.get(SESSIONS))
    assert "250.0 kB/s" in html
    assert "4.0 kB/s" in html


def test_a_failed_session_tells_why_it_has_no_rate(admin_client):
    rows.session(status=502, bytes_sent=0, bytes_received=0, total_bytes=0)
    assert "it failed with status 502" in text(admin_client.get(SESSIONS))


def test_what_strangers_wrote_is_text(admin_client):
    hostile = rows.title(raw="<script>alert(2)</script>")
    download = rows.download(title=hostile, client=rows.client("<script>alert(3)"))
    session = rows.session(host=HOSTILE, download=download, confidence=0.5, unlinked="")
    for url in (SESSIONS, DOWNLOADS, page(session), page(download), page(hostile)):
        html = text(admin_client.get(url))
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html


def test_a_download_shows_its_sessions_with_confidence_and_reason(admin_client):
    download = rows.download()
    rows.session(download=download, confidence=0.94, unlinked="")
    html = text(admin_client.get(page(download)))
    assert "94 %" in html
    assert "100 % of it during the download; host talks to a launcher" in html


def test_a_download_shows_a_page_of_its_sessions_at_a_time(admin_client):
    download = rows.download()
    for _ in range(60):
        rows.session(download=download, confidence=0.9, unlinked="")
    html = text(admin_client.get(page(download)))
    assert html.count(">api.steampowered.com</a>") == 50


def test_an_absorbed_id_leads_to_the_download_that_has_its_bytes(admin_client):
    download = rows.download()
    DownloadAlias.objects.create(id=777, download=download)
    response = admin_client.get(f"{DOWNLOADS}777/change/")
    assert response.url == download.get_absolute_url()


def test_an_id_that_never_was_leads_to_the_index(admin_client):
    for pk in ("778", "x", "9" * 30):
        response = admin_client.get(f"{DOWNLOADS}{pk}/change/")
        assert response.url == "/admin/"


def test_renaming_a_title_groups_its_bursts_again(admin_client):
    burst = everything()[6]
    Burst.objects.update(grouped=True)
    form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "Save"}
    form |= {"form-0-id": burst.title_id, "form-0-name": "Counter-Strike 2"}
    admin_client.post("/admin/downloads/title/", form)
    assert Title.objects.get().name == "Counter-Strike 2"
    assert not Burst.objects.get().grouped


def test_saving_a_title_as_it_is_groups_nothing(admin_client):
    burst = everything()[6]
    Burst.objects.update(grouped=True)
    admin_client.post(page(burst.title), {"name": ""})
    assert Burst.objects.get().grouped


def test_clients_are_named_and_hidden_in_their_list(admin_client):
    client = rows.client()
    form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "Save"}
    form |= {"form-0-id": client.pk, "form-0-name": "Mia", "form-0-hidden": "on"}
    admin_client.post("/admin/downloads/client/", form)
    client.refresh_from_db()
    assert (client.name, client.hidden, client.excluded) == ("Mia", True, False)


@pytest.mark.parametrize("url", [DOWNLOADS, SESSIONS])
def test_hidden_clients_are_listed_on_request_only(admin_client, url):
    make = rows.download if url == DOWNLOADS else rows.session
    seen = make()
    hidden = make(client=rows.client("10.0.0.99", hidden=True))
    assert listed(admin_client.get(url)) == {seen}
    assert listed(admin_client.get(url, {"hidden": "shown"})) == {seen, hidden}
    assert listed(admin_client.get(url, {"hidden": "only"})) == {hidden}
    asked = {"client__id__exact": hidden.client_id}
    assert listed(admin_client.get(url, asked)) == {hidden}


def test_downloads_of_0_bytes_are_listed_on_request_only(admin_client):
    full = rows.download()
    empty = rows.download(total_bytes=0, hit_bytes=0, miss_bytes=0)
    assert listed(admin_client.get(DOWNLOADS)) == {full}
    assert listed(admin_client.get(DOWNLOADS, {"empty": "shown"})) == {full, empty}
    assert listed(admin_client.get(DOWNLOADS, {"empty": "only"})) == {empty}


def test_downloads_are_filtered_by_what_they_are(admin_client):
    steam = rows.download()
    other = rows.download(title=rows.title("", "x"), basis="too_short")
    for query, found in (
        ({"service": "steam"}, steam),
        ({"service": "unknown"}, other),
        ({"basis__exact": "too_short"}, other),
        ({"client__id__exact": "0"}, None),
        ({"datasource__id__exact": steam.datasource_id, "service": "steam"}, steam),
    ):
        assert listed(admin_client.get(DOWNLOADS, query)) == {found} - {None}


def test_sessions_are_filtered_by_status_and_link(admin_client):
    linked = rows.session(download=rows.download(), confidence=0.9, unlinked="")
    failed = rows.session(status=502, unlinked="nothing_sent")
    new = rows.session(correlated=False, unlinked="")
    for query, found in (
        ({"linked": "yes"}, {linked}),
        ({"linked": "no"}, {failed, new}),
        ({"linked": "nothing_sent"}, {failed}),
        ({"linked": "waiting"}, {new}),
        ({"status": "failed"}, {failed}),
        ({"status": "200"}, {linked, new}),
        ({"status": "nonsense"}, {linked, failed, new}),
    ):
        assert listed(admin_client.get(SESSIONS, query)) == found


def test_lists_are_searched_by_client_host_and_title(admin_client):
    mia = rows.client("10.0.0.12", name="Mia's tower")
    download = rows.download(client=mia, title=rows.title("steam", "1086940", "Baldur"))
    session = rows.session(client=mia, host="store.steampowered.com")
    rows.download()
    rows.session()
    for word in ("mia", "10.0.0.12", "baldur", "108694"):
        assert listed(admin_client.get(DOWNLOADS, {"q": word})) == {download}
    for word in ("mia", "10.0.0.12", "store."):
        assert listed(admin_client.get(SESSIONS, {"q": word})) == {session}


def test_unknown_rates_sort_last_both_ways(admin_client):
    unknown = rows.download(bytes_per_second=None)
    fast, slow = rows.download(bytes_per_second=9e6), rows.download(bytes_per_second=1)
    response = admin_client.get(DOWNLOADS)
    column = list(response.context["cl"].list_display).index("rate_and_basis")
    for order, expected in ((f"-{column}", [fast, slow]), (column, [slow, fast])):
        shown = admin_client.get(DOWNLOADS, {"o": order}).context["cl"].result_list
        assert list(shown) == [*expected, unknown]


@pytest.mark.parametrize("model", ["download", "streamsession"])
def test_every_column_that_offers_it_sorts(admin_client, model):
    rows.session(download=rows.download(), confidence=0.9, unlinked="")
    url = f"/admin/downloads/{model}/"
    for column in range(len(admin_client.get(url).context["cl"].list_display)):
        text(admin_client.get(url, {"o": f"-{column}"}))


def queries(admin_client, url):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        text(admin_client.get(url))
    return [query["sql"] for query in captured]


def many(count, start):
    """Downloads and sessions, each of a client, title and download of its own."""
    for i in range(start, start + count):
        shared = {
            "client": rows.client(f"10.1.0.{i}"),
            "ended_at": rows.NOON + timedelta(1),
        }
        download = rows.download(title=rows.title("steam", f"{i}"), **shared)
        rows.session(download=download, confidence=0.9, unlinked="", **shared)
        rows.session(download=Download.objects.first(), confidence=0.9, unlinked="")


def test_the_number_of_queries_is_that_of_few_rows(admin_client):
    everything()
    many(5, 0)
    urls = [page(row, "changelist") for row in everything()[1:0]]
    urls += [DOWNLOADS, SESSIONS, page(Download.objects.first())]
    urls += [f"/admin/downloads/{name}/" for name in ("client", "title")]
    few = {url: len(queries(admin_client, url)) for url in urls}
    many(40, 5)
    assert {url: len(queries(admin_client, url)) for url in urls} == few
    assert max(few.values()) <= 12


def test_no_list_counts_further_than_its_bound(admin_client, monkeypatch):
    monkeypatch.setattr(BoundedPaginator, "MOST", 60)
    for _ in range(61):
        rows.session()
    counts = [sql for sql in queries(admin_client, SESSIONS) if "COUNT(" in sql]
    assert len(counts) == 1
    assert "LIMIT 60" in counts[0]
    html = text(admin_client.get(SESSIONS))
    assert "60" in html and "are listed of more" in html


def test_clients_are_found_by_the_filter_as_one_types(admin_client):
    rows.client(name="Mia")
    rows.client("10.0.0.12", name="Jonas")
    query = {"app_label": "downloads", "model_name": "download", "field_name": "client"}
    answer = admin_client.get("/admin/autocomplete/", query | {"term": "mi"})
    assert [found["text"] for found in answer.json()["results"]] == ["Mia"]


def test_lists_need_a_signed_in_operator(client):
    assert client.get(DOWNLOADS).url.startswith("/admin/login/")
    assert Client.objects.count() == 0
