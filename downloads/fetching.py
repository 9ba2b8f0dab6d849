"""Fetches a published list, if it has changed: bounded in size, time and redirects."""

import time
from dataclasses import dataclass

import httpx

from downloads.models import ListAddress
from downloads.title_lists import MOST_BYTES

SECONDS = 45  # in all; whoever runs the job has it in hand for a minute
REDIRECTS = 5
PATIENCE = httpx.Timeout(10)


class Unfetched(Exception):
    """There is no list to be had at the address now; says why."""


@dataclass(frozen=True)
class Fetched:
    """``etag`` and ``last_modified`` are its server's, or empty."""

    data: bytes
    etag: str
    last_modified: str


def fetch(address: ListAddress, conditional: bool) -> Fetched | None:
    """Return what is published there; None if it is what was fetched last.

    ``conditional``: whether that is still here, and need not come again.
    """
    headers = {"User-Agent": "lancache-bandwidth"}
    if conditional and address.etag:
        headers["If-None-Match"] = address.etag
    if conditional and address.last_modified:
        headers["If-Modified-Since"] = address.last_modified
    client = httpx.Client(
        follow_redirects=True, max_redirects=REDIRECTS, timeout=PATIENCE
    )
    try:
        with client, client.stream("GET", address.url, headers=headers) as answer:
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return None
            if answer.status_code != httpx.codes.OK:
                raise Unfetched(f"It answered {answer.status_code}.")
            return Fetched(
                _body(answer),
                answer.headers.get("ETag", "")[:500],
                answer.headers.get("Last-Modified", "")[:100],
            )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unfetched(f"It can't be fetched: {error}.") from error


def _body(answer: httpx.Response) -> bytes:
    """Return the body as it is once unpacked, which may be far more than was sent."""
    deadline = time.monotonic() + SECONDS
    body = bytearray()
    for chunk in answer.iter_bytes(1 << 16):
        body += chunk
        if len(body) > MOST_BYTES:
            raise Unfetched(f"It is larger than {MOST_BYTES // 1_000_000} MB.")
        if time.monotonic() > deadline:
            raise Unfetched(f"It takes longer than {SECONDS} seconds.")
    return bytes(body)
