"""Kiosk links: made and revoked in the admin, and what they open."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from lancache_site.models import KioskLink, Preferences, hashed

pytestmark = pytest.mark.django_db
ADD = "/admin/lancache_site/kiosklink/add/"


def made(admin_client: Client, name: str = "The hall") -> str:
    """Make a link in the admin; return its address as it is shown."""
    answer = admin_client.post(ADD, {"name": name}, follow=True)
    found = re.search(r"http://testserver(/kiosk/[\w-]+/)", answer.content.decode())
    assert found
    return found[1]


def page_of(link: KioskLink, verb: str = "revoke") -> str:
    return f"/admin/lancache_site/kiosklink/{link.pk}/{verb}/"


def revoke_url(admin_client: Client, link: KioskLink) -> str:
    html = admin_client.get(page_of(link, "change")).content.decode()
    found = re.search(r'href="([^"]+/revoke/?)"', html)
    assert found
    return found[1]


def test_a_link_is_shown_once_and_only_its_hash_is_kept(admin_client: Client):
    url = made(admin_client)
    link = KioskLink.objects.get()
    token = url.split("/")[2]
    assert len(token) == 43 and link.token_hash == hashed(token)
    assert link.created_by.username == "admin"
    later = admin_client.get(page_of(link, "change")).content.decode()
    assert token not in later and link.token_hash not in later
    assert token not in str(list(LogEntry.objects.values()))


def test_the_link_becomes_a_cookie_and_stays_in_no_address_bar(admin_client: Client):
    url = made(admin_client)
    screen = Client()
    answer = screen.get(url)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/kiosk/")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]
    cookie = screen.cookies["kiosk"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    html = screen.get("/kiosk/").content.decode()
    assert 'ws-connect="/ws/bandwidth/?as=html&amp;kiosk"' in html
    assert "/admin/" not in html
    assert KioskLink.objects.get().last_seen_at is not None


@pytest.mark.parametrize("path", ["/", "/admin/", "/live/", "/live/history/"])
def test_it_opens_nothing_else(admin_client: Client, path: str):
    screen = Client()
    screen.get(made(admin_client))
    answer = screen.get(path, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/admin/login/")


def test_history_is_open_to_it(admin_client: Client):
    screen = Client()
    screen.get(made(admin_client))
    assert screen.get("/kiosk/history/?range=week").json()["lines"] == []


def test_a_revoked_link_opens_nothing(admin_client: Client):
    url = made(admin_client)
    screen, link = Client(), KioskLink.objects.get()
    screen.get(url)
    revoke = revoke_url(admin_client, link)
    assert "go dark within 5 seconds" in admin_client.get(revoke).content.decode()
    assert screen.get("/kiosk/").status_code == 200  # asking is not yet doing
    admin_client.post(revoke)
    for path in (url, "/kiosk/", "/kiosk/history/?range=day"):
        assert screen.get(path).status_code == 403
    answer = admin_client.post(revoke, follow=True)
    assert "revoked already" in answer.content.decode()
    assert LogEntry.objects.first().get_change_message() == "Revoked."


def test_an_expired_link_opens_nothing(admin_client: Client):
    url = made(admin_client)
    past = timezone.now() - timedelta(seconds=1)
    KioskLink.objects.update(expires_at=past)
    answer = Client().get(url)
    assert answer.status_code == 403
    assert "was revoked, has expired" in answer.content.decode()


@pytest.mark.parametrize("path", ["/kiosk/", "/kiosk/guess/", "/kiosk/%00%F0%9F/"])
def test_guesses_open_nothing_and_are_not_logged(client: Client, caplog, path: str):
    assert client.get(path).status_code in (403, 404)
    assert "guess" not in caplog.text


def test_without_the_right_no_link_is_made_or_revoked(admin_client: Client):
    made(admin_client)
    link = KioskLink.objects.get()
    revoke = revoke_url(admin_client, link)
    guest = Client()
    guest.force_login(User.objects.create_user("guest", is_staff=True))
    assert guest.post(ADD, {"name": "mine"}).status_code == 403
    assert guest.post(revoke).status_code in (302, 403)
    link.refresh_from_db()
    assert link.is_open and KioskLink.objects.count() == 1


def test_a_screen_is_in_the_units_of_who_made_its_link(admin_client, admin_user):
    Preferences.objects.create(user=admin_user, rates_in="bits", time_zone="Asia/Tokyo")
    screen = Client()
    screen.get(made(admin_client))
    html = screen.get("/kiosk/").content.decode()
    assert 'data-bits="1"' in html and 'data-zone="Asia/Tokyo"' in html
    admin_user.delete()
    assert 'data-bits=""' in screen.get("/kiosk/").content.decode()
