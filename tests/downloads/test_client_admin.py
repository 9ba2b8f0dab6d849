"""What an operator does to clients: naming, grouping, hiding, and asking for more."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from downloads.models import Client, ClientNaming, Job, NameSource, TrafficQuarter
from tests import rows

pytestmark = pytest.mark.django_db
LIST = "/admin/downloads/client/"
IMPORT = f"{LIST}import-names/"
NAMING = "/admin/downloads/clientnaming/1/change/"
SIMPLE: dict[str, tuple[str, Any, Any]] = {
    "take_apart": ("person", "Family", ""),
    "hide": ("hidden", False, True),
    "show": ("hidden", True, False),
    "leave_out": ("excluded", False, True),
    "count": ("excluded", True, False),
}
ASKED = {
    "forget": Job.Kind.FORGET_CLIENT,
    "pseudonymise": Job.Kind.PSEUDONYMISE_CLIENT,
}
HOSTILE = "<script>alert(1)</script>"


def act(client, name, *clients, query="?hidden=shown", **fields):
    ticked = [one.pk for one in clients]
    form = {"action": name, "index": 0, "select_across": 0, "_selected_action": ticked}
    return client.post(LIST + query, form | fields, follow=True)


def text(response):
    assert response.status_code == 200, response
    return response.content.decode()


def ids(*clients):
    return [one.pk for one in clients]


def thousand(**changes):
    Client.objects.bulk_create(
        Client(address=f"10.{n >> 8}.{n & 255}.1", **changes) for n in range(1000)
    )
    return Client.objects.order_by("pk").first()


@pytest.fixture
def viewer(client):
    """Signed in, and allowed to look at clients only."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_client"))
    client.force_login(user)
    return client


@pytest.mark.parametrize("name", SIMPLE)
def test_an_action_changes_those_ticked_and_writes_history(admin_client, name):
    field, before, after = SIMPLE[name]
    one, _other = (rows.client(f"10.0.0.{n}", **{field: before}) for n in (1, 2))
    assert "Changed: 1 client." in text(act(admin_client, name, one))
    assert list(Client.objects.values_list(field, flat=True)) == [after, before]
    assert LogEntry.objects.get().object_id == str(one.pk)
    assert "They were so already." in text(act(admin_client, name, one))
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize("name", [*SIMPLE, *ASKED, "join"])
def test_an_action_needs_the_right(viewer, name):
    field, before, _after = SIMPLE.get(name, ("person", "", ""))
    one = rows.client(**{field: before})
    act(viewer, name, one, sure="yes", person="Mia")
    assert getattr(Client.objects.get(), field) == before
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", [*SIMPLE, *ASKED, "join"])
def test_an_action_on_nothing_does_nothing(admin_client, name):
    rows.client()
    html = text(act(admin_client, name, sure="yes", person="Mia"))
    assert "Items must be selected" in html
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", SIMPLE)
def test_an_action_on_a_thousand_takes_few_queries(admin_client, name):
    field, before, after = SIMPLE[name]
    one = thousand(**{field: before})
    with CaptureQueriesContext(connection) as captured:
        act(admin_client, name, one, select_across=1)
    assert Client.objects.filter(**{field: after}).count() == 1000
    assert len(captured) < 50


def test_clients_become_one_and_are_taken_apart_again(admin_client):
    one, other = rows.client("10.0.0.1", name="Mia PC"), rows.client("10.0.0.2")
    asked = text(act(admin_client, "join", one, other))
    assert "Make them one: 2 clients?" in asked
    assert 'value="Mia PC"' in asked
    act(admin_client, "join", one, other, person="Mia")
    assert list(Client.objects.values_list("person", flat=True)) == ["Mia", "Mia"]
    assert str(Client.objects.get(pk=other.pk)) == "Mia"
    assert ">10.0.0.2</a>" in text(admin_client.get(f"{LIST}{one.pk}/change/"))
    act(admin_client, "take_apart", one, other)
    assert not Client.objects.exclude(person="").exists()
    assert Client.objects.get(pk=one.pk).name == "Mia PC"


def test_they_need_a_name_to_be_one(admin_client):
    one = rows.client()
    assert "This field is required" in text(act(admin_client, "join", one, person=" "))


@pytest.mark.parametrize(("name", "kind"), ASKED.items())
def test_what_cannot_be_undone_is_asked_first(admin_client, admin_user, name, kind):
    one = rows.client(name=HOSTILE)
    html = text(act(admin_client, name, one))
    assert "1 client" in html and "be undone" in html
    assert HOSTILE not in html
    assert not Job.objects.exists()
    act(admin_client, name, one, sure="yes")
    act(admin_client, name, one, sure="yes")
    job = Job.objects.get()
    assert (job.kind, job.arguments) == (kind, {"clients": [one.pk]})
    assert (job.target, job.asked_by) == ("1 client", admin_user)


@pytest.mark.parametrize("name", ASKED)
def test_a_thousand_are_asked_for_and_queued_at_once(admin_client, name):
    one = thousand()
    assert "1,000 clients" in text(act(admin_client, name, one, select_across=1))
    act(admin_client, name, one, select_across=1, sure="yes")
    assert len(Job.objects.get().arguments["clients"]) == 1000


def test_who_has_a_pseudonym_gets_no_other(admin_client):
    one = rows.client("client-7f3a2c", address_hash="x" * 64)
    html = text(act(admin_client, "pseudonymise", one, sure="yes"))
    assert "There is none to do it to." in html
    assert "a pseudonym" in html
    assert not Job.objects.exists()


def test_a_name_given_by_hand_is_known_as_such_and_can_be_taken_back(admin_client):
    one = rows.client(name="mia.lan", name_source=NameSource.DNS)
    page = f"{LIST}{one.pk}/change/"
    assert "reverse DNS" in text(admin_client.get(LIST))
    for name, source in (("Mia", NameSource.HAND), ("", "")):
        admin_client.post(page, {"name": name, "person": ""})
        one.refresh_from_db()
        assert (one.name, one.name_source) == (name, source)


def test_saving_another_field_keeps_where_the_name_came_from(admin_client):
    one = rows.client(name="mia.lan", name_source=NameSource.DNS)
    admin_client.post(f"{LIST}{one.pk}/change/", {"name": "mia.lan", "hidden": "on"})
    one.refresh_from_db()
    assert (one.name_source, one.hidden) == (NameSource.DNS, True)


def test_hidden_clients_are_listed_when_asked_for(admin_client):
    rows.client("10.0.0.77", hidden=True)
    assert "10.0.0.77" not in text(admin_client.get(LIST))
    assert "10.0.0.77" in text(admin_client.get(f"{LIST}?hidden=only"))


def test_a_person_is_found(admin_client):
    rows.client("10.0.0.1", person="Mia")
    rows.client("10.0.0.2", person="Ben")
    html = text(admin_client.get(f"{LIST}?person__icontains=mi"))
    assert "10.0.0.1" in html and "10.0.0.2" not in html


def test_a_client_page_has_its_totals_and_links(admin_client):
    one = rows.client()
    page = f"{LIST}{one.pk}/change/"
    assert "no log has shown a request" in text(admin_client.get(page))
    for at in (900, 1800):
        TrafficQuarter.objects.create(
            datasource=rows.datasource(), client=one, service="steam", at=at,
            hit_bytes=3_000_000, miss_bytes=1_000_000, other_bytes=0, requests=700,
            failed_requests=1,
        )  # fmt: skip
    html = text(admin_client.get(page))
    assert "8.00 MB" in html and "1,400 requests, of which 2 failed" in html
    assert f"/admin/downloads/streamsession/?client__id__exact={one.pk}" in html


def upload(client, content, **fields):
    return client.post(IMPORT, {"names": SimpleUploadedFile("names.csv", content)})


def test_a_list_is_shown_first_and_then_imported(admin_client):
    rows.client("10.0.0.11", name="old", name_source=NameSource.HAND)
    listed = f"10.0.0.11,Mia,Family\n10.0.0.12,{HOSTILE}\nprinter,{HOSTILE}\n"
    shown = upload(admin_client, listed.encode())
    html = text(shown)
    for told in (
        "not seen in a log yet: 1.", "Changed: 1.", "left out: 1.",
        "old becomes Mia", "Row 3: no address: printer",
    ):  # fmt: skip
        assert told in html
    assert HOSTILE not in html
    assert Client.objects.get().name == "old"
    carried = {"rows": dict(shown.context["carried"])["rows"]}
    done = text(admin_client.post(IMPORT, carried, follow=True))
    assert "2 clients were named." in done
    assert "from a list" in done
    assert Client.objects.get(address="10.0.0.12").name == HOSTILE
    assert LogEntry.objects.count() == 2
    again = text(upload(admin_client, listed.encode()))
    assert "As they are already: 2." in again and 'name="rows"' not in again


@pytest.mark.parametrize("content", [b"", b"{}", b"x" * 4_000_001])
def test_what_is_no_list_is_said_so(admin_client, content):
    response = upload(admin_client, content)
    assert response.context["form"].errors
    assert not Client.objects.exists()


def test_a_forged_import_is_refused(admin_client):
    html = text(admin_client.post(IMPORT, {"rows": "forged:1:2"}, follow=True))
    assert "choose the file again" in html
    assert not Client.objects.exists()


def test_importing_needs_the_right(viewer):
    assert viewer.get(IMPORT).status_code == 403
    assert upload(viewer, b"10.0.0.11,Mia").status_code == 403
    assert "Import names" not in text(viewer.get(LIST))


def test_lookups_are_off_until_they_are_turned_on(admin_client, tmp_path):
    assert admin_client.get("/admin/downloads/clientnaming/").url == NAMING
    assert not ClientNaming.current().is_on
    look_up = "/admin/downloads/clientnaming/1/look_up/"
    assert "Nothing is turned on" in text(admin_client.post(look_up, follow=True))
    (tmp_path / "leases").write_text("0 aa 10.0.0.11 mia *\n")
    form = {"lease_file": str(tmp_path / "leases"), "_continue": "1"}
    html = text(admin_client.post(NAMING, form, follow=True))
    assert "has 1 addresses with a name" in html
    assert "by hand or in a list stay" in text(admin_client.get(look_up))
    admin_client.post(look_up)
    admin_client.post(look_up)
    assert Job.objects.get().kind == Job.Kind.NAME_CLIENTS


def test_a_lease_file_that_is_not_there_is_told_when_it_is_saved(admin_client):
    ClientNaming.current()
    form = {"lease_file": "/nowhere/<b>", "_continue": "1"}
    html = text(admin_client.post(NAMING, form, follow=True))
    assert "there is no file /nowhere/&lt;b&gt;. The worker will try" in html


def test_lookups_need_the_right(viewer):
    ClientNaming.objects.create(pk=1, reverse_dns=True)
    look_up = "/admin/downloads/clientnaming/1/look_up/"
    assert viewer.post(look_up).status_code == 403
    assert viewer.post(NAMING, {}).status_code == 403
    assert not Job.objects.exists()


def test_fifty_thousand_clients_take_no_more_queries(admin_client):
    def queries(url):
        admin_client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(url).status_code == 200
        return len(captured)

    one = rows.client(person="Mia")
    urls = (LIST, f"{LIST}?q=mia", f"{LIST}?o=-3.2", f"{LIST}{one.pk}/change/")
    few = [queries(url) for url in urls]
    Client.objects.bulk_create(
        Client(address=f"10.{n >> 8}.{n & 255}.2", name=f"pc-{n}", person=f"p{n % 9}")
        for n in range(50_000)
    )
    assert [queries(url) for url in urls] == few
    assert max(few) <= 12
