"""Who changed what: in one list, and on each object's own page."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User

from lancache_site.version import VERSION
from tests import rows

pytestmark = pytest.mark.django_db
HISTORY = "/admin/admin/logentry/"


def test_a_change_is_told_with_who_when_and_what(admin_client):
    mia = rows.client(name="Mia")
    url = f"/admin/downloads/client/{mia.pk}/change/"
    admin_client.post(url, {"name": "<b>Mia's</b>", "person": ""})
    html = admin_client.get(HISTORY).content.decode()
    for shown in ("Changed Name", "&lt;b&gt;Mia&#x27;s", url, "admin", "client"):
        assert shown in html
    page = admin_client.get(f"/admin/downloads/client/{mia.pk}/history/")
    assert "Changed Name" in page.content.decode()


def test_what_was_deleted_is_told_and_leads_nowhere(admin_client):
    bob = User.objects.create_user("bob")
    admin_client.post(f"/admin/auth/user/{bob.pk}/delete/", {"post": "yes"})
    html = admin_client.get(HISTORY).content.decode()
    assert "bob" in html
    assert f"/admin/auth/user/{bob.pk}/" not in html


def test_history_is_only_read_and_only_by_who_may(client, admin_client, admin_user):
    entry = LogEntry.objects.log_actions(
        admin_user.pk, [admin_user], 2, "by hand", single_object=True
    )
    page = f"{HISTORY}{entry.pk}/"
    assert admin_client.get(f"{page}change/").status_code == 200
    assert admin_client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get(f"{HISTORY}add/").status_code == 403
    guest = User.objects.create_user("guest", is_staff=True)
    client.force_login(guest)
    assert client.get(HISTORY).status_code == 403
    guest.user_permissions.add(Permission.objects.get(codename="view_logentry"))
    assert client.get(HISTORY).status_code == 200


def test_an_entry_of_a_model_that_is_gone_still_shows(admin_client, admin_user):
    LogEntry.objects.create(
        user=admin_user, object_id="1", object_repr="an old thing", action_flag=2
    )
    assert "an old thing" in admin_client.get(HISTORY).content.decode()


def test_the_admin_says_which_version_runs(admin_client):
    assert f"version {VERSION}" in admin_client.get(HISTORY).content.decode()


def test_signing_in_leads_to_the_overview(client):
    User.objects.create_superuser("mia", password="a password")
    form = {"username": "mia", "password": "a password"}
    assert client.post("/admin/login/", form).url == "/admin/"


def test_a_password_is_changed_on_its_page(client):
    mia = User.objects.create_user("mia", password="an old one", is_staff=True)
    client.force_login(mia)
    page = "/admin/password_change/"
    assert page in client.get("/admin/").content.decode()
    words = {"old_password": "an old one"}
    words |= dict.fromkeys(("new_password1", "new_password2"), "quite a new one")
    assert client.post(page, words).status_code == 302
    mia.refresh_from_db()
    assert mia.check_password("quite a new one")
