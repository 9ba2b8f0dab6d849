"""Every page of the admin in a real browser: narrow and wide, in the dark and light."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client as Signed
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

from downloads import jobs
from downloads.models import (
    Burst,
    Counter,
    DownloadAlias,
    Job,
    TrafficBucket,
    TrafficQuarter,
)
from ingest.models import IngestRun, LogFile, RejectedLine
from tests import rows
from tests.programs import need
from tests.site.test_admin_browser import ARGUMENTS, HOSTILE

NARROW, WIDE = 400, 1400
PATH = "/srv/" + "a-long-directory/" * 6 + "access.log"


def fill() -> None:
    """A row of every kind, with the longest and worst of what strangers write."""
    now = timezone.now()
    source = rows.datasource()
    source.last_error, source.last_error_at = f"{PATH}: {HOSTILE}", now
    source.newest_stamp = int(now.timestamp())
    source.unread_files = [[PATH, "no format fits"]]
    source.save()
    key = {"datasource": source, "client": rows.client(), "title": rows.title()}
    began = now - timedelta(minutes=5)
    download = rows.download(
        **key | {"title": rows.title(raw=HOSTILE * 4)}, started_at=began, ended_at=now
    )
    rows.session(host=HOSTILE * 4, download=download, confidence=0.9, unlinked="")
    sums = {"hit_bytes": 5, "miss_bytes": 4, "other_bytes": 3, "requests": 2}
    edges = {"bytes_in_first_second": 1, "bytes_in_last_second": 1}
    at = int(now.timestamp()) // 900 * 900
    Burst.objects.create(**key, **sums, **edges, first=1, last=2, failed_requests=0)
    TrafficBucket.objects.create(**key, **sums, at=at)
    del key["title"]
    TrafficQuarter.objects.create(
        **key, **sums, service="steam", at=at, failed_requests=0
    )
    Counter.objects.create(datasource=source, name="lancache_bytes_total")
    DownloadAlias.objects.create(id=7000, download=download)
    LogFile.objects.create(
        datasource=source, path=PATH, kind="access", head_len=9, head_hash="ab"
    )
    IngestRun.objects.create(datasource=source, started_at=now, error=PATH)
    RejectedLine.objects.create(
        datasource=source, path=PATH, position=9, reason="no format", text=HOSTILE * 9,
        seen_at=now,
    )  # fmt: skip
    jobs.ask(Job.Kind.CORRELATE, HOSTILE * 2)
    Job.objects.update(state="failed", outcome=PATH, ended_at=now)
    Group.objects.create(name="helpers")
    CrontabSchedule.objects.create()
    PeriodicTask.objects.filter(name="Prune").update(enabled=False)


def addresses(request: Any) -> list[str]:
    """Return every page that the admin has: lists, forms, histories, and its own."""
    found = ["/admin/", "/admin/preferences/", "/admin/password_change/"]
    for model, shown in admin.site._registry.items():
        page = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        found.append(page)
        if shown.has_add_permission(request):
            found.append(f"{page}add/")
        for row in model._default_manager.all()[:1]:
            found += [f"{page}{row.pk}/change/", f"{page}{row.pk}/history/"]
            if shown.has_delete_permission(request, row):
                found.append(f"{page}{row.pk}/delete/")
    return found


@pytest.fixture
def signed(transactional_db: None, rf: Any) -> tuple[str, list[str]]:
    """A session of an operator, and all pages; the browser has a loop of its own."""
    fill()
    operator = User.objects.create_superuser("operator")
    client = Signed()
    client.force_login(operator)
    mine: Model = operator
    client.post(f"/admin/auth/user/{mine.pk}/change/", {})
    request = rf.get("/")
    request.user = operator
    return client.cookies["sessionid"].value, addresses(request)


@pytest.fixture
def page(signed: tuple[str, list[str]], live_server: Any) -> Iterator[Page]:
    session, _pages = signed
    with sync_playwright() as playwright:
        chromium = need("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(base_url=live_server.url, color_scheme="dark")
        page.context.add_cookies(
            [{"name": "sessionid", "value": session, "url": live_server.url}]
        )
        yield page
        browser.close()


def test_every_page_fits_complains_of_nothing_and_asks_no_other_host(
    page: Page, signed: tuple[str, list[str]], live_server: Any
):
    wrong: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            wrong.append(f"{page.url}: {said.text}")

    def follow(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:")):
            wrong.append(f"{page.url} asks {request.url}")

    page.on("request", follow)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    page.on("console", hear)
    for address in signed[1]:
        for scheme, width in (("dark", NARROW), ("light", WIDE)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # "dark" or "light"
            page.set_viewport_size({"width": width, "height": 900})
            response = page.goto(address)
            assert response
            if response.status != 200:
                wrong.append(f"{address}: {response.status}")
            is_dark = page.evaluate("document.documentElement.matches('.dark')")
            if is_dark != (scheme == "dark"):
                wrong.append(f"{address} is not {scheme}")
            for shown in (width, NARROW + WIDE - width):
                page.set_viewport_size({"width": shown, "height": 900})
                needs = page.evaluate("document.documentElement.scrollWidth")
                if needs > shown:
                    wrong.append(f"{address} needs {needs} of {shown} px, {scheme}")
    assert not wrong, "\n".join(wrong)


def test_the_menus_open_by_keys(page: Page):
    page.set_viewport_size({"width": WIDE, "height": 900})
    page.goto("/admin/")
    user = page.locator("[role=button]", has_text="operator")
    user.focus()
    page.keyboard.press("Enter")
    menu = page.locator("#nav-sidebar-inner")
    menu.get_by_role("link", name="Units and time zone").click()
    page.wait_for_url("**/preferences/")
    page.get_by_label("bits a second: 1.003 Gbit/s").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("shown to you like this").first.wait_for()
    page.goto("/admin/downloads/download/")
    assert "800.0 Mbit/s" in page.inner_text("#result_list")


def test_the_chart_of_today_is_drawn_and_the_figures_renew_themselves(page: Page):
    page.goto("/admin/")
    drawn = "Object.keys(Chart.instances).length"
    assert page.evaluate(drawn) == 1
    asks = "{source: '#live', select: '#live', swap: 'outerHTML'}"
    with page.expect_response(lambda answer: answer.url.endswith("/admin/")):
        page.evaluate(f"htmx.ajax('GET', '/admin/', {asks})")
    page.wait_for_selector("#live")
    assert "Running now" in page.inner_text("#live")
