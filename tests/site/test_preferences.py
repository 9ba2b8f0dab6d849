"""Units and a time zone as each user prefers, in pages and nowhere else."""

import asyncio
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from downloads import quantities
from lancache_site.models import Preferences
from lancache_site.preferences import as_preferred
from tests import rows

pytestmark = pytest.mark.django_db
PAGE = "/admin/preferences/"
DOWNLOADS = "/admin/downloads/download/"


def user(name: str, **preferences: str) -> User:
    made = User.objects.create_superuser(name)
    Preferences.objects.create(user=made, **preferences)
    return made


def listed(who: User) -> str:
    client = Client()
    client.force_login(who)
    return client.get(DOWNLOADS).content.decode()


def test_a_page_is_in_the_units_and_the_zone_of_its_reader():
    rows.download()
    html = listed(user("mia", rates_in="bits", time_zone="Asia/Tokyo"))
    assert "800.0 Mbit/s" in html
    assert "MB/s" not in html
    assert "24 Nov 21:00" in html
    assert "800,000,000 bits per second" in html


def test_binary_prefixes_hold_for_sizes_and_rates():
    rows.download()
    html = listed(user("mia", prefixes="binary"))
    assert "5.59 GiB" in html
    assert "95.4 MiB/s" in html


def test_what_one_prefers_leaks_into_no_other_page():
    rows.download()
    mia, bob = user("mia", rates_in="bits", time_zone="Asia/Tokyo"), user("bob")
    for _ in range(2):
        assert "800.0 Mbit/s" in listed(mia)
        assert "100.0 MB/s" in listed(bob)
        assert "24 Nov 12:00" in listed(bob)
    assert quantities.rate(1e6) == "1.0 MB/s"
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.django_db(transaction=True)
async def test_pages_that_are_made_at_once_do_not_mix():
    def prepare():
        rows.download()
        return [user(f"u{i}", rates_in=("bits", "bytes")[i % 2]) for i in range(6)]

    from asgiref.sync import sync_to_async

    async def page(who: User) -> str:
        client = AsyncClient()
        await client.aforce_login(who)
        return (await client.get(DOWNLOADS)).content.decode()

    users = await sync_to_async(prepare)()
    pages = await asyncio.gather(*map(page, users))
    assert ["800.0 Mbit/s" in html for html in pages] == [True, False] * 3


@pytest.mark.parametrize("path", ["/api/downloads", "/metrics", "/healthz"])
def test_what_programs_read_is_in_bytes_and_the_servers_zone(rf, path):
    def told(request):
        return HttpResponse(f"{quantities.rate(1e6)} {timezone.get_current_timezone()}")

    request = rf.get(path)
    request.user = user("mia", rates_in="bits", time_zone="Asia/Tokyo")
    assert as_preferred(told)(request).content == b"1.0 MB/s UTC"


def test_a_failing_page_leaves_no_units_behind(rf):
    def fails(request):
        raise ValueError

    request = rf.get(DOWNLOADS)
    request.user = user("mia", rates_in="bits", time_zone="Asia/Tokyo")
    with pytest.raises(ValueError):
        as_preferred(fails)(request)
    assert quantities.rate(1e6) == "1.0 MB/s"
    assert timezone.get_current_timezone_name() == "UTC"


def test_preferences_take_no_query_of_their_own(client):
    client.force_login(user("mia", rates_in="bits"))
    client.get(PAGE)
    with CaptureQueriesContext(connection) as captured:
        client.get(PAGE)
    asked = [q["sql"] for q in captured if "preferences" in q["sql"]]
    assert len(asked) == 1
    assert "JOIN" in asked[0]


def test_preferences_are_chosen_on_their_page(client):
    client.force_login(User.objects.create_user("viewer", is_staff=True))
    assert PAGE in client.get("/admin/").content.decode()
    chosen = {"rates_in": "bits", "prefixes": "binary", "time_zone": "Europe/Berlin"}
    for _ in range(2):
        assert client.post(PAGE, chosen).status_code == 302
    kept = Preferences.objects.get()
    assert (kept.user.username, kept.units.rates_in_bits) == ("viewer", True)
    assert f"{kept.zone}" == "Europe/Berlin"


@pytest.mark.parametrize(
    ("field", "value"),
    [("time_zone", "Mars/Olympus"), ("time_zone", "../../etc/passwd"),
     ("rates_in", "furlongs"), ("prefixes", "")],
)  # fmt: skip
def test_nonsense_is_refused(admin_client, field, value):
    chosen = {"rates_in": "bits", "prefixes": "decimal", "time_zone": ""}
    assert admin_client.post(PAGE, chosen | {field: value}).status_code == 200
    assert not Preferences.objects.exists()


def test_a_zone_that_is_no_longer_known_is_the_servers(client):
    who = user("mia", time_zone="Gone/Away")
    client.force_login(who)
    assert client.get(PAGE).status_code == 200
    assert who.preferences.zone is None


def test_a_stranger_is_asked_to_sign_in(client):
    assert client.get(PAGE).url.startswith("/admin/login/")


def test_times_in_the_database_stay_utc():
    mia = user("mia", time_zone="Asia/Tokyo")
    rows.download()
    listed(mia)
    assert rows.download().started_at == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_speed_is_asked_for_in_the_units_of_its_reader():
    rows.download(bytes_per_second=100e6)
    client = Client()
    client.force_login(user("mia", rates_in="bits"))
    filtered = client.get(DOWNLOADS, {"speed_from": "700"}).content.decode()
    assert "rate in Mbit/s" in filtered
    assert "800.0 Mbit/s" in filtered
    filtered = client.get(DOWNLOADS, {"speed_from": "900"}).content.decode()
    assert "800.0 Mbit/s" not in filtered
