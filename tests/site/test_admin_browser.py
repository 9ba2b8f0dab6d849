"""The admin in a real browser: signing in, both lists, a filter, and no complaint."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

from tests import rows
from tests.programs import need

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "correct horse"
HOSTILE = "<script>document.title='owned'</script>.example"


@pytest.fixture
def operator(transactional_db: None, settings) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # The database is written before the browser starts: playwright runs an event loop
    # in this thread, in which Django refuses to.
    rows.download(title=rows.title(name="Counter-Strike 2"), client=rows.client())
    rows.download(title=rows.title("blizzard", "d4", "Diablo IV"))
    rows.session(client=rows.client("10.0.0.12", name="Mia"))
    rows.session(service="", host=HOSTILE, status=502)
    return User.objects.create_superuser("operator", password=PASSWORD)


@pytest.fixture
def page(operator: User, live_server) -> Iterator[Page]:
    chromium = need("chromium")
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def follow(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:")):
            complaints.append(f"asked of another host: {request.url}")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(base_url=live_server.url)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", hear)
        page.on("request", follow)
        page.goto("/admin/")
        page.fill("input[name=username]", operator.username)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url("**/admin/")
        yield page
        browser.close()
    assert complaints == []


def test_the_list_of_downloads_is_filtered(page: Page):
    page.goto("/admin/downloads/download/")
    assert page.locator("#result_list tbody").count() == 2
    page.locator("#changelist a", has_text="Filters").first.click()
    page.locator("select[name=service]").select_option("blizzard")
    page.get_by_role("button", name="Apply Filters").click()
    page.wait_for_url("**service=blizzard**")
    rows_left = page.locator("#result_list tbody")
    assert rows_left.count() == 1
    assert "Diablo IV" in rows_left.inner_text()
    assert "100.0 MB/s" in rows_left.inner_text()


def test_a_client_is_chosen_as_one_types(page: Page):
    page.goto("/admin/downloads/streamsession/")
    page.locator("#changelist a", has_text="Filters").first.click()
    page.locator("select[name=client__id__exact] + .select2").click()
    page.locator(".select2-search__field").fill("mi")
    page.locator(".select2-results__option", has_text="Mia").click()
    page.get_by_role("button", name="Apply Filters").click()
    page.wait_for_url("**client__id__exact=**")
    assert page.locator("#result_list tbody").count() == 1


def test_a_hostile_host_is_text_in_the_list_of_sessions(page: Page):
    page.goto("/admin/downloads/streamsession/")
    assert HOSTILE in page.locator("#result_list").inner_text()
    assert "owned" not in page.title()


def test_a_download_opens_from_its_list(page: Page):
    page.goto("/admin/downloads/download/")
    page.get_by_role("link", name="Counter-Strike 2").click()
    page.wait_for_url("**/change/**")
    assert "from the whole seconds" in page.inner_text("#content-main, main, body")


@pytest.mark.parametrize("width", [1400, 400])
def test_lists_fit_their_window(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 900})
    for name in ("download", "streamsession", "client", "datasource"):
        page.goto(f"/admin/downloads/{name}/")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
