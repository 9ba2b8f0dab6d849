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


def test_a_list_by_rate_leaves_out_unknown_rates(admin_client):
    rows.download(bytes_per_second=None)
    fast, slow = rows.download(bytes_per_second=9e6), rows.download(bytes_per_second=1)
    response = admin_client.get(DOWNLOADS)
    column = list(response.context["cl"].list_display).index("rate_and_basis")
    for order, expected in ((f"-{column}", [fast, slow]), (column, [slow, fast])):
        shown = admin_client.get(DOWNLOADS, {"o": order}).context["cl"].result_list
        assert list(shown) == expected


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


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"speed_from": "100"}, True),
        ({"speed_from": "101"}, False),
        ({"size_from": "6000", "size_to": "6000"}, True),
        ({"size_to": "5999"}, False),
        ({"hits_from": "75"}, True),
        ({"hits_to": "74.9"}, False),
        ({"duration_from": "60", "duration_to": "60"}, True),
        ({"duration_from": "61"}, False),
        ({"since": "2026-11-24T12:00", "until": "2026-11-24T12:00:01"}, True),
        ({"until": "2026-11-24T12:00"}, False),
        ({"since": "2026-11-24T13:00:00+01:00"}, True),
    ],
)
def test_downloads_are_filtered_from_a_number_to_another(admin_client, query, found):
    download = rows.download()
    assert listed(admin_client.get(DOWNLOADS, query)) == (
        {download} if found else set()
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"speed_from": "0.25", "speed_to": "0.25"}, True),
        ({"speed_to": "0.2"}, False),
        ({"size_from": "2.54"}, True),
        ({"duration_to": "9.9"}, False),
        ({"since": "2026-11-24T12:00:10"}, True),
    ],
)
def test_sessions_are_filtered_from_a_number_to_another(admin_client, query, found):
    session = rows.session()
    assert listed(admin_client.get(SESSIONS, query)) == ({session} if found else set())


@pytest.mark.parametrize(
    "query",
    [
        {"speed_from": "fast"},
        {"size_to": "nan"},
        {"duration_from": "1e999"},
        {"since": "yesterday"},
        {"until": "9999-12-31T23:59:59"},
    ],
)
def test_what_is_no_number_and_no_time_is_told_and_filters_nothing(admin_client, query):
    session = rows.session()
    response = admin_client.get(SESSIONS, query)
    assert listed(response) == {session}
    assert len(list(response.context["messages"])) == 1


@pytest.mark.parametrize("value", ["x", "-", "1" * 30, "1\0"])
def test_a_key_that_none_can_be_leads_back_to_the_list(admin_client, value):
    response = admin_client.get(DOWNLOADS, {"client__id__exact": value})
    assert response.status_code == 302


def test_sessions_are_filtered_by_the_title_of_their_download(admin_client):
    download = rows.download()
    linked = rows.session(download=download, confidence=0.9, unlinked="")
    rows.session()
    query = {"download__title__id__exact": download.title_id}
    assert listed(admin_client.get(SESSIONS, query)) == {linked}
