"""Lists of names that are fetched from an address. All lists are made up."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from downloads import importing, jobs, tasks
from downloads.models import (
    Job,
    ListAddress,
    ListedName,
)
from tests.downloads.test_importing import LIST, data_dir, evening

__all__ = ["data_dir", "evening"]
pytestmark = pytest.mark.django_db


class Site(HTTPServer):
    """Publishes a list; ``asked`` are the requests' headers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.body, self.to = 200, LIST, ""
        self.asked: list[dict[str, str]] = []

    def url(self, path: str = "/list.csv") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Answer(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))
        etag = f'"{hash(self.server.body)}"'
        unchanged = self.headers["If-None-Match"] == etag
        status = 304 if unchanged and self.server.status == 200 else self.server.status
        self.send_response(status)
        self.send_header("ETag", etag)
        if self.server.to:
            self.send_header("Location", self.server.to)
        self.end_headers()
        if status != 304:
            self.wfile.write(self.server.body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.serve_forever, args=(0.01,))
    thread.start()
    yield site
    site.shutdown()
    thread.join()
    site.server_close()


def fetched(url: str, enabled: bool = True) -> Job:
    address, _ = ListAddress.objects.get_or_create(url=url, enabled=enabled)
    job = importing.ask_for_address(address)
    jobs.run(time.monotonic() + 30)
    job.refresh_from_db()
    return job


def test_an_address_is_not_asked_unless_it_is_turned_on(site):
    job = fetched(site.url(), enabled=False)
    assert (job.state, site.asked) == (Job.State.FAILED, [])
    tasks.fetch_lists()
    assert Job.objects.count() == 1


def test_what_is_turned_on_is_asked_when_the_schedule_says_so(site):
    ListAddress.objects.create(url=site.url(), enabled=True)
    ListAddress.objects.create(url=site.url("/other"))
    tasks.fetch_lists()
    tasks.run_jobs()
    assert len(site.asked) == 1
    assert ListedName.objects.count() == 3


def test_a_list_that_has_not_changed_costs_nothing(site, evening):
    assert "Titles renamed: 3." in fetched(site.url()).outcome
    job = fetched(site.url())
    assert job.outcome == "It has not changed since it was fetched last."
    assert "If-None-Match" in site.asked[1]
    assert job.state == Job.State.DONE


@pytest.mark.parametrize(
    "status, body, told",
    [
        (404, b"gone", "It answered 404."),
        (500, LIST, "It answered 500."),
        (200, b"<!DOCTYPE html>", "It names no depot."),
        (200, b'{"depotMappings": {"1"', "It is damaged, or was cut off"),
        (200, b"1;A;2\n" + b"x\n" * 9, "Most of its rows name no depot."),
    ],
)
def test_where_a_new_list_is_bad_the_last_good_one_stays(site, status, body, told):
    fetched(site.url())
    ListedName.objects.all().delete()
    site.status, site.body = status, body
    job = fetched(site.url())
    assert job.state == Job.State.DONE
    assert job.outcome.startswith(told)
    assert "The last good one, of 2" in job.outcome
    assert ListedName.objects.count() == 3
    assert ListAddress.objects.get().problem.startswith(told)


def test_a_bad_first_list_is_no_list(site):
    site.status = 404
    job = fetched(site.url())
    assert (job.state, job.outcome) == (Job.State.FAILED, "It answered 404.")
    assert ListAddress.objects.get().problem == "It answered 404."


def test_redirects_are_followed_a_few_times_and_to_the_web_only(site):
    site.status, site.to = 302, site.url("/again")
    assert "redirects" in fetched(site.url()).outcome
    assert len(site.asked) == 6
    site.to = "file:///etc/passwd"
    assert "It can't be fetched" in fetched(site.url()).outcome


def test_a_list_is_bounded(site, monkeypatch):
    from downloads import fetching

    monkeypatch.setattr(fetching, "MOST_BYTES", 1_000_000)
    site.body = LIST * 50_000
    assert fetched(site.url()).outcome == "It is larger than 1 MB."
    monkeypatch.setattr(fetching, "SECONDS", -1)
    site.body = LIST
    assert fetched(site.url()).outcome == "It takes longer than -1 seconds."


def test_a_server_that_is_away_is_told():
    assert "It can't be fetched" in fetched("http://127.0.0.1:1/list").outcome


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example/x", "x", "http://", "http://[::1"]
)
def test_only_the_web_is_an_address(url):
    with pytest.raises(Exception, match="must look like"):
        ListAddress(url=url).full_clean()
