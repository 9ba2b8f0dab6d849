"""A listener at the websocket of a running stack, signed in as a browser is."""

import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.site.stack import Stack


def sign_in(stack: Stack) -> str:
    """Return the cookie of a session of the account that the first start made."""
    told = re.search(r"name +(\S+)\n +password +(\S+)", stack.output)
    assert told, stack.output
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    login = f"http://127.0.0.1:{stack.port}/admin/login/"
    with opener.open(login, timeout=10):
        token = next(c.value for c in jar if c.name == "csrftoken")
    form = {"username": told[1], "password": told[2], "csrfmiddlewaretoken": token}
    with opener.open(login, urllib.parse.urlencode(form).encode(), timeout=10):
        return f"sessionid={next(c.value for c in jar if c.name == 'sessionid')}"


@contextmanager
def listener(stack: Stack) -> Iterator[ClientConnection]:
    address = f"127.0.0.1:{stack.port}"
    with connect(
        f"ws://{address}/ws/bandwidth/",
        origin=Origin(f"http://{address}"),
        additional_headers={"Cookie": sign_in(stack)},
        max_size=None,
    ) as socket:
        yield socket


def messages(socket: ClientConnection, kind: str, seconds: float) -> Iterator[Any]:
    """Yield the messages of one type as they come.

    Raises TimeoutError where nothing at all comes for ``seconds``.
    """
    while True:
        message = json.loads(socket.recv(timeout=seconds))
        if message["type"] == kind:
            yield message
