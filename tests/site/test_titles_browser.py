"""Importing names in a real browser: the bar is watched to its end."""

import threading
import time

import pytest
from playwright.sync_api import Page

from downloads import grouping, jobs
from downloads.models import Burst, Download, Job
from tests import rows
from tests.site.test_admin_browser import operator, page

__all__ = ["operator", "page"]
NOON = int(rows.NOON.timestamp())
DEPOTS = ("731", "732")


@pytest.fixture
def evening(transactional_db: None, settings, tmp_path) -> None:
    """Two depots of one game that ran together."""
    settings.DATA_DIR = tmp_path
    for raw in DEPOTS:
        Burst.objects.create(
            datasource=rows.datasource(), client=rows.client(),
            title=rows.title(raw=raw), first=NOON, last=NOON + 20, hit_bytes=10**9,
            miss_bytes=0, other_bytes=0, requests=30, failed_requests=0,
            bytes_in_first_second=10, bytes_in_last_second=10,
        )  # fmt: skip
    grouping.group()


def in_a_thread(work) -> object:
    """Do what asks the database apart from playwright's event loop."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def test_a_list_is_uploaded_and_its_bar_watched_to_the_end(
    evening: None, page: Page, tmp_path
):
    names = tmp_path / "games.csv"
    names.write_text("".join(f"730;Counter-Strike 2;{depot}\n" for depot in DEPOTS))
    page.goto("/admin/downloads/title/")
    page.get_by_role("link", name="Import names").click()
    page.set_input_files("input[name=file]", names)
    page.get_by_role("button", name="Import").click()
    page.get_by_text("games.csv is being imported").wait_for()
    page.locator("progress:not([value])").wait_for()
    in_a_thread(lambda: jobs.run(time.monotonic() + 20))
    page.get_by_text("Titles renamed: 2. Downloads made or changed: 1.").wait_for()
    assert page.locator("progress").get_attribute("value") == "100"
    assert page.locator("[hx-get*=bar]").count() == 0
    page.goto("/admin/downloads/title/")
    assert page.locator("#result_list").inner_text().count("FROM A LIST") == 2
    page.get_by_role("link", name="downloads", exact=True).nth(2).click()
    page.wait_for_url("**/download/?**")
    assert in_a_thread(Download.objects.filter(title__raw__in=DEPOTS).count) == 1
    assert in_a_thread(Job.objects.filter(state="done").count) == 1


def test_a_name_is_typed_into_the_list_and_is_by_hand(evening: None, page: Page):
    page.goto("/admin/downloads/title/?q=731")
    page.fill("input[name=form-0-name]", "Counter-Strike")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("1 title was changed successfully").wait_for()
    assert "BY HAND" in page.locator("#result_list").inner_text()
