"""The slow downloads of last night, found in a real browser and taken as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests import rows
from tests.site.test_admin_browser import operator, page

__all__ = ["operator", "page"]
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
NIGHT = TODAY - timedelta(hours=2)


@pytest.fixture(autouse=True)
def last_night(transactional_db: None) -> None:
    for number, (speed, start) in enumerate(
        [
            (100e6, NIGHT),
            (3e6, NIGHT),
            (2e6, NIGHT + timedelta(minutes=5)),
            (1e6, NIGHT - timedelta(days=3)),
        ]
    ):
        rows.download(
            client=rows.client(f"10.0.0.{21 + number}"),
            bytes_per_second=speed,
            started_at=start,
            ended_at=start + timedelta(minutes=1),
        )


def test_the_slow_downloads_of_last_night_are_found_and_exported(page: Page):
    page.goto("/admin/")
    page.locator("a[href='/admin/downloads/download/']").first.click()
    page.locator("#changelist a", has_text="Filters").first.click()
    page.locator("input[name=since]").fill(f"{NIGHT:%Y-%m-%dT%H:%M:%S}")
    page.locator("input[name=speed_to]").fill("10")
    page.get_by_role("button", name="Apply Filters").click()
    page.wait_for_url("**speed_to=10**")
    page.locator("thead a", has_text="↓ Rate").click()
    page.wait_for_url("**o=**")
    found = page.locator("#result_list tbody")
    assert [
        found.nth(n).locator(".field-client_name").inner_text().strip()
        for n in range(found.count())
    ] == ["10.0.0.23", "10.0.0.22"]
    with page.expect_download() as saved:
        page.get_by_role("link", name="Export CSV").click()
    text = Path(saved.value.path()).read_text()
    exported = list(csv.DictReader(io.StringIO(text)))
    assert {row["client_address"] for row in exported} == {"10.0.0.22", "10.0.0.23"}
