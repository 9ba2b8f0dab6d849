"""The live page in a real browser, before the whole product as an operator runs it."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.programs import need
from tests.site.stack import Stack, manage
from tests.site.test_admin_browser import ARGUMENTS, HOSTILE
from tests.site.test_live_page import connections, running

PASSWORD = "correct-horse"
LINE = "Chart.getChart('now-chart').data.datasets.at(-1).data"
# What Chromium and htmx write to the console while nobody answers.
# What a busy machine may take to show what it was told.
expect.set_options(timeout=20_000)
CUT_OFF = ("ERR_CONNECTION_REFUSED", "WebSocket connection", "[object Event]")
MAKE = f"""
from django.contrib.auth.models import User
from bandwidth.models import BandwidthSource
from downloads.models import Client
User.objects.create_superuser("operator", password="{PASSWORD}")
Client.objects.create(address="10.0.0.11", name="{HOSTILE}")
Client.objects.create(address="10.0.0.12", name="Mia")
BandwidthSource.objects.update(enabled=False)
SOURCE = {{"name": "far", "kind": "node_exporter"}}
"""


class Exporter(BaseHTTPRequestHandler):
    """Answers as a node_exporter whose interface sends 100 MB a second."""

    def do_GET(self) -> None:
        sent = int(time.monotonic() * 100e6)
        answer = "".join(
            f'node_network_{way}_bytes_total{{device="eth9"}} {count}\n'
            for way, count in (("transmit", sent), ("receive", sent // 4))
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_words: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def exporter() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Exporter) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, exporter: str) -> Iterator[Stack]:
    data_dir = tmp_path_factory.mktemp("live")
    with Stack(data_dir, LANCACHE_LOG_DIR=str(data_dir)) as running:
        running.wait_until_up()
        code = f"{MAKE}BandwidthSource.objects.create(address={exporter!r}, **SOURCE)"
        status, _, errors = manage(data_dir, "shell", "-v", "0", "-c", code)
        assert status == 0, errors
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def looking(browser: Browser, stack: Stack, *expected: str) -> Iterator[Page]:
    """Give a page that may complain of nothing but ``expected``."""
    base = f"http://127.0.0.1:{stack.port}"
    complaints: list[str] = []
    page = browser.new_page(base_url=base, viewport={"width": 1400, "height": 900})
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def hear(message: ConsoleMessage) -> None:
        known = any(words in message.text for words in expected)
        if message.type in ("error", "warning") and not known:
            complaints.append(message.text)

    def follow(url: str) -> None:
        if not url.startswith((base, base.replace("http", "ws"), "data:")):
            complaints.append(f"asked of another host: {url}")

    page.on("console", hear)
    page.on("request", lambda request: follow(request.url))
    page.on("websocket", lambda socket: follow(socket.url))
    yield page
    page.close()
    assert complaints == []


def sign_in(page: Page) -> None:
    page.goto("/admin/login/?next=/live/")
    page.fill("input[name=username]", "operator")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/live/")
    expect(page.locator("#state")).to_have_text("Live", timeout=15_000)


def say(stack: Stack, *messages: dict[str, object]) -> None:
    """Say messages as the worker does, in a process of the product's own."""
    code = f"""
import json
from bandwidth.broadcasting import publish
for message in json.loads({json.dumps(json.dumps(messages))}):
    publish(message)
"""
    status, _, errors = manage(stack.data_dir, "shell", "-v", "0", "-c", code)
    assert status == 0, errors


def points(page: Page) -> list[float]:
    """Return when the drawn points of the last ten minutes are, in epoch ms."""
    at: list[float] = page.evaluate(f"{LINE}.map((point) => point.x)")
    return at


def test_figures_and_the_chart_move(browser: Browser, stack: Stack):
    with looking(browser, stack) as page:
        sign_in(page)
        figure = page.locator("#figures .clients .figure")
        expect(figure).to_have_text(
            re.compile(r"(9\d|10\d)\.?\d? MB/s"), timeout=15_000
        )
        assert "eth9, link speed unknown" in page.inner_text("#figures")
        before = points(page)
        page.wait_for_function(f"(n) => {LINE}.length > n + 2", arg=len(before))
        after = points(page)
        assert after[: len(before)] == before and after[-1] - after[0] > 2000
        assert time.time() * 1000 - after[-1] < 5000


def test_what_strangers_wrote_shows_as_text(browser: Browser, stack: Stack):
    with looking(browser, stack) as page:
        sign_in(page)
        say(stack, running(title=HOSTILE), connections())
        cells = page.locator("#downloads tbody tr")
        expect(cells).to_have_count(1)
        assert cells.inner_text().count(HOSTILE) == 2
        expect(page.locator("#connections")).to_contain_text(HOSTILE)
        assert page.title().startswith("Live")


def test_the_focus_stays_where_it_is_when_a_list_is_fresh(
    browser: Browser, stack: Stack
):
    with looking(browser, stack) as page:
        sign_in(page)
        say(stack, running())
        page.locator("#download-7").focus()
        say(stack, running(bytes=8_000_000_000))
        expect(page.locator("#downloads")).to_contain_text("8.00 GB")
        expect(page.locator("#download-7")).to_be_focused()


def test_history_is_chosen_by_keys(browser: Browser, stack: Stack):
    with looking(browser, stack) as page:
        sign_in(page)
        page.locator("#ranges input:checked").focus()
        with page.expect_response("**/live/history/?range=week") as answer:
            page.keyboard.press("ArrowRight")
        assert answer.value.json()["step"] == 1200


def test_the_admin_draws_the_same_history(browser: Browser, stack: Stack):
    with looking(browser, stack) as page:
        sign_in(page)
        with page.expect_response("**/live/history/?range=day"):
            page.goto("/admin/bandwidth/bandwidthsample/")
        page.wait_for_function("Chart.getChart('past-chart').options.scales.x.max")
        page.locator("a", has_text="See it live").click()
        page.wait_for_url("**/live/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(
    browser: Browser, stack: Stack, scheme: Literal["light", "dark"]
):
    with looking(browser, stack) as page:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": 400, "height": 800})
        sign_in(page)
        say(stack, running(title="x" * 300), connections())
        expect(page.locator("#connections")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 400
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (dark == "rgb(16, 21, 31)") == (scheme == "dark")


def test_it_says_that_it_is_cut_off_and_comes_back_by_itself(
    browser: Browser, stack: Stack
):
    with looking(browser, stack, *CUT_OFF) as page:
        sign_in(page)
        drawn = len(points(page))
        web = stack.child("uvicorn")
        web.suspend()  # nothing is heard, though the connection stands
        try:
            expect(page.locator("#state")).to_have_text("No fresh reading")
            expect(page.locator("#age")).to_have_text(
                re.compile(r"figures are \d+ s old")
            )
        finally:
            web.resume()
        web.terminate()
        expect(page.locator("#state")).to_have_text("Disconnected, trying again")
        expect(page.locator("#state")).to_have_text("Live", timeout=30_000)
        expect(page.locator("#age")).to_have_text("")
        # And it knows what was meanwhile.
        page.wait_for_function(f"{LINE}.length > {drawn}")


def test_a_kiosk_works_until_its_link_is_revoked(browser: Browser, stack: Stack):
    with looking(browser, stack) as operator, looking(browser, stack, "403") as screen:
        sign_in(operator)
        operator.goto("/admin/lancache_site/kiosklink/add/")
        operator.fill("input[name=name]", "The hall")
        operator.get_by_role("button", name="Save", exact=True).click()
        expect(operator.locator("body")).to_contain_text("/kiosk/")
        url = re.search(r"http://\S+/kiosk/[\w-]+/", operator.inner_text("body"))
        assert url
        screen.goto(url[0])
        expect(screen.locator("#state")).to_have_text("Live", timeout=15_000)
        assert screen.url.endswith("/kiosk/")
        assert screen.get_by_role("link").count() == 0
        say(stack, running(client="10.0.0.12"))
        expect(screen.locator("#downloads")).to_contain_text("Mia")
        assert "10.0.0." not in screen.inner_text("body")
        operator.get_by_role("link", name="Revoke it").click()
        operator.get_by_role("button", name="Revoke it").click()
        expect(screen.locator("h1")).to_have_text(
            "This link opens nothing", timeout=10_000
        )


def test_who_signs_out_is_shown_where_to_sign_in(browser: Browser, stack: Stack):
    with looking(browser, stack, *CUT_OFF) as page:
        sign_in(page)
        page.context.clear_cookies()
        stack.child("uvicorn").terminate()
        page.wait_for_url("**/admin/login/**", timeout=40_000)
