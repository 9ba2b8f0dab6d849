"""A cache is added, read again and paused in a real browser, by a real worker."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.ingest.logs import NOON, append, request, session
from tests.programs import need
from tests.site.stack import Stack, manage
from tests.site.test_admin_browser import ARGUMENTS

HOSTILE = b'[steam] <img/src=x> / - - - [x] "GET /\n'
LISTS = ("logfile", "ingestrun", "rejectedline")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    place = tmp_path / "logs"
    place.mkdir()
    for i in range(40):
        chunks = range(i * 500, i * 500 + 500)
        append(place / "access.log", *(request(NOON + i, chunk=n) for n in chunks))
    append(place / "access.log", HOSTILE)
    append(place / "stream-access.log", session(NOON + 5))
    return place


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    chromium = need("chromium")
    complaints: list[str] = []
    with Stack(tmp_path / "data") as stack, sync_playwright() as playwright:
        stack.wait_until_up()
        password = manage(tmp_path / "data", "password")[1].split()[-1]
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(base_url=f"http://127.0.0.1:{stack.port}")
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/admin/")
        page.fill("input[name=username]", "admin")
        page.fill("input[name=password]", password)
        page.click("button[type=submit]")
        page.wait_for_url("**/admin/")
        yield page
        browser.close()
    assert complaints == []


def add(page: Page, directory: Path) -> str:
    """Add the datasource; return the address of its page."""
    page.goto("/admin/downloads/datasource/add/")
    page.fill("input[name=name]", "hall")
    page.fill("input[name=log_directory]", str(directory))
    page.get_by_role("button", name="Save", exact=True).click()
    return page.url


def test_a_cache_is_added_read_again_and_paused(page: Page, logs: Path):
    add(page, logs / "none")
    expect(page.get_by_text("does not exist.").first).to_be_visible()
    datasource = add(page, logs)
    assert datasource.endswith("/change/")
    held = page.locator("table", has_text="First").first
    for shown in ("access.log", "A1", "S2"):
        expect(held).to_contain_text(shown)

    page.get_by_role("link", name="Read again").click()
    expect(page.get_by_text("nothing is lost").first).to_be_visible()
    page.get_by_role("button", name="Read again").click()
    page.wait_for_url("**/job/**")
    # Nobody loads the page again: it asks for its bar by itself.
    expect(page.get_by_text(re.compile("Read 20,00. lines"))).to_be_visible(
        timeout=30_000
    )
    expect(page.locator("progress")).to_have_attribute("value", "100", timeout=30_000)

    page.goto(datasource)
    page.get_by_role("link", name="Pause").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: both logs.")).to_be_visible()

    page.goto("/admin/ingest/rejectedline/")
    page.locator("#result_list a[href*=change]").first.click()
    expect(page.locator("mark")).to_contain_text("<img/src=x> /")
    expect(page.get_by_text("expected $remote_addr here")).to_be_visible()

    for width in (1400, 1100, 400):
        page.set_viewport_size({"width": width, "height": 900})
        addresses = [datasource, datasource.replace("change", "read_again")]
        for name in LISTS:
            page.goto(f"/admin/ingest/{name}/")
            link = page.locator("#result_list a[href*=change]").first
            addresses += [page.url, str(link.get_attribute("href"))]
        for address in addresses:
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
