"""A directory is looked through before it becomes a datasource."""

import gzip
import os
from pathlib import Path

import pytest

from downloads.models import Datasource
from ingest import checking
from tests import rows
from tests.ingest.logs import (
    NOON,
    append,
    datasource,
    json_request,
    request,
    session,
    stamp,
)

pytestmark = pytest.mark.django_db
ADD = "/admin/downloads/datasource/add/"
COMBINED = f'10.0.0.7 - - [{stamp(NOON)}] "GET / HTTP/1.1" 200 5 "-" "curl"\n'


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    place = tmp_path / "logs"
    place.mkdir()
    append(place / "access.log", request(NOON), request(NOON + 60))
    append(place / "stream-access.log", session(NOON + 5))
    return place


def sent(client, directory: Path | str, **changes):
    fields = {"name": "hall", "log_directory": str(directory)}
    return client.post(ADD, fields | changes, follow=True)


def text(response) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_files_are_told_with_format_and_first_and_last_time(logs):
    with gzip.open(logs / "access.log.2.gz", "wb") as file:
        file.write(request(NOON - 900))
    found = checking.check(logs)
    assert (found.problem, found.warnings) == ("", [])
    told = [(one.name, one.kind, one.format, one.first) for one in found.looks]
    assert told == [
        ("access.log", "access", "A1", NOON),
        ("access.log.2.gz", "access", "A1", NOON - 900),
        ("stream-access.log", "stream", "S2", NOON + 5),
    ]
    assert found.looks[0].last == NOON + 60


def test_what_is_missing_is_told(logs):
    assert checking.check(logs / "none").problem == f"{logs}/none does not exist."
    assert "is no directory" in checking.check(logs / "access.log").problem
    (logs / "access.log").unlink()
    assert "There is no access log" in checking.check(logs).warnings[0]
    (logs / "stream-access.log").unlink()
    assert checking.check(logs).problem == f"{logs} holds no access or stream log."


def test_what_cannot_be_opened_is_told_with_owner_mode_and_our_uid(logs, monkeypatch):
    def refuses(path, *args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ingest.discovery._peek", refuses)
    problem = checking.check(logs).problem
    assert "Permission denied: it is" in problem
    assert "with mode -rw-" in problem
    assert f"we are uid {os.geteuid()}" in problem


def test_empty_and_strange_logs_are_warned_of(logs):
    (logs / "steam-access.log").touch()
    (logs / "other-access.log").write_text(COMBINED)
    assert checking.check(logs).warnings == [
        "Nothing is in steam-access.log yet.",
        "The first line of other-access.log is in no format that is known.",
    ]


def test_two_formats_of_the_same_traffic_are_warned_of(logs):
    append(logs / "access-json.log", *(json_request(NOON + i) for i in range(60)))
    (warning,) = checking.check(logs).warnings
    assert warning.startswith("access-json.log tells the same traffic as access.log")
    (warning,) = checking.check(logs, preferred="access-json.log").warnings
    assert warning.startswith("access.log tells the same traffic as access-json.log")


def test_no_more_than_some_files_are_looked_into(logs, monkeypatch):
    monkeypatch.setattr(checking, "MOST_FILES", 1)
    found = checking.check(logs)
    assert (len(found.looks), found.more) == (1, 1)


def test_adding_shows_what_was_found(admin_client, logs):
    html = text(sent(admin_client, logs))
    assert Datasource.objects.get().log_directory == str(logs)
    for shown in ("stream-access.log", "> A1 <", "> S2 <"):
        assert shown in html


def test_what_cannot_be_read_is_saved_only_if_one_says_so(admin_client, logs):
    html = text(sent(admin_client, logs / "none"))
    assert "logs/none does not exist." in html
    assert not Datasource.objects.exists()
    sent(admin_client, logs / "none", save_anyway="on")
    assert Datasource.objects.exists()


@pytest.mark.parametrize("spelt", ["{}", "{}/", " {}", "{}/../logs", "{}/link"])
def test_two_datasources_on_one_directory_are_refused(admin_client, logs, spelt):
    (logs / "link").symlink_to(logs)
    datasource(logs, "cellar")
    html = text(sent(admin_client, spelt.format(logs)))
    assert "The datasource cellar reads this directory." in html


@pytest.mark.parametrize(
    "directory", ["logs", "/a\0b", "/" + "x" * 5000, "<script>alert(1)", "~nobody?/x"]
)
def test_nonsense_is_no_directory(admin_client, directory):
    html = text(sent(admin_client, directory))
    assert "<script>alert" not in html
    assert not Datasource.objects.exists()


def test_an_unreadable_directory_does_not_keep_other_fields_from_being_saved(
    admin_client,
):
    source = rows.datasource()  # whose directory does not exist
    fields = {"name": "attic", "log_directory": "/srv/logs", "history_days": 9}
    fields |= {"enabled": "on", "reads": "both"}
    fields |= {"logfile_set-TOTAL_FORMS": 0, "logfile_set-INITIAL_FORMS": 0}
    admin_client.post(source.get_absolute_url(), fields)
    source.refresh_from_db()
    assert source.history_days == 9


@pytest.fixture
def places(logs, monkeypatch):
    other = logs.parent / "web"
    other.mkdir()
    (other / "access.log").write_text(COMBINED)
    found = (str(logs), f"{logs}/none", str(other), str(logs))
    monkeypatch.setattr(checking, "PLACES", found)


def test_usual_places_with_logs_of_a_cache_are_offered(admin_client, logs, places):
    for address in (ADD, "/admin/downloads/datasource/"):
        html = text(admin_client.get(address))
        assert html.count(f">{logs}</a>") == 1
        assert f">{logs.parent}/web</a>" not in html
    assert not Datasource.objects.exists()


def test_what_was_added_is_offered_no_more(admin_client, logs, places):
    datasource(logs)
    assert f">{logs}</a>" not in text(admin_client.get(ADD))
    rows.datasource()
    assert f">{logs}</a>" not in text(admin_client.get("/admin/downloads/datasource/"))


def test_an_offered_place_fills_the_form(admin_client, logs, places):
    place = checking.offered([])[0]
    html = text(admin_client.get(ADD, {"name": "lancache", "log_directory": place}))
    assert f'value="{logs}"' in html
