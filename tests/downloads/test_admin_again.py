import pytest
from django.contrib.auth.models import Permission, User

from downloads.admin import again
from downloads.models import Job, StreamSession
from tests import rows

pytestmark = pytest.mark.django_db
DOWNLOADS = "/admin/downloads/download/"
SESSIONS = "/admin/downloads/streamsession/"


def ask(client, url, ticked, **more):
    form = {"action": "correlate_again", "_selected_action": [row.pk for row in ticked]}
    return client.post(url, form | more, follow=True)


def told(response):
    return [str(message) for message in response.context["messages"]]


def waiting():
    return StreamSession.objects.filter(correlated=False).count()


@pytest.fixture
def onlooker(client):
    """Signed in, and allowed to look at sessions and downloads."""
    user = User.objects.create_user("eve", is_staff=True)
    names = ("view_streamsession", "view_download")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return client


def test_sessions_that_were_ticked_are_looked_at_again(admin_client):
    one, _other = rows.session(), rows.session()
    response = ask(admin_client, SESSIONS, [one])
    assert told(response) == ["1 session will be looked at again."]
    assert StreamSession.objects.get(correlated=False) == one


def test_sessions_around_downloads_that_were_ticked_are_looked_at_again(admin_client):
    download = rows.download()
    rows.session()
    rows.session(client=rows.client("10.9.9.9"))
    for _ in range(2):
        response = ask(admin_client, DOWNLOADS, [download])
        assert told(response) == ["1 session will be looked at again."]
    assert waiting() == 1


def test_nothing_ticked_changes_nothing(admin_client):
    rows.session()
    ask(admin_client, SESSIONS, [])
    assert waiting() == 0


def test_a_thousand_are_taken_and_more_are_not(admin_client, monkeypatch):
    template = rows.session()
    StreamSession.objects.bulk_create(
        StreamSession(**{
            field.attname: getattr(template, field.attname)
            for field in StreamSession._meta.fields
            if not field.primary_key
        })
        for _ in range(999)
    )  # fmt: skip
    everything = {"select_across": "1"}
    ask(admin_client, SESSIONS, [template], **everything)
    assert waiting() == 1000
    monkeypatch.setattr(again, "MOST", 999)
    StreamSession.objects.update(correlated=True)
    response = ask(admin_client, SESSIONS, [template], **everything)
    assert told(response)[0].startswith("At most 999 at once.")
    assert waiting() == 0


def test_who_may_only_look_correlates_nothing(onlooker):
    session = rows.session()
    assert b"correlate_again" not in onlooker.get(SESSIONS).content
    ask(onlooker, SESSIONS, [session])
    assert waiting() == 0
    url = f"{SESSIONS}correlate_everything/"
    assert onlooker.post(url).status_code == 403
    assert not Job.objects.exists()


@pytest.mark.parametrize("url", [SESSIONS, DOWNLOADS])
def test_everything_is_asked_for_once_and_after_a_question(admin_client, url):
    page = f"{url}correlate_everything/"
    assert b"Correlate every session again?" in admin_client.get(page).content
    assert not Job.objects.exists()
    first, second = admin_client.post(page), admin_client.post(page)
    job = Job.objects.get()
    assert (job.kind, job.asked_by.username) == ("correlate", "admin")
    assert first.url == second.url == job.get_absolute_url()
