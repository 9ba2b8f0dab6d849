"""Titles in the admin: names by hand, from uploads and from addresses."""

import time

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from downloads import jobs
from downloads.models import Job, ListAddress, ListedName, Title
from tests import rows

pytestmark = pytest.mark.django_db
TITLES = "/admin/downloads/title/"
IMPORT = f"{TITLES}lists/"
ADDRESSES = "/admin/downloads/listaddress/"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()


@pytest.fixture
def viewer(client):
    """A client of one who may look at titles and addresses, and change neither."""
    user = User.objects.create_user("viewer", is_staff=True)
    for name in ("view_title", "view_listaddress", "view_job"):
        user.user_permissions.add(Permission.objects.get(codename=name))
    client.force_login(user)
    return client


def text(response):
    assert response.status_code == 200
    return response.content.decode()


def upload(client, data=b"1;A;731\n", name="list.csv"):
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, data)}, follow=True)


def act(client, titles, **more):
    chosen = {
        "action": "name_as_listed",
        "index": 0,
        "_selected_action": [t.pk for t in titles],
    }
    return client.post(TITLES, chosen | more, follow=True)


def test_the_list_tells_where_names_came_from(admin_client):
    for raw, named_by in (("1", "hand"), ("2", "list"), ("3", ""), ("4", "back")):
        name = "" if named_by in ("", "back") else f"Game {raw}"
        Title.objects.create(service="steam", raw=raw, name=name, named_by=named_by)
    html = text(admin_client.get(TITLES))
    for label in ("by hand", "from a list", "none, by hand", "no list names it"):
        assert label in html
    html = text(admin_client.get(f"{TITLES}?named_by__exact=hand"))
    assert "Game 1" in html
    assert "Game 2" not in html


def test_a_title_leads_to_the_downloads_of_its_game(admin_client):
    game = rows.title(raw="731", name="A & B #1")
    rows.download(title=rows.title(raw="732", name="A & B #1"))
    rows.download(title=rows.title("blizzard", "x", "A & B #1"))
    html = text(admin_client.get(game.get_absolute_url()))
    link = html.split('href="/admin/downloads/download/?')[1].split('"')[0]
    found = text(
        admin_client.get(f"/admin/downloads/download/?{link.replace('&amp;', '&')}")
    )
    assert found.count("A &amp; B #1</span>") == 1


def test_a_name_typed_into_the_list_is_by_hand(admin_client):
    title = rows.title()
    form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "Save"}
    form |= {"form-0-id": title.pk, "form-0-name": "CS"}
    admin_client.post(TITLES, form)
    title.refresh_from_db()
    assert (title.name, title.named_by) == ("CS", "hand")


def test_a_name_deleted_on_its_page_is_taken_back(admin_client):
    title = rows.title(name="CS")
    admin_client.post(title.get_absolute_url(), {"name": ""})
    title.refresh_from_db()
    assert (title.name, title.named_by) == ("", "back")


def test_an_upload_is_imported_and_told(admin_client):
    rows.title(raw="731")
    assert "list.csv is being imported" in text(upload(admin_client))
    assert "waiting" in text(admin_client.get(IMPORT))
    jobs.run(time.monotonic() + 30)
    assert "Titles renamed: 1." in text(admin_client.get(IMPORT))
    assert Title.objects.get().name == "A"


def test_the_same_upload_twice_is_one_job(admin_client):
    upload(admin_client)
    upload(admin_client)
    assert Job.objects.count() == 1
    assert Job.objects.get().asked_by.username == "admin"


def test_an_upload_needs_the_right_to_change_titles(viewer):
    assert viewer.get(IMPORT).status_code == 403
    assert upload(viewer).status_code == 403
    assert not Job.objects.exists()
    assert IMPORT not in text(viewer.get(TITLES))


def test_an_upload_of_nothing_is_told(admin_client):
    assert "This field is required" in text(admin_client.post(IMPORT))
    assert "The submitted file is empty" in text(upload(admin_client, b""))
    assert not Job.objects.exists()


def test_what_an_upload_holds_and_is_called_is_text(admin_client):
    upload(admin_client, HOSTILE.encode(), "<script>alert(2).csv")
    jobs.run(time.monotonic() + 30)
    rows.title(raw="731", name=HOSTILE)
    ListedName.objects.create(service="steam", raw="5", name=HOSTILE)
    for url in (IMPORT, TITLES, "/admin/downloads/listedname/"):
        html = text(admin_client.get(url))
        assert "<script>alert" not in html
        assert "&lt;script&gt;" in html


def test_names_by_hand_are_given_up_once_that_is_confirmed(admin_client):
    title = Title.objects.create(service="steam", raw="5", name="X", named_by="hand")
    ListedName.objects.create(service="steam", raw="5", name="Five")
    html = text(act(admin_client, [title]))
    assert "1 of the chosen titles lose what was given by hand" in html
    title.refresh_from_db()
    assert title.name == "X"
    html = text(act(admin_client, [title], confirmed="yes"))
    assert "1 titles are named as lists do again" in html
    title.refresh_from_db()
    assert (title.name, title.named_by) == ("Five", "list")
    assert "None of them was named by hand" in text(act(admin_client, [title]))


def test_a_thousand_names_are_given_up_at_once(admin_client):
    Title.objects.bulk_create(
        Title(service="steam", raw=str(n), name="X", named_by="hand")
        for n in range(1000)
    )
    first = Title.objects.first()
    act(admin_client, [first], confirmed="yes", select_across="1")
    assert not Title.objects.exclude(name="", named_by="").exists()


def test_giving_up_names_needs_something_and_the_right(viewer, admin_client):
    title = Title.objects.create(service="steam", raw="5", name="X", named_by="hand")
    act(viewer, [title], confirmed="yes")
    title.refresh_from_db()
    assert title.name == "X"
    assert "Items must be selected" in text(act(admin_client, []))


def test_an_address_that_is_turned_on_is_fetched_at_once(admin_client):
    url = "http://127.0.0.1:1/list.csv"
    admin_client.post(f"{ADDRESSES}add/", {"url": url})
    assert not Job.objects.exists()
    address = ListAddress.objects.get()
    assert not address.enabled
    page = address.get_absolute_url()
    admin_client.post(page, {"url": url, "enabled": "on"})
    assert Job.objects.get().arguments == {"address": address.pk}
    jobs.run(time.monotonic() + 30)
    assert "It can&#x27;t be fetched" in text(admin_client.get(page))
    assert "failing" in text(admin_client.get(IMPORT))


def test_another_address_keeps_nothing_of_the_one_before(admin_client):
    address = ListAddress.objects.create(url="http://a.example/1", etag='"x"')
    page = address.get_absolute_url()
    admin_client.post(page, {"url": "http://a.example/2"})
    address.refresh_from_db()
    assert (address.url, address.etag) == ("http://a.example/2", "")


def test_only_the_web_can_be_an_address(admin_client):
    html = text(admin_client.post(f"{ADDRESSES}add/", {"url": "file:///etc/passwd"}))
    assert "It must look like https://" in html
    assert not ListAddress.objects.exists()


def test_fetching_now_is_confirmed_and_needs_the_right(viewer, admin_client):
    address = ListAddress.objects.create(url="http://a.example/1", enabled=True)
    url = reverse("admin:downloads_listaddress_fetch_now", args=[address.pk])
    assert viewer.post(url).status_code == 403
    assert "a.example/1 is asked" in text(admin_client.get(url))
    assert not Job.objects.exists()
    for _ in range(2):
        admin_client.post(url)
    assert Job.objects.count() == 1


def test_an_address_that_is_off_is_not_fetched_now(admin_client):
    address = ListAddress.objects.create(url="http://a.example/1")
    url = reverse("admin:downloads_listaddress_fetch_now", args=[address.pk])
    assert "Turn it on first" in text(admin_client.post(url, follow=True))
    assert not Job.objects.exists()
