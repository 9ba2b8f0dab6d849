"""Importing names, from a list to downloads grouped anew. All lists are made up."""

import time

import pytest
from django.conf import settings

from downloads import grouping, identifying, importing, jobs, linking, naming
from downloads.models import (
    Burst,
    Download,
    DownloadAlias,
    Job,
    ListedName,
    StreamSession,
    Title,
)
from downloads.title_lists import NotAList
from tests import rows

pytestmark = pytest.mark.django_db
NOON = int(rows.NOON.timestamp())
LIST = b"730;Counter-Strike;731\n730;Counter-Strike;732\n570;Dota;571\n"


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()


def burst(raw: str, first: int, seconds: int = 20) -> Burst:
    return Burst.objects.create(
        datasource=rows.datasource(), client=rows.client(),
        title=rows.title(raw=raw), first=NOON + first, last=NOON + first + seconds,
        hit_bytes=1000, miss_bytes=0, other_bytes=0, requests=3, failed_requests=0,
        bytes_in_first_second=10, bytes_in_last_second=10,
    )  # fmt: skip


@pytest.fixture
def evening() -> None:
    """Two depots of one game that ran together, and one of another game."""
    for raw, first in (("731", 0), ("732", 10), ("571", 15)):
        burst(raw, first)
    grouping.group()
    assert Download.objects.count() == 3


def imported(data: bytes = LIST) -> Job:
    job = importing.ask_for_upload([data], "list.csv")
    jobs.run(time.monotonic() + 30)
    job.refresh_from_db()
    return job


def named() -> dict[str, tuple[str, str]]:
    return {t.raw: (t.name, t.named_by) for t in Title.objects.all()}


def state() -> list[object]:
    models = (Burst, Download, DownloadAlias, ListedName, Title)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_depots_of_one_game_that_ran_together_become_one_download(evening):
    first, second = Download.objects.filter(title__raw__gt="6").order_by("pk")
    job = imported()
    assert job.state == Job.State.DONE
    assert sorted(d.requests for d in Download.objects.all()) == [3, 6]
    assert Download.objects.get(requests=6).pk == first.pk
    assert DownloadAlias.objects.get().pk == second.pk
    assert job.outcome == (
        "Depots named: 3, of them new or changed: 3.\n"
        "Titles renamed: 3. Downloads made or changed: 2."
    )


def test_importing_twice_changes_nothing(evening):
    imported()
    before = state()
    job = imported()
    assert state() == before
    assert "of them new or changed: 0." in job.outcome
    assert "Titles renamed: 0." in job.outcome


def test_a_name_given_by_hand_is_never_overwritten(evening):
    title = Title.objects.get(raw="731")
    title.name = "CS"
    naming.name_by_hand(title)
    imported()
    assert named()["731"] == ("CS", "hand")
    assert named()["732"] == ("Counter-Strike", "list")


def test_a_name_that_is_taken_back_by_hand_separates_and_stays_away(evening):
    imported()
    title = Title.objects.get(raw="732")
    title.name = ""
    naming.name_by_hand(title)
    grouping.group()
    assert [d.requests for d in Download.objects.all()] == [3, 3, 3]
    imported()
    assert named()["732"] == ("", "back")
    assert Download.objects.count() == 3


def test_what_was_named_by_hand_is_named_as_lists_do_on_demand(evening):
    for raw, name in (("731", "CS"), ("571", "")):
        title = Title.objects.get(raw=raw)
        title.name = name
        naming.name_by_hand(title)
    burst("9", 900)
    alone = Title.objects.get(raw="9")
    alone.name = "Unlisted"
    naming.name_by_hand(alone)
    imported()
    keys = list(Title.objects.values_list("pk", flat=True))
    assert naming.name_as_listed(keys) == 3
    assert naming.name_as_listed(keys) == 0
    assert named()["731"] == ("Counter-Strike", "list")
    assert named()["571"] == ("Dota", "list")
    assert named()["9"] == ("", "")
    grouping.group()
    assert Download.objects.count() == 3


def test_another_list_renames_what_it_mentions_and_keeps_the_rest(evening):
    imported()
    imported(b"570;Dota 2;571\n")
    assert named()["571"] == ("Dota 2", "list")
    assert named()["731"] == ("Counter-Strike", "list")


def test_a_title_that_comes_later_is_named_as_it_comes():
    import polars as pl

    imported()
    pairs = [("steam", "731"), ("steam", "1"), ("blizzard", "731")]
    schema = ["service", "title"]
    identifying.title_ids(pl.DataFrame(pairs, schema=schema, orient="row"))
    found = {(t.service, t.raw): (t.name, t.named_by) for t in Title.objects.all()}
    assert found["steam", "731"] == ("Counter-Strike", "list")
    assert found["steam", "1"] == found["blizzard", "731"] == ("", "")


def test_bad_rows_are_counted_and_told_and_the_rest_goes_in(evening):
    job = imported(LIST + b"<b>nonsense</b>\n5;;5\n")
    assert job.state == Job.State.DONE
    assert "Rows left out: 2" in job.outcome
    assert "line 4: it is not AppId;AppName;DepotId\nline 5: it has no" in job.outcome
    assert Download.objects.count() == 2


def test_nonsense_fails_and_changes_nothing(evening):
    before = state()
    job = imported(b"\x89PNG\r\n\x1a\n")
    assert (job.state, state()) == (Job.State.FAILED, before)
    assert job.outcome.startswith("It names no depot.")


def test_an_upload_is_kept_until_it_is_done_and_no_longer():
    job = importing.ask_for_upload([b"1;", b"A;2\n"], "list.csv")
    again = importing.ask_for_upload([b"1;A;2\n"], "list.csv")
    assert again == job
    kept = list((settings.DATA_DIR / "uploads").iterdir())
    assert [path.read_bytes() for path in kept] == [b"1;A;2\n"]
    jobs.run(time.monotonic() + 30)
    assert not list((settings.DATA_DIR / "uploads").iterdir())
    imported(b"nonsense")
    assert not list((settings.DATA_DIR / "uploads").iterdir())


def test_an_upload_that_is_gone_is_told():
    job = importing.ask_for_upload([LIST], "list.csv")
    (settings.DATA_DIR / "uploads" / job.arguments["upload"]).unlink()
    jobs.run(time.monotonic() + 30)
    job.refresh_from_db()
    assert job.outcome == "The uploaded file is gone: upload it again."


def test_an_upload_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(importing, "MOST_BYTES", 10_000_000)
    with pytest.raises(NotAList, match="larger than 10 MB"):
        importing.ask_for_upload([b"x" * 6_000_000] * 2, "list.csv")
    assert not list((settings.DATA_DIR / "uploads").iterdir())
    assert not Job.objects.exists()


def test_an_import_that_is_killed_after_any_step_ends_the_same(evening, monkeypatch):
    monkeypatch.setattr(naming, "TITLES", 1)
    monkeypatch.setattr(grouping, "BATCH", 1)
    job = importing.ask_for_upload([LIST], "list.csv")
    for _ in range(50):
        # The step's work is in the database, what it noted of it is lost.
        importing.import_titles(Job.objects.get(pk=job.pk), deadline=0)
        assert jobs.run(time.monotonic() + 0.001) == 1
        job.refresh_from_db()
        if not job.is_open:
            break
    assert job.state == Job.State.DONE
    assert sorted(d.requests for d in Download.objects.all()) == [3, 6]


def test_sessions_are_linked_to_what_their_downloads_became(evening):
    rows.session(correlated=False, unlinked="")
    while linking.correlate().answered:
        pass
    imported()
    while linking.correlate().answered:
        pass
    assert StreamSession.objects.get().download == Download.objects.get(requests=6)


def test_aliases_of_an_absorbed_download_lead_on(evening):
    last = Download.objects.latest("pk")
    DownloadAlias.objects.create(id=7000, download=last)
    imported(b"1;All;731\n1;All;732\n1;All;571\n")
    assert {a.download for a in DownloadAlias.objects.all()} == {Download.objects.get()}
    assert DownloadAlias.objects.count() == 3
