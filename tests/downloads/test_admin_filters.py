import pytest

from tests import rows

pytestmark = pytest.mark.django_db
DOWNLOADS = "/admin/downloads/download/"
SESSIONS = "/admin/downloads/streamsession/"


def listed(response):
    return set(response.context["cl"].result_list)


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
        assert admin_client.get(url, {"o": f"-{column}"}).status_code == 200


def test_clients_are_found_by_the_filter_as_one_types(admin_client):
    rows.client(name="Mia")
    rows.client("10.0.0.12", name="Jonas")
    query = {"app_label": "downloads", "model_name": "download", "field_name": "client"}
    answer = admin_client.get("/admin/autocomplete/", query | {"term": "mi"})
    assert [found["text"] for found in answer.json()["results"]] == ["Mia"]
