"""On PostgreSQL the same lines give the same rows, however many read them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import evening
from tests.ingest.test_any_cut import evening as made_up_evening
from tests.postgres import Postgres, postgres
from tests.site.stack import MANAGE, environment, manage

__all__ = ["postgres"]
LINES = 30_000


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("logs")
    evening.write(place / "access.log", LINES)
    evening.write_sessions(place / "stream-access.log", 3000)
    return place


def migrated(data: Path, **settings: str) -> dict[str, str]:
    code, _output, errors = manage(data, "migrate", "-v0", **settings)
    assert code == 0, errors
    return settings


def facts(data: Path, settings: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.ingest.snapshot"],
        env=environment(data, **settings),
        cwd=MANAGE.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def expected(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What SQLite says of the logs."""
    data = tmp_path_factory.mktemp("sqlite")
    settings = migrated(data)
    code, _output, errors = manage(data, "ingest", str(logs), "--json", **settings)
    assert code == 0, errors
    return facts(data, settings)


def test_both_databases_say_the_same(
    logs: Path, expected: list[str], postgres: Postgres, tmp_path: Path
):
    settings = migrated(tmp_path, DATABASE_URL=postgres.database("alone"))
    code, output, errors = manage(tmp_path, "ingest", str(logs), "--json", **settings)
    assert code == 0, errors
    report = json.loads(output.splitlines()[-1])
    assert (report["requests"], report["sessions"]) == (LINES, 3000)
    assert facts(tmp_path, settings) == expected


def test_several_at_once_count_each_line_once(
    logs: Path, expected: list[str], postgres: Postgres, tmp_path: Path
):
    settings = migrated(tmp_path, DATABASE_URL=postgres.database("several"))
    readers = [
        subprocess.Popen(
            [sys.executable, str(MANAGE), "ingest", str(logs), "--json"],
            env=environment(tmp_path, **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    told = [reader.communicate(timeout=120) for reader in readers]
    assert [reader.returncode for reader in readers] == [0, 0, 0], told
    reports = [json.loads(output.splitlines()[-1]) for output, _errors in told]
    assert sum(report["requests"] for report in reports) == LINES
    assert sum(report["sessions"] for report in reports) == 3000
    assert facts(tmp_path, settings) == expected


AGAIN = """
import ingest.tasks
from downloads import jobs
from downloads.models import Datasource, Job
from ingest import forgetting, operations
forgetting.WINDOW = 50
job = jobs.finish(operations.ask(Job.Kind.READ_AGAIN, Datasource.objects.get()))
assert job.state == "done", job.outcome
"""


def test_reading_again_while_others_read_and_correlate_changes_nothing(
    logs: Path, expected: list[str], postgres: Postgres, tmp_path: Path
):
    settings = migrated(tmp_path, DATABASE_URL=postgres.database("again"))
    assert manage(tmp_path, "ingest", str(logs), **settings)[0] == 0
    again = subprocess.Popen(
        [sys.executable, str(MANAGE), "shell", "-c", AGAIN],
        env=environment(tmp_path, **settings),
        stderr=subprocess.PIPE,
        text=True,
    )
    while again.poll() is None:
        manage(tmp_path, "ingest", **settings)
        manage(tmp_path, "correlate", "--all", **settings)
    _output, told = again.communicate()
    assert again.returncode == 0, told
    assert facts(tmp_path, settings) == expected


def test_names_group_downloads_the_same(postgres: Postgres, tmp_path: Path):
    logs, names = tmp_path / "logs", tmp_path / "names.csv"
    logs.mkdir()
    requests, sessions = made_up_evening(7)
    (logs / "access.log").write_bytes(b"".join(requests))
    (logs / "stream-access.log").write_bytes(b"".join(sessions))
    names.write_text("1;Half-Life;441\n1;Half-Life;442\n2;Dota;570\n")
    found: list[list[str]] = []
    for url in ({}, {"DATABASE_URL": postgres.database("names")}):
        data = tmp_path / str(len(found))
        settings = migrated(data, **url)
        manage(data, "ingest", str(logs), "--json", **settings)
        before = facts(data, settings)
        for titles in (3, 0):
            code, output, errors = manage(data, "import_titles", str(names), **settings)
            assert code == 0, errors
            assert f"Titles renamed: {titles}." in output
        found.append(facts(data, settings))
        assert found[-1] != before
    assert found[0] == found[1]
