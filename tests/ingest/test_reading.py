"""Passes over log directories: each line once, whatever happens to the files."""

import gzip
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from downloads import recording
from downloads.models import (
    Burst,
    Client,
    Counter,
    Datasource,
    Download,
    StreamSession,
    TrafficQuarter,
)
from ingest import files, passes, pipeline, slices, starting, understanding, watching
from ingest.models import IngestRun, LogFile, RejectedLine
from tests.ingest.logs import (
    NOON,
    append,
    clear,
    datasource,
    json_request,
    lines_of_runs,
    read,
    request,
    requests_of,
    session,
    snapshot,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    directory = tmp_path / "logs"
    directory.mkdir()
    return directory


@pytest.fixture
def hall(logs: Path) -> Datasource:
    return datasource(logs)


def some(start: int, count: int, **fields) -> list[bytes]:
    return [request(NOON + i, chunk=i, **fields) for i in range(start, start + count)]


def read_all(source: Datasource) -> None:
    for _pass in range(1000):
        if read(source, budget=0.01).finished:
            return
    raise AssertionError(source.last_error)


def unread(source: Datasource) -> dict[str, str]:
    source.refresh_from_db()
    return dict(source.unread_files)


def test_what_was_appended_is_read_and_nothing_twice(logs, hall):
    log = logs / "access.log"
    append(log, *some(0, 10))
    assert read(hall).totals.requests == 10
    append(log, *some(10, 5))
    assert read(hall).totals.requests == 5
    assert read(hall).totals.lines == 0
    assert requests_of(hall) == 15


def test_a_half_line_is_read_when_it_is_whole(logs, hall):
    log = logs / "access.log"
    line = request(NOON)
    append(log, line, line[:50])
    assert read(hall).totals.lines == 1
    append(log, line[50:])
    assert read(hall).totals.lines == 1
    assert RejectedLine.objects.count() == 0


def test_a_restart_goes_on_from_the_database(logs, hall):
    append(logs / "access.log", *some(0, 10))
    passes.run(hall)
    files.forget(hall)
    again = Datasource.objects.get()
    append(logs / "access.log", *some(10, 1))
    assert passes.run(again).totals.requests == 1


def test_a_log_may_change_its_format_half_way(logs, hall):
    append(logs / "access.log", *some(0, 10))
    append(logs / "access.log", *(json_request(NOON + 10 + i) for i in range(5)))
    assert read(hall).totals.requests == 15
    [burst] = Burst.objects.all()
    assert (burst.first, burst.last, burst.requests) == (NOON, NOON + 14, 15)


def test_every_line_is_accounted_for(logs, hall):
    refused = request(NOON, status=400)
    odd = [b"\n", b"nonsense\n", b"\xff\x00\xfe\n", refused, b"x" * 1_100_000 + b"\n"]
    append(logs / "access.log", *some(0, 3), *odd, *some(3, 2))
    append(logs / "stream-access.log", session(NOON), b"nonsense\n")
    totals = read(hall).totals
    told = (totals.requests, totals.sessions, totals.skipped, totals.rejected)
    assert (totals.lines, *told) == (12, 5, 1, 2, 4)
    assert lines_of_runs() == (12, 12)
    assert RejectedLine.objects.count() == 4


@contextmanager
def not_as_root():
    """Be nobody for a while: root may read everything."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_an_unreadable_log_is_told_and_stops_no_other():
    with tempfile.TemporaryDirectory(dir="/tmp") as place:  # where nobody may go
        Path(place).chmod(0o755)
        hall, log = datasource(Path(place)), Path(place) / "stream-access.log"
        append(Path(place) / "access.log", *some(0, 3))
        append(log, session(NOON))
        log.chmod(0)
        with not_as_root():
            [error] = read(hall).errors
            assert "Permission denied" in error and f"uid {os.geteuid()}" in error
            assert passes.run(hall).errors == [], "it is told once"
        assert (requests_of(hall), list(unread(hall))) == (3, [log.name])
        log.chmod(0o644)
        with not_as_root():
            assert passes.run(hall).totals.sessions == 1
        assert Datasource.objects.get().last_error == ""


def test_a_datasource_without_logs_stops_no_other(tmp_path, logs, hall, broker):
    append(logs / "access.log", *some(0, 3))
    (tmp_path / "empty").mkdir()
    nowhere = datasource(tmp_path / "nowhere", "a-missing")
    empty = datasource(tmp_path / "empty", "b-empty")
    watching.tick(2.0)
    assert requests_of(hall) == 3
    for source, why in ((nowhere, "does not exist"), (empty, "holds no")):
        source.refresh_from_db()
        assert why in source.last_error and source.log_directory in source.last_error
    assert IngestRun.objects.count() == 3
    watching.tick(2.0)
    assert IngestRun.objects.count() == 3, "the same error is told once"
    append(tmp_path / "empty" / "access.log", *some(0, 1))
    watching.tick(2.0)
    empty.refresh_from_db()
    assert (empty.last_error, requests_of(empty)) == ("", 1)


def test_a_paused_datasource_is_not_read(logs, hall, broker):
    append(logs / "access.log", *some(0, 3))
    Datasource.objects.update(enabled=False)
    watching.tick(2.0)
    assert requests_of(hall) == 0


def test_without_a_broker_reading_goes_on(logs, hall, settings):
    # Not in place: what is changed inside the dictionary outlives this test.
    dead = settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": dead}
    append(logs / "access.log", *some(0, 3))
    watching.tick(2.0)
    assert requests_of(hall) == 3


def test_of_two_formats_of_the_same_traffic_one_is_read(logs, hall):
    append(logs / "access.log", *some(0, 10))
    append(logs / "access-json.log", *(json_request(NOON + i) for i in range(10)))
    assert read(hall).totals.requests == 10
    assert "the same traffic as access.log" in unread(hall)["access-json.log"]
    append(logs / "access-json.log", *(json_request(NOON + i) for i in range(10, 20)))
    append(logs / "access.log", *some(10, 10))
    assert read(hall).totals.requests == 10
    (logs / "access.log").unlink()
    assert read(hall).totals.requests == 20, "it is the only one now"
    assert unread(hall) == {}


def test_logs_of_several_services_are_all_read(logs, hall):
    append(logs / "steam-access.log", *some(0, 3))
    append(logs / "epicgames-access.log", *some(0, 4, service="epicgames", depot=9))
    assert read(hall).totals.requests == 7


def test_what_the_cache_asks_of_the_internet_is_not_counted_again(logs, hall):
    append(logs / "access.log", *some(0, 3))
    append(logs / "upstream-access.log", *some(0, 3, client="127.0.0.1"))
    append(logs / "error.log", b"2026/11/23 12:00:00 [error] 9#9: *1 nonsense\n")
    assert read(hall).totals.requests == 3
    assert list(unread(hall)) == ["upstream-access.log"]


@pytest.mark.parametrize("slice_size", [60_000, 200_000])
def test_fresh_lines_first_end_in_the_same_facts(logs, hall, monkeypatch, slice_size):
    lines = [
        request(NOON + 3 * i, chunk=i, depot=441 + i % 3, client=f"10.0.0.{i % 4}")
        for i in range(3000)
    ]
    sessions = [session(NOON + 31 * i, client=f"10.0.0.{i % 4}") for i in range(290)]
    append(logs / "access.log", *lines)
    append(logs / "stream-access.log", *sessions)
    monkeypatch.setattr(slices, "SIZE", slice_size)
    read(hall, fresh_first=False)
    expected = snapshot()
    clear()
    monkeypatch.setattr(starting, "SMALL", 10_000)
    monkeypatch.setattr(starting, "FRESH_SECONDS", 600)
    source = datasource(logs)
    read(source, budget=0.001)
    file = LogFile.objects.get(kind="access")
    assert 0 < file.live_start < file.offset and not file.history_offset
    newest = Download.objects.order_by("-ended_at").values_list("ended_at", flat=True)
    assert newest[0].timestamp() > NOON + 3 * 3000 - 600
    read_all(source)
    assert snapshot() == expected


def test_history_goes_on_while_the_log_is_rotated_and_compressed(
    logs, hall, monkeypatch
):
    log = logs / "access.log"
    append(log, *some(0, 1000))
    monkeypatch.setattr(slices, "SIZE", 20_000)
    monkeypatch.setattr(starting, "SMALL", 10_000)
    monkeypatch.setattr(starting, "FRESH_SECONDS", 100)
    read(hall, budget=0)
    assert not read(hall, budget=0.0001).finished
    log.rename(logs / "access.log.1")
    append(log, *some(1000, 50))
    read(hall, budget=0.0001)
    with gzip.open(logs / "access.log.2.gz", "wb") as packed:
        packed.write((logs / "access.log.1").read_bytes())
    (logs / "access.log.1").unlink()
    read_all(hall)
    assert requests_of(hall) == 1050
    [burst] = Burst.objects.all()
    assert (burst.first, burst.last) == (NOON, NOON + 1049)


def test_a_long_line_near_the_end_is_not_begun_in_its_middle(logs, hall, monkeypatch):
    monkeypatch.setattr(starting, "SMALL", 10_000)
    monkeypatch.setattr(starting, "FRESH_BYTES", 300_000)
    append(logs / "access.log", *some(0, 10), b"x" * 500_000 + b"\n", *some(10, 400))
    totals = read(hall).totals
    assert (totals.requests, totals.rejected) == (410, 1)


def test_only_the_last_days_are_read_if_that_is_asked_for(logs):
    now = NOON + 10 * 86400
    days = [request(NOON + day * 86400, chunk=day) for day in range(11)]
    append(logs / "access.log", *days)
    with gzip.open(logs / "access.log.1.gz", "wb") as packed:
        packed.write(b"".join(request(NOON + i, chunk=50 + i) for i in range(5)))
    with time_machine.travel(now, tick=True):
        source = datasource(logs, history_days=3)
        totals = read(source).totals
        assert totals.requests == 4
        assert totals.reasons[understanding.OLDER] == totals.skipped == 5
        append(logs / "access.log", request(now))
        assert read(source).totals.requests == 1


def test_behind_a_trusted_proxy_the_client_is_another(logs):
    source = datasource(logs, trusted_proxies="10.10.0.0/16")
    append(
        logs / "access.log",
        request(NOON, client="10.10.99.5", forwarded="10.16.10.39"),
        request(NOON, client="10.10.99.5", forwarded="8.8.8.8, 10.16.10.40, 10.10.1.1"),
        request(NOON, client="10.20.0.1", forwarded="10.16.10.41"),
    )
    read(source)
    addresses = set(Client.objects.values_list("address", flat=True))
    assert addresses == {"10.16.10.39", "10.16.10.40", "10.20.0.1"}


def test_a_pass_with_nothing_new_asks_one_cheap_question(
    logs, hall, django_assert_num_queries
):
    append(logs / "access.log", *some(0, 10))
    passes.run(hall)
    with django_assert_num_queries(1) as asked:
        assert passes.run(hall).totals.lines == 0
    assert asked.captured_queries[0]["sql"].startswith("SELECT")
    assert IngestRun.objects.count() == 1


def test_a_few_lines_on_top_of_many_cost_a_bounded_number_of_queries(logs, hall):
    append(logs / "access.log", *some(0, 500))
    passes.run(hall)
    append(logs / "access.log", *some(500, 10))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        passes.run(hall)
    assert len(asked) < 40


def test_a_failing_database_rolls_all_of_a_slice_back(logs, hall, monkeypatch):
    append(logs / "access.log", *some(0, 10))
    append(logs / "stream-access.log", session(NOON))
    read(hall)
    before = snapshot()
    append(logs / "access.log", *some(10, 10))
    really = recording._add_quarters

    def fail(*args):
        really(*args)
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(recording, "_add_quarters", fail)
    with pytest.raises(DatabaseError):
        passes.run(hall)
    assert snapshot() == before
    monkeypatch.undo()
    assert passes.run(hall).totals.requests == 10
    assert requests_of(hall) == 20
    hall.refresh_from_db()
    assert hall.newest_stamp == NOON + 19


def test_a_fault_of_ours_with_one_file_stops_no_other(logs, hall, monkeypatch):
    append(logs / "access.log", *some(0, 10))
    append(logs / "stream-access.log", session(NOON))
    monkeypatch.setattr(understanding, "count", lambda *args: 1 / 0)
    [error] = read(hall).errors
    assert "access.log: ZeroDivisionError" in error
    assert StreamSession.objects.count() == 1
    monkeypatch.undo()
    assert read(hall).totals.requests == 10
    assert Datasource.objects.get().last_error == ""


def test_who_comes_second_records_nothing(logs, hall):
    append(logs / "access.log", *some(0, 10))
    mine, theirs = files.survey(hall), None
    files.look_again(hall)
    theirs = files.survey(hall)
    [one], [other] = mine.readings, theirs.readings
    assert one.row.pk == other.row.pk
    [first], [second] = (
        list(slices.slices(hall, r, True, None, lambda: False)) for r in (one, other)
    )
    pipeline.record_slice(hall, one.row, first)
    with pytest.raises(pipeline.Overtaken):
        pipeline.record_slice(hall, other.row, second)
    assert requests_of(hall) == 10


def test_two_that_meet_a_new_file_make_one_row_of_it(logs, hall, monkeypatch):
    append(logs / "access.log", *some(0, 10))
    really = files._made

    def overtaken(*args):
        monkeypatch.setattr(files, "_made", really)
        passes.run(Datasource.objects.get())
        return really(*args)

    monkeypatch.setattr(files, "_made", overtaken)
    read(hall)
    assert LogFile.objects.count() == 1
    assert requests_of(hall) == 10


def test_lines_that_are_read_again_count_once_for_prometheus(logs, hall):
    append(logs / "access.log", *some(0, 10))
    read(hall)
    counted = list(Counter.objects.order_by("name").values_list("name", "value"))
    TrafficQuarter.objects.all().delete()
    Burst.objects.all().delete()
    LogFile.objects.update(offset=0, tail_hash="", lines=0, requests=0)
    append(logs / "access.log", *some(10, 1))
    read(hall)
    assert requests_of(hall) == 11
    again = dict(Counter.objects.values_list("name", "value"))
    assert again["backfill_http_requests"] == 11
    assert dict(counted)["backfill_http_requests"] == 10


def test_old_lines_count_as_backfill_and_new_ones_do_not(logs, hall):
    append(logs / "access.log", *some(0, 10))
    with time_machine.travel(NOON + 5, tick=True):
        read(hall)
    assert Counter.objects.get(name="http_requests").value == 10
    with time_machine.travel(NOON + 3600, tick=True):
        append(logs / "access.log", *some(10, 4))
        read(hall)
    assert Counter.objects.get(name="http_requests").value == 10
    assert Counter.objects.get(name="backfill_http_requests").value == 4


def test_bursts_left_ungrouped_by_a_kill_are_grouped_by_the_next_pass(logs, hall):
    append(logs / "access.log", *some(0, 10))
    passes.run(hall)
    Download.objects.all().delete()
    Burst.objects.update(grouped=False)
    assert passes.run(hall).downloads == 1
    assert Download.objects.count() == 1


def test_a_download_of_very_many_stretches_has_its_rates(logs, hall):
    lines = [
        request(NOON + 60 * turn + second, 1_000_000 + turn, chunk=60 * turn + second)
        for turn in range(450)
        for second in range(30)
    ]
    append(logs / "access.log", *lines)
    read(hall)
    [download] = Download.objects.all()
    assert download.silences == 449
    assert download.hit_bytes_per_second == pytest.approx(1_000_000, rel=0.01)
    # The largest stretch is the last.
    assert download.peak_bytes_per_second == 1_000_449
