import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from downloads.models import (
    Burst,
    Client,
    Counter,
    Datasource,
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
        text(admin_client.get(page(row, "changelist")))
        text(admin_client.get(page(row)))


def ours():
    return [
        model
        for app in ("downloads", "ingest")
        for model in apps.get_app_config(app).get_models()
    ]


def test_every_model_of_ours_is_registered():
    assert [model for model in ours() if not admin.site.is_registered(model)] == []


def test_every_row_has_an_address_in_the_admin():
    for model in ours():
        name = f"{model._meta.app_label}/{model._meta.model_name}"
        assert model(pk=7).get_absolute_url() == f"/admin/{name}/7/change/"


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
    assert 'title="unknown: too few requests" class="unknown cursor-help">–<' in html


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


def bucket(download, second, **sums):
    columns = {"hit_bytes": 0, "miss_bytes": 0, "other_bytes": 0, "requests": 1} | sums
    TrafficBucket.objects.create(
        datasource=download.datasource, client=download.client, title=download.title,
        at=int(download.started_at.timestamp()) + second, **columns,
    )  # fmt: skip


def burst(download):
    at = int(download.started_at.timestamp())
    Burst.objects.create(
        datasource=download.datasource, client=download.client, title=download.title,
        first=at, last=at + 60, hit_bytes=0, miss_bytes=0, other_bytes=0, requests=9,
        failed_requests=0, bytes_in_first_second=0, bytes_in_last_second=0,
        download=download,
    )  # fmt: skip


def test_a_download_shows_its_traffic_over_time(admin_client):
    download = rows.download()
    burst(download)
    bucket(download, 0, hit_bytes=10**9, miss_bytes=5 * 10**8)
    bucket(download, 20, hit_bytes=10**9)
    html = text(admin_client.get(page(download))).replace("&quot;", '"')
    assert '"data": [100.0, 0.0, 100.0, 0.0, 0.0, 0.0, 0.0]' in html
    assert '"data": [50.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]' in html
    assert "Each bar is the mean of 10s" in html


def test_a_download_whose_detail_is_pruned_says_so(admin_client):
    long_ago = rows.NOON.replace(year=2020)
    download = rows.download(started_at=long_ago, ended_at=long_ago)
    Datasource.objects.update(newest_stamp=int(long_ago.timestamp()) + 60 * 86400)
    html = text(admin_client.get(page(download)))
    assert "The detail of this time is no longer kept." in html
    assert "<canvas" not in html


def test_the_hit_share_is_a_bar(admin_client):
    rows.download()
    assert 'style="width: 75%"' in text(admin_client.get(DOWNLOADS))


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


def test_lists_need_a_signed_in_operator(client):
    assert client.get(DOWNLOADS).url.startswith("/admin/login/")
    assert Client.objects.count() == 0


def test_a_name_that_a_lookup_gave_is_marked(admin_client):
    rows.download(client=rows.client(name="gaming-pc.lan", name_source="dns"))
    html = admin_client.get("/admin/downloads/download/").content.decode()
    assert 'title="10.0.0.11, named by reverse DNS"' in html
    assert "gaming-pc.lan *<" in html
