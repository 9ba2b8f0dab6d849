"""Logs renamed, copied, truncated and compressed: each line counts once."""

import gzip
import os
import shutil

import pytest

from downloads.models import (
    Burst,
)
from ingest import files, slices
from ingest.models import LogFile, RejectedLine
from tests.ingest.logs import (
    NOON,
    append,
    read,
    request,
    requests_of,
)
from tests.ingest.test_reading import hall, logs, some, unread

__all__ = ["hall", "logs"]
pytestmark = pytest.mark.django_db


def test_a_log_renamed_and_made_anew_between_passes_is_read_on(logs, hall):
    log = logs / "access.log"
    append(log, *some(0, 10))
    read(hall)
    append(log, *some(10, 3))
    log.rename(logs / "access.log.1")
    append(log, *some(13, 2))
    assert read(hall).totals.requests == 5
    assert LogFile.objects.count() == 2


def test_two_rotations_between_passes_lose_nothing(logs, hall):
    log = logs / "access.log"
    append(log, *some(0, 10))
    read(hall)
    append(log, *some(10, 3))
    log.rename(logs / "access.log.1")
    append(log, *some(13, 4))
    (logs / "access.log.1").rename(logs / "access.log.2")
    log.rename(logs / "access.log.1")
    append(log, *some(17, 2))
    assert read(hall).totals.requests == 9
    assert read(hall).totals.lines == 0
    assert requests_of(hall) == 19


def test_a_renamed_log_still_grows_until_nginx_is_told(logs, hall):
    log, old = logs / "access.log", logs / "access.log.1"
    append(log, *some(0, 10))
    read(hall)
    log.rename(old)
    append(old, request(NOON + 10, chunk=10))
    read(hall)
    append(old, request(NOON + 11, chunk=11))
    append(log, request(NOON + 11, chunk=12))
    assert read(hall).totals.requests == 2
    append(old, request(NOON + 11, chunk=13))
    append(log, request(NOON + 12, chunk=14))
    assert read(hall).totals.requests == 2
    [burst] = Burst.objects.all()
    assert (burst.first, burst.last, burst.requests) == (NOON, NOON + 12, 15)


def test_copytruncate_with_a_copy_that_has_all(logs, hall):
    log, copy = logs / "access.log", logs / "access.log.1"
    append(log, *some(0, 10))
    read(hall)
    append(log, *some(10, 4))
    shutil.copy(log, copy)
    os.truncate(log, 0)
    assert read(hall).totals.requests == 4
    append(log, *some(14, 3))
    assert read(hall).totals.requests == 3
    assert requests_of(hall) == 17


def test_copytruncate_with_a_copy_shorter_than_what_was_read(logs, hall):
    log, copy = logs / "access.log", logs / "access.log.1"
    append(log, *some(0, 10))
    shutil.copy(log, copy)
    append(log, *some(10, 4))
    read(hall)
    os.truncate(log, 0)
    append(log, *some(14, 3))
    assert read(hall).totals.requests == 3
    assert requests_of(hall) == 17
    assert "copy" in unread(hall)["access.log.1"]


def test_a_copy_seen_before_the_log_is_truncated_is_not_read(logs, hall):
    log, copy = logs / "access.log", logs / "access.log.1"
    append(log, *some(0, 10))
    read(hall)
    copy.write_bytes(log.read_bytes()[:-300])
    assert read(hall).totals.lines == 0
    shutil.copy(log, copy)
    assert read(hall).totals.lines == 0
    os.truncate(log, 0)
    assert read(hall).totals.lines == 0
    append(log, *some(10, 1))
    assert read(hall).totals.requests == 1


def test_a_short_copy_beside_its_original_on_a_first_read_counts_once(logs, hall):
    append(logs / "access.log", *some(0, 20))
    append(logs / "access.log.1", *some(0, 2))
    with gzip.open(logs / "access.log.2.gz", "wb") as packed:
        packed.write(b"".join(some(0, 25)))
    assert read(hall).totals.requests == 25
    assert read(hall).totals.lines == 0


def test_a_log_emptied_and_grown_again_with_other_lines_is_another(logs, hall):
    log = logs / "access.log"
    append(log, *some(0, 10))
    read(hall)
    os.truncate(log, 0)
    append(log, *some(100, 20))
    assert read(hall).totals.requests == 20
    assert LogFile.objects.count() == 2


def test_a_log_rewritten_while_a_pass_is_at_it_is_not_read_from_its_middle(
    logs, hall, monkeypatch
):
    log = logs / "access.log"
    append(log, *some(0, 10))
    read(hall)
    append(log, *some(10, 2))
    really = slices._read

    def rewritten_before(*args):
        monkeypatch.setattr(slices, "_read", really)
        os.truncate(log, 0)
        append(log, *some(100, 30, depot=7))
        return really(*args)

    monkeypatch.setattr(slices, "_read", rewritten_before)
    read(hall)
    read(hall)
    assert requests_of(hall) == 10 + 30
    assert RejectedLine.objects.count() == 0


def test_a_log_rotated_while_a_pass_is_at_it_is_not_read_for_another(
    logs, hall, monkeypatch
):
    log = logs / "access.log"
    append(log, *some(0, 10))
    read(hall)
    append(log, *some(10, 2))
    really = slices._read

    def rotated_before(*args):
        monkeypatch.setattr(slices, "_read", really)
        log.rename(logs / "access.log.1")
        append(log, *some(100, 30, depot=7))
        return really(*args)

    monkeypatch.setattr(slices, "_read", rotated_before)
    assert read(hall, budget=5).errors == []
    read(hall)
    assert requests_of(hall) == 12 + 30


@pytest.mark.parametrize("keep", [False, True])
def test_a_compressed_log_goes_on_where_the_plain_one_stopped(logs, hall, keep):
    first = logs / "access.log.1"
    append(first, *some(0, 10))
    read(hall)
    append(first, *some(10, 4))
    with gzip.open(logs / "access.log.2.gz", "wb") as packed:
        packed.write(first.read_bytes())
    if not keep:
        first.unlink()
    assert read(hall).totals.requests == 4
    if keep:
        first.unlink()
        assert read(hall).totals.lines == 0
    assert requests_of(hall) == 14


def test_a_finished_compressed_log_is_not_opened_again(logs, hall):
    with gzip.open(logs / "access.log.2.gz", "wb") as packed:
        packed.write(b"".join(some(0, 10)))
    assert read(hall).totals.requests == 10
    assert LogFile.objects.get().finished
    (logs / "access.log.2.gz").rename(logs / "access.log.3.gz")
    assert files.survey(hall).readings == []
    assert LogFile.objects.get().path.endswith("access.log.3.gz")


def test_a_damaged_log_gives_what_it_has_and_is_named_once(logs, hall):
    data = gzip.compress(b"".join(some(0, 2000)))
    (logs / "access.log.1.gz").write_bytes(data[: len(data) // 2])
    append(logs / "access.log", *some(5000, 5))
    done = read(hall)
    assert 5 < done.totals.requests < 2005
    [error] = done.errors
    assert "access.log.1.gz" in error and "ends too early" in error
    append(logs / "access.log", *some(6000, 5))
    assert read(hall).errors == []
    assert "ends too early" in unread(hall)["access.log.1.gz"]


def test_a_log_that_was_still_being_compressed_is_read_on(logs, hall):
    data = gzip.compress(b"".join(some(0, 2000)))
    packed = logs / "access.log.1.gz"
    packed.write_bytes(data[: len(data) // 2])
    read(hall)
    packed.write_bytes(data)
    read(hall)
    assert requests_of(hall) == 2000
    assert unread(hall) == {}
