"""A table of names: shown before it is done, and named by hand from then on."""

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from downloads.models import Burst, Title
from tests import rows

pytestmark = pytest.mark.django_db
IMPORT = "admin:downloads_title_import"


def upload(client, text: str, name: str = "names.csv", format_: str = "0"):
    file = SimpleUploadedFile(name, text.encode())
    data = {"import_file": file, "format": format_, "resource": "0"}
    return client.post(reverse(IMPORT), data)


def confirm(client, shown) -> None:
    form = shown.context["confirm_form"]
    client.post(reverse("admin:downloads_title_process_import"), form.initial)


def test_a_table_is_shown_then_done_and_changes_nothing_the_second_time(admin_client):
    title = rows.title("steam", "730")
    shown = upload(admin_client, "service,raw,name\nsteam,730,Counter-Strike 2\n")
    assert "Counter-Strike 2" in shown.content.decode()
    title.refresh_from_db()
    assert title.name == ""
    confirm(admin_client, shown)
    title.refresh_from_db()
    assert (title.name, title.named_by) == ("Counter-Strike 2", Title.NamedBy.HAND)
    again = upload(admin_client, "service,raw,name\nsteam,730,Counter-Strike 2\n")
    assert again.context["result"].totals["skip"] == 1


def test_what_no_log_has_named_yet_is_made(admin_client):
    confirm(admin_client, upload(admin_client, "service,raw,name\nsteam,9,Nine\n"))
    assert Title.objects.get(service="steam", raw="9").name == "Nine"


def test_downloads_of_what_was_named_are_grouped_anew(admin_client):
    title = rows.title("steam", "730")
    burst = Burst.objects.create(
        datasource=rows.datasource(), client=rows.client(), title=title, first=1,
        last=2, hit_bytes=1, miss_bytes=0, other_bytes=0, requests=1,
        failed_requests=0, bytes_in_first_second=1, bytes_in_last_second=1,
        grouped=True,
    )  # fmt: skip
    confirm(admin_client, upload(admin_client, "service,raw,name\nsteam,730,CS\n"))
    burst.refresh_from_db()
    assert not burst.grouped


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("service,raw,name\nnonsense,1,x\n", "is no known service"),
        ("service,raw,name\n" + "steam,1,x\n" * 20_001, "are more than 20,000"),
        ("no,such,columns\n1,2,3\n", "service"),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_done(admin_client, text, says):
    assert says in upload(admin_client, text).content.decode()
    assert not Title.objects.exists()


def test_a_hostile_name_is_text(admin_client):
    shown = upload(admin_client, "service,raw,name\nsteam,1,<script>x</script>\n")
    assert "<script>x" not in shown.content.decode()
    assert "script" in shown.content.decode()


def test_the_list_offers_it_to_who_may(client, admin_client):
    url = reverse("admin:downloads_title_changelist")
    assert reverse(IMPORT) in admin_client.get(url).content.decode()
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_title"))
    client.force_login(viewer)
    assert reverse(IMPORT) not in client.get(url).content.decode()
    assert client.get(reverse(IMPORT)).status_code == 403
