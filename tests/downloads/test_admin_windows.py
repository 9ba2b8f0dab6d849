"""What no index serves is answered within a window, and the page says so."""

from datetime import timedelta

import pytest

from downloads.admin import changelist, searching
from tests import rows

pytestmark = pytest.mark.django_db
DOWNLOADS = "/admin/downloads/download/"
SESSIONS = "/admin/downloads/streamsession/"


@pytest.fixture(autouse=True)
def window(monkeypatch):
    monkeypatch.setattr(changelist, "WINDOW", 5)


def at(seconds, make=rows.session, **changes):
    moment = rows.NOON + timedelta(seconds=seconds)
    times = {"ended_at": moment, "started_at": moment}
    return make(**times, **changes)


def keys(response):
    assert response.status_code == 200
    return [row.pk for row in response.context["cl"].result_list]


def test_a_list_newest_first_is_whole(admin_client):
    made = [at(n).pk for n in range(12)]
    response = admin_client.get(SESSIONS)
    assert keys(response) == made[::-1]
    assert b"Among the" not in response.content


@pytest.mark.parametrize(
    ("make", "url", "changes", "query"),
    [
        (rows.session, SESSIONS, {}, {"service": "steam"}),
        (rows.session, SESSIONS, {"status": 502}, {"status": "failed"}),
        (rows.session, SESSIONS, {"status": 502}, {"status": "502"}),
        (rows.download, DOWNLOADS, {"basis": "too_few"}, {"basis__exact": "too_few"}),
    ],
)
def test_a_filter_with_an_index_reaches_all_rows(
    admin_client, make, url, changes, query
):
    made = [at(n, make, **changes).pk for n in range(12)]
    response = admin_client.get(url, query)
    assert keys(response) == made[::-1]
    assert b"Among the" not in response.content


def test_other_filters_reach_as_far_as_the_window_and_say_so(admin_client):
    made = [at(60 * n).pk for n in range(12)]
    response = admin_client.get(SESSIONS, {"linked": "no"})
    assert keys(response) == made[:5:-1]
    assert b"Among the newest 5 stream sessions, since 24 Nov 2026 12:06." in " ".join(
        response.content.decode().split()
    ).encode().replace(b" .", b".")


def test_looking_further_back_finds_what_was_left_out(admin_client):
    made = [at(60 * n).pk for n in range(12)]
    seen = []
    url = f"{SESSIONS}?linked=no"
    while url:
        response = admin_client.get(url)
        seen += keys(response)
        link = response.context["cl"].beyond_link()
        url = SESSIONS + link if link else ""
    assert seen == made[::-1]


def test_the_window_of_a_client_is_of_its_own_rows(admin_client):
    mine = [at(n, client=rows.client("10.9.9.9")).pk for n in range(4)]
    for n in range(20):
        at(100 + n)
    query = {"client__id__exact": rows.client("10.9.9.9").pk, "linked": "no"}
    response = admin_client.get(SESSIONS, query)
    assert keys(response) == mine[::-1]
    assert b"Among the" not in response.content


def test_of_two_filters_the_one_that_reaches_further_leads(admin_client):
    rare = at(0, rows.download, basis="too_few")
    for n in range(1, 12):
        at(n, rows.download)
    query = {"client__id__exact": rare.client_id, "basis__exact": "too_few"}
    response = admin_client.get(DOWNLOADS, query)
    assert keys(response) == [rare.pk]
    assert b"Among the" not in response.content


def test_a_list_by_size_is_whole_and_with_a_filter_within_the_window(admin_client):
    made = [at(n, rows.download, total_bytes=100 - n).pk for n in range(12)]
    shown = admin_client.get(DOWNLOADS).context["cl"]
    sort = f"-{list(shown.list_display).index('total')}"
    assert keys(admin_client.get(DOWNLOADS, {"o": sort})) == made
    within = {"o": sort, "service": "steam"}
    response = admin_client.get(DOWNLOADS, within)
    assert keys(response) == made[6:]
    assert b"of the chosen service" in response.content


def test_oldest_first_has_the_oldest_in_its_window(admin_client):
    made = [at(n).pk for n in range(12)]
    response = admin_client.get(SESSIONS, {"o": "1", "linked": "no"})
    assert keys(response) == made[:6]
    assert b"Among the oldest 5" in response.content


def test_a_range_of_time_moves_the_window(admin_client):
    made = [at(60 * n).pk for n in range(12)]
    query = {"linked": "no", "until": "2026-11-24T12:07:00"}
    assert keys(admin_client.get(SESSIONS, query)) == made[1:7][::-1]


def test_pages_go_on_within_what_is_listed(admin_client):
    made = [at(n).pk for n in range(120)]
    assert keys(admin_client.get(SESSIONS, {"p": "3"})) == made[19::-1]
    assert admin_client.get(SESSIONS, {"p": "4"}).status_code == 302


def test_a_search_that_finds_few_reaches_all_rows(admin_client, monkeypatch):
    mia = rows.client("10.9.9.9", name="Mia")
    mine = [at(n, rows.download, client=mia).pk for n in range(4)]
    for n in range(20):
        at(100 + n, rows.download)
    for query in ("mia", "mia 730", "730 mia"):
        response = admin_client.get(DOWNLOADS, {"q": query})
        assert keys(response) == mine[::-1]
        assert b"Among the" not in response.content
    lately = {"q": "mia", "since": "2026-11-24T12:00:03"}
    assert keys(admin_client.get(DOWNLOADS, lately)) == mine[3:]
    monkeypatch.setattr(searching, "FEW", 3)
    response = admin_client.get(DOWNLOADS, {"q": "mia"})
    assert keys(response) == []
    assert b"Among the newest 5" in response.content
