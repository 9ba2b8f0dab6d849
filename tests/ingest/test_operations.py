"""What is asked of a datasource ends in the facts of a first read."""

import gzip
import time
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F, Model

from downloads import grouping, jobs
from downloads.models import (
    Burst,
    Counter,
    Datasource,
    Download,
    DownloadAlias,
    Job,
    Logs,
    StreamSession,
    TrafficBucket,
    TrafficQuarter,
)
from ingest import files, forgetting, operations, starting, tasks, watching
from ingest.models import IngestRun, LogFile, RejectedLine
from tests.ingest.logs import (
    NOON,
    append,
    datasource,
    read,
    request,
    requests_of,
    session,
    snapshot,
)
from tests.ingest.test_any_cut import evening

pytestmark = pytest.mark.django_db
AGAIN, FORGET = Job.Kind.READ_AGAIN, Job.Kind.FORGET_DATASOURCE
FACTS: list[type[Model]] = [Burst, Download, DownloadAlias, StreamSession]
FACTS += [TrafficBucket, TrafficQuarter]


@pytest.fixture
def hall(tmp_path: Path) -> Datasource:
    """An evening, all of it read."""
    requests, sessions = evening(7)
    append(tmp_path / "access.log", *requests)
    append(tmp_path / "stream-access.log", *sessions)
    source = datasource(tmp_path)
    read(source)
    return source


@pytest.fixture
def cellar(tmp_path_factory) -> Datasource:
    """Another cache, to which nothing must happen."""
    place = tmp_path_factory.mktemp("cellar")
    append(place / "access.log", *(request(NOON + i, chunk=i) for i in range(9)))
    append(place / "stream-access.log", session(NOON + 5))
    source = datasource(place, "cellar")
    read(source)
    return source


def done(kind: Job.Kind, source: Datasource, logs=Logs.BOTH, **options) -> Job:
    job = jobs.finish(operations.ask(kind, source, logs, **options))
    assert job.state == Job.State.DONE, job.outcome
    source.refresh_from_db() if not options.get("remove") else None
    return job


def killed(monkeypatch, job: Job, kill_after: int) -> None:
    """Take one step, killed after some windows, before its place was kept."""
    left = iter(range(kill_after))
    forget = forgetting._locked

    def locked(pk: int) -> str:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return forget(pk)

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "_locked", locked)
        with pytest.raises(KeyboardInterrupt):
            jobs.run(time.monotonic() + 5)
    Job.objects.update(busy_until=None)


@pytest.mark.parametrize("logs", Logs)
def test_reading_again_gives_the_facts_of_the_first_read(hall, cellar, logs):
    before = snapshot()
    done(AGAIN, hall, logs)
    assert snapshot() == before
    assert not hall.forgetting


def test_reading_again_twice_changes_nothing(hall):
    before = snapshot()
    done(AGAIN, hall)
    done(AGAIN, hall)
    assert snapshot() == before


def test_reading_again_gives_what_another_hand_had_changed_in_the_facts(hall):
    before = snapshot()
    Burst.objects.update(hit_bytes=1)
    TrafficQuarter.objects.update(requests=7)
    StreamSession.objects.all()[:3][0].delete()
    done(AGAIN, hall)
    assert snapshot() == before


@pytest.mark.parametrize("kill_after", [1, 2, 3, 5, 8])
def test_a_kill_in_the_midst_of_forgetting_is_gone_on_with(
    hall, cellar, monkeypatch, kill_after
):
    monkeypatch.setattr(forgetting, "WINDOW", 20)
    before = snapshot()
    job = operations.ask(AGAIN, hall)
    killed(monkeypatch, job, kill_after)
    watching.tick(1)
    grouping.group()
    assert jobs.finish(job).state == Job.State.DONE
    assert snapshot() == before


def test_a_step_ends_at_its_deadline_and_the_next_goes_on(hall, monkeypatch):
    monkeypatch.setattr(forgetting, "WINDOW", 20)
    before = snapshot()
    job, steps = operations.ask(AGAIN, hall), 0
    while job.is_open:
        jobs.run(time.monotonic() + 0.001)
        job.refresh_from_db()
        steps += 1
        assert job.done <= (job.total or 0)
    assert steps > 10
    assert snapshot() == before


def test_reading_rests_while_data_is_forgotten(hall):
    forgetting.begin(hall.pk, Logs.ACCESS)
    append(Path(hall.log_directory) / "access.log", request(NOON + 9000))
    before = requests_of(hall)
    watching.tick(1)
    read(hall)
    assert requests_of(hall) == before
    forgetting.finish(hall.pk, Logs.ACCESS, again=False)
    read(hall)
    assert requests_of(hall) == before + 1


def test_a_job_that_was_stopped_leaves_reading_at_rest_until_another_is_done(
    hall, monkeypatch
):
    monkeypatch.setattr(forgetting, "WINDOW", 20)
    before = snapshot()
    job = operations.ask(AGAIN, hall)
    jobs.run(time.monotonic() + 0.001)
    jobs.stop(job)
    watching.tick(1)
    hall.refresh_from_db()
    assert hall.forgetting == "both"
    with pytest.raises(AssertionError, match="forgotten in part"):
        done(Job.Kind.READ_NOW, hall)
    done(AGAIN, hall)
    assert snapshot() == before


def test_one_thing_at_a_time_is_done_to_a_datasource(hall, cellar):
    job = operations.ask(FORGET, hall, Logs.ACCESS)
    with pytest.raises(operations.Busy) as busy:
        operations.ask(AGAIN, hall)
    assert busy.value.job == job
    operations.ask(AGAIN, cellar)


def test_forgetting_the_access_log_keeps_sessions_and_asks_them_again(hall, cellar):
    before = snapshot()
    done(FORGET, hall, Logs.ACCESS)
    assert not Burst.objects.filter(datasource=hall).exists()
    assert not Download.objects.filter(datasource=hall).exists()
    after = snapshot()
    assert len(after["sessions"]) == len(before["sessions"])
    mine = StreamSession.objects.filter(datasource=hall)
    assert not mine.exclude(download=None, confidence=None).exists()
    assert after["counters"] == before["counters"]


def test_forgetting_the_stream_log_clears_what_downloads_had_of_it(hall, cellar):
    snapshot()
    assert Download.objects.exclude(session_seconds=None).exists()
    kept = Download.objects.filter(datasource=hall).count()
    done(FORGET, hall, Logs.STREAM)
    mine = Download.objects.filter(datasource=hall)
    assert (
        mine.filter(session_seconds=None, upload_bytes_per_second=None).count() == kept
    )
    assert not StreamSession.objects.filter(datasource=hall).exists()
    assert StreamSession.objects.filter(datasource=cellar).exists()


def test_what_was_forgotten_is_not_read_again_and_what_follows_is(hall):
    done(FORGET, hall)
    watching.tick(1)
    assert not any(model._default_manager.exists() for model in FACTS)
    append(Path(hall.log_directory) / "access.log", request(NOON + 90_000))
    watching.tick(1)
    assert requests_of(hall) == 1


def test_what_was_forgotten_can_be_read_again(hall):
    before = snapshot()
    done(FORGET, hall)
    done(AGAIN, hall)
    assert snapshot() == before


def test_reading_again_loses_what_is_no_longer_on_disk(hall):
    place = Path(hall.log_directory)
    (place / "access.log").rename(place / "elsewhere")
    append(place / "access.log", request(NOON + 90_000))
    read(hall)
    counted = snapshot()["counters"]
    done(AGAIN, hall)
    assert requests_of(hall) == 1
    (place / "elsewhere").rename(place / "access.log.1")
    read(hall)
    assert requests_of(hall) > 1
    assert snapshot()["counters"] == counted


def test_compressed_logs_and_copies_are_read_again_once(hall):
    place = Path(hall.log_directory)
    data = (place / "access.log").read_bytes()
    before = snapshot()
    (place / "access.log.1").write_bytes(data)
    (place / "access.log.2.gz").write_bytes(gzip.compress(data))
    (place / "access.log").unlink()
    read(hall)
    done(AGAIN, hall)
    assert snapshot() == before


def test_what_is_logged_meanwhile_is_read_once(hall, monkeypatch):
    monkeypatch.setattr(forgetting, "WINDOW", 20)
    log, before = Path(hall.log_directory) / "access.log", requests_of(hall)
    job, added = operations.ask(AGAIN, hall), 0
    while job.is_open:
        append(log, request(NOON + 90_000 + added))
        added += 1
        watching.tick(0.01)
        jobs.run(time.monotonic() + 0.001)
        job.refresh_from_db()
    read(hall)
    assert requests_of(hall) == before + added


def test_history_that_had_not_counted_counts_when_it_is_read_again(
    tmp_path, hall, cellar, monkeypatch
):
    whole = snapshot()
    Datasource.objects.filter(pk=hall.pk).delete()
    monkeypatch.setattr(starting, "SMALL", 1)
    monkeypatch.setattr(starting, "FRESH_SECONDS", 60)
    hall = datasource(tmp_path)
    read(hall, budget=0.0)
    assert LogFile.objects.filter(history_offset__lt=F("live_start")).exists()
    done(AGAIN, hall)
    assert snapshot() == whole


def test_rejected_lines_are_not_told_twice(hall):
    before = RejectedLine.objects.count()
    assert before
    done(AGAIN, hall)
    assert RejectedLine.objects.count() == before
    assert RejectedLine.objects.first().file.name == "access.log"


def test_a_datasource_is_deleted_with_all_that_is_its_own(hall, cellar):
    models: list[Any] = [
        Burst,
        Download,
        StreamSession,
        TrafficBucket,
        TrafficQuarter,
        Counter,
        LogFile,
        IngestRun,
    ]
    others = {m: m._default_manager.filter(datasource=cellar) for m in models}
    counts = {model: rows.count() for model, rows in others.items()}
    done(FORGET, hall, remove=True)
    assert list(Datasource.objects.all()) == [cellar]
    assert {model: model._default_manager.count() for model in counts} == counts


def test_deleting_what_is_gone_already_is_done(hall):
    job = operations.ask(FORGET, hall, remove=True)
    Datasource.objects.filter(pk=hall.pk).delete()
    assert jobs.finish(job).state == Job.State.DONE


def test_a_job_on_a_datasource_that_is_gone_says_so(hall):
    job = operations.ask(AGAIN, hall)
    Datasource.objects.filter(pk=hall.pk).delete()
    assert jobs.finish(job).outcome == "The datasource is gone."


def test_reading_now_reads_one_log_of_a_paused_cache(hall):
    Datasource.objects.update(enabled=False)
    place = Path(hall.log_directory)
    append(place / "access.log", request(NOON + 90_000))
    append(place / "stream-access.log", session(NOON + 90_000))
    sessions, requests = StreamSession.objects.count(), requests_of(hall)
    job = done(Job.Kind.READ_NOW, hall, Logs.STREAM)
    assert job.outcome == "Read 1 lines, 84 B."
    assert StreamSession.objects.count() == sessions + 1
    assert requests_of(hall) == requests


def test_reading_now_with_nothing_new_is_done_at_once(hall):
    assert done(Job.Kind.READ_NOW, hall).outcome == "Read 0 lines, 0 B."


def test_reading_now_says_why_it_cannot(hall, tmp_path):
    Datasource.objects.update(log_directory=str(tmp_path / "none"))
    job = jobs.finish(operations.ask(Job.Kind.READ_NOW, hall))
    assert job.state == Job.State.FAILED
    assert "none does not exist." in job.outcome


def test_a_log_that_is_paused_is_not_read_and_gone_on_with(hall):
    Datasource.objects.update(reads=Logs.STREAM)
    place = Path(hall.log_directory)
    append(place / "access.log", request(NOON + 90_000))
    append(place / "stream-access.log", session(NOON + 90_000))
    sessions, requests = StreamSession.objects.count(), requests_of(hall)
    read(hall)
    assert (StreamSession.objects.count(), requests_of(hall)) == (
        sessions + 1,
        requests,
    )
    Datasource.objects.update(reads=Logs.BOTH)
    read(hall)
    assert requests_of(hall) == requests + 1


def test_the_worker_does_what_was_asked_for(hall):
    files.forget(hall)
    job = operations.ask(Job.Kind.READ_NOW, hall)
    assert tasks.read_now(job, time.monotonic() + 1)
