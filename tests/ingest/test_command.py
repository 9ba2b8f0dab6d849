"""`manage.py ingest PATH --json`: what scripts may rely on."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from downloads.models import Datasource, StreamSession
from tests.ingest.logs import NOON, append, request, requests_of, session

ROOT = Path(__file__).parents[2]
KEYS = [
    "files", "bytes", "lines", "requests", "sessions", "skipped", "rejected",
    "downloads", "linked", "seconds",
]  # fmt: skip


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    directory = tmp_path / "Main Hall"
    directory.mkdir()
    lines = [request(NOON + i, chunk=i) for i in range(30)]
    append(directory / "access.log", *lines, b"nonsense\n", request(NOON, status=400))
    append(directory / "stream-access.log", session(NOON + 20, 8))
    return directory


def ingest(*arguments: object) -> dict[str, Any]:
    out = StringIO()
    call_command("ingest", *map(str, arguments), "--json", stdout=out)
    report: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return report


@pytest.mark.django_db
def test_the_last_line_tells_what_was_read(logs: Path):
    report = ingest(logs)
    assert list(report) == KEYS
    assert report["files"] == 2
    assert report["bytes"] == sum(path.stat().st_size for path in logs.iterdir())
    assert (report["requests"], report["sessions"]) == (30, 1)
    assert (report["skipped"], report["rejected"], report["lines"]) == (1, 1, 33)
    assert (report["downloads"], report["linked"]) == (1, 1)
    assert report["seconds"] > 0


@pytest.mark.django_db
def test_a_second_call_has_nothing_to_tell(logs: Path):
    ingest(logs)
    report = ingest(logs)
    assert {report[key] for key in KEYS[:-1]} == {0}


@pytest.mark.django_db
def test_a_directory_is_a_datasource_named_after_it(logs: Path):
    ingest(logs)
    source = Datasource.objects.get()
    assert (source.name, source.log_directory) == ("main-hall", str(logs))
    ingest(logs, "--datasource", "another")
    assert Datasource.objects.count() == 1


@pytest.mark.django_db
def test_a_datasource_can_be_named(logs: Path):
    ingest(logs, "--datasource", "hall")
    assert Datasource.objects.get().name == "hall"


@pytest.mark.django_db
def test_a_name_that_is_taken_is_refused(logs: Path, tmp_path: Path):
    Datasource.objects.create(name="hall", log_directory=str(tmp_path))
    with pytest.raises(CommandError, match="hall has another log directory"):
        ingest(logs, "--datasource", "hall")


@pytest.mark.django_db
def test_a_single_file_is_read_alone_and_not_again_with_the_rest(logs: Path):
    assert ingest(logs / "stream-access.log")["lines"] == 1
    report = ingest(logs)
    assert (report["requests"], report["sessions"]) == (30, 0)
    assert requests_of(Datasource.objects.get()) == 30
    assert StreamSession.objects.count() == 1


@pytest.mark.django_db
def test_a_path_may_be_relative(logs: Path, monkeypatch):
    monkeypatch.chdir(logs)
    assert ingest("access.log")["requests"] == 30
    assert Datasource.objects.get().log_directory == str(logs)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nowhere", "does not exist"),
        ("nothing", "holds no access or stream log"),
        ("empty", "is empty"),
        ("notes.txt", "no log that is known by its name"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(tmp_path: Path, name: str, told: str):
    (tmp_path / "nothing").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "access.log").touch()
    (tmp_path / "notes.txt").write_text("no log\n")
    with pytest.raises(CommandError, match=told) as refused:
        ingest(tmp_path / name)
    assert str(tmp_path / name) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not Datasource.objects.exists()


@pytest.mark.django_db
def test_without_a_path_and_a_datasource_there_is_nothing_to_do():
    with pytest.raises(CommandError, match="no datasource yet"):
        ingest()


def test_a_shell_sees_an_exit_code_and_no_traceback(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "manage.py", "ingest", str(tmp_path / "nowhere"), "--json"],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "does not exist" in done.stderr
