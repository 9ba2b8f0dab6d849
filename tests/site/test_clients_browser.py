"""An operator's work with clients in a real browser, and the file that a list gives."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import rows
from tests.site.test_admin_browser import HOSTILE, operator, page

__all__ = ["operator", "page"]
LIST = "/admin/downloads/client/"
ROW = "#result_list tbody"


@pytest.fixture(autouse=True)
def hostile_client(transactional_db: None) -> Iterator[None]:
    rows.download(client=rows.client("10.0.0.13", name="=cmd()", person=HOSTILE))
    yield


def tick(page: Page, *addresses: str) -> None:
    for address in addresses:
        page.locator(ROW, has_text=address).locator("input.action-select").check()


def act(page: Page, action: str) -> None:
    page.locator("select[name=action]").select_option(action)
    page.get_by_role("button", name="Run").click()


def test_a_client_is_named_by_hand_in_the_list(page: Page):
    page.goto(LIST)
    row = page.locator(ROW, has_text="10.0.0.11")
    row.locator("input[name$=-name]").fill("Mia's PC")
    page.get_by_role("button", name="Save").click()
    named = page.locator(ROW, has_text="10.0.0.11")
    expect(named).to_contain_text("by hand")
    assert named.locator("input[name$=-name]").input_value() == "Mia's PC"


def test_a_list_of_names_is_looked_at_and_imported(page: Page, tmp_path: Path):
    file = tmp_path / "names.csv"
    file.write_text("10.0.0.11;Mia's PC;Mia\nprinter;=cmd()\n10.0.0.99;<b>Ben\n")
    page.goto(LIST)
    page.get_by_role("link", name="Import names").click()
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Look at it first").click()
    expect(page.locator("body")).to_contain_text("Row 2: no address: printer")
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url(f"**{LIST}")
    expect(page.locator("body")).to_contain_text("2 clients were named.")
    ben = page.locator(ROW, has_text="10.0.0.99")
    assert ben.locator("input[name$=-name]").input_value() == "<b>Ben"


def test_two_addresses_become_one_and_are_taken_apart(page: Page):
    page.goto(LIST)
    tick(page, "10.0.0.11", "10.0.0.12")
    act(page, "join")
    page.fill("input[name=person]", "Mia")
    page.get_by_role("button", name="Make them one").click()
    page.wait_for_url(f"**{LIST}")
    persons = page.locator(f"{ROW} input[name$=-person]")
    values = [persons.nth(n).input_value() for n in range(persons.count())]
    assert values == ["Mia", "Mia", HOSTILE]
    tick(page, "10.0.0.11", "10.0.0.12")
    act(page, "take_apart")
    page.wait_for_selector("text=Changed: 2 clients.")
    assert persons.nth(0).input_value() == ""


def test_forgetting_says_what_goes_and_may_be_left(page: Page):
    page.goto(LIST)
    tick(page, "10.0.0.13")
    act(page, "forget")
    expect(page.locator("body")).to_contain_text("Forget: 1 client?")
    expect(page.locator("body")).to_contain_text("This can't be undone.")
    page.get_by_role("link", name="Go back").click()
    expect(page.locator(ROW, has_text="10.0.0.13")).to_have_count(1)


def test_the_filtered_downloads_are_exported(page: Page):
    page.goto("/admin/downloads/download/?q=10.0.0.13")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Export CSV").click()
    assert saved.value.suggested_filename.startswith("lancache-downloads-")
    text = Path(saved.value.path()).read_text()
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["client_name"] == "'=cmd()"
    assert row["client_person"] == HOSTILE
    assert row["bytes_per_second"] == "100000000.0"


@pytest.mark.parametrize("width", [1400, 400])
def test_pages_of_clients_fit_their_window(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(LIST)
    page.locator(f"{ROW} a").first.click()
    first = page.url.removeprefix(page.url.split("/admin/")[0])
    for url in (LIST, first, f"{LIST}import-names/", "/admin/downloads/clientnaming/"):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
