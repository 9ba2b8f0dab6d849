"""Between two ticks: what is new is looked for, and what is wrong is left alone."""

import threading
import time
from pathlib import Path

import pytest

from downloads.models import Datasource
from ingest import files, watching
from ingest.models import IngestRun
from tests.ingest.logs import NOON, append, datasource, request, requests_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def hall(tmp_path: Path) -> Datasource:
    append(tmp_path / "access.log", request(NOON))
    return datasource(tmp_path)


def test_a_look_costs_no_query_and_sees_one_line(
    hall: Datasource, tmp_path: Path, django_assert_num_queries
):
    assert files.has_changed(hall)
    watching.tick(2.0)
    with django_assert_num_queries(0):
        assert not files.has_changed(hall)
        append(tmp_path / "access.log", request(NOON + 1))
        assert files.has_changed(hall)


def test_a_directory_that_vanished_is_left_to_the_next_tick(
    hall: Datasource, tmp_path: Path
):
    watching.tick(2.0)
    (tmp_path / "access.log").unlink()
    tmp_path.rename(tmp_path.with_name("away"))
    assert not files.has_changed(hall)
    assert watching.tick(2.0).sound == []
    tmp_path.with_name("away").rename(tmp_path)


@pytest.mark.django_db(transaction=True)
def test_a_line_between_two_ticks_is_read_within_half_a_second(
    hall: Datasource, tmp_path: Path
):
    def later() -> None:
        append(tmp_path / "access.log", request(NOON + 1), request(NOON + 2))

    watching.tick(2.0)
    writer = threading.Timer(0.1, later)
    writer.start()
    watching.watch(2.0, seconds=0.6)
    writer.join()
    assert requests_of(hall) == 3


def test_a_file_that_grows_all_the_time_is_not_read_all_the_time(
    hall: Datasource, tmp_path: Path
):
    """A pass each half a second, whatever comes meanwhile."""
    stop = threading.Event()

    def grow() -> None:
        while not stop.wait(0.005):
            append(tmp_path / "access.log", request(NOON + 1))

    watching.tick(2.0)
    before = IngestRun.objects.count()
    writer = threading.Thread(target=grow)
    writer.start()
    try:
        watching.watch(2.0, seconds=1.4)
    finally:
        stop.set()
        writer.join()
    assert 2 <= IngestRun.objects.count() - before <= 3


def test_one_thread_watches_and_the_others_go(hall: Datasource):
    watching.tick(2.0)
    with watching._watching:
        began = time.monotonic()
        watching.watch(2.0, seconds=5)
    assert time.monotonic() - began < 2
