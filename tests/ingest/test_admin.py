import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from downloads.models import Datasource
from ingest.models import IngestRun, LogFile, RejectedLine
from tests import rows

pytestmark = pytest.mark.django_db
DATASOURCES = "/admin/downloads/datasource/"
FILES = "/admin/ingest/logfile/"
RUNS = "/admin/ingest/ingestrun/"
REJECTED = "/admin/ingest/rejectedline/"


def text(response):
    assert response.status_code == 200
    return response.content.decode()


def file(path="/srv/logs/access.log", **changes):
    row = {"kind": "access", "head_len": 9, "head_hash": "ab", "format": "cachelog"}
    row |= {"live_start": 700, "history_offset": 100, "offset": 1100, "size": 2000}
    return LogFile.objects.create(
        datasource=rows.datasource(), path=path, **(row | changes)
    )


def run(**changes):
    row = {"started_at": rows.NOON, "seconds": 1.5, "bytes": 7_960_000, "lines": 12}
    return IngestRun.objects.create(datasource=rows.datasource(), **(row | changes))


def rejected(**changes):
    row = {"path": "/srv/logs/access.log", "position": 4711, "reason": "no offset"}
    row |= {"text": "<script>alert(1)", "seen_at": rows.NOON}
    return RejectedLine.objects.create(datasource=rows.datasource(), **(row | changes))


def form(**changes):
    """What the page of a datasource sends, its inline of files with it."""
    inline = {"logfile_set-TOTAL_FORMS": 0, "logfile_set-INITIAL_FORMS": 0}
    fields = {"name": "attic", "log_directory": "/srv/logs", "save_anyway": "on"}
    fields |= {"enabled": "on", "reads": "both"}
    return inline | fields | changes


def test_every_model_has_a_list_and_a_page(admin_client):
    urls = {DATASOURCES: rows.datasource(), FILES: file(), RUNS: run()}
    for url, row in (urls | {REJECTED: rejected()}).items():
        text(admin_client.get(url))
        text(admin_client.get(f"{url}{row.pk}/change/"))


@pytest.mark.parametrize("model", [LogFile, IngestRun])
def test_what_reading_wrote_is_only_read(model, rf, admin_user):
    request = rf.get("/")
    request.user = admin_user
    facts = admin.site.get_model_admin(model)
    assert facts.has_view_permission(request)
    assert not facts.has_add_permission(request)
    assert not facts.has_change_permission(request)
    assert not facts.has_delete_permission(request)


def test_a_datasource_is_not_deleted_with_its_millions_of_rows(admin_client):
    url = f"{DATASOURCES}{rows.datasource().pk}/delete/"
    assert admin_client.post(url, {"post": "yes"}).status_code == 403
    assert Datasource.objects.exists()


def test_rejected_lines_may_go(admin_client):
    action = {"action": "delete_selected", "_selected_action": rejected().pk}
    admin_client.post(REJECTED, action | {"post": "yes"})
    assert not RejectedLine.objects.exists()


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "nothing read yet"),
        ({"newest_stamp": 1_700_000_000}, "read"),
        ({"enabled": False, "last_error": "gone"}, "paused"),
        ({"unread_files": [["a.log", "no format fits"]]}, "files not read"),
        ({"last_error": "/srv/logs: no such directory"}, "failing"),
    ],
)
def test_the_list_of_datasources_tells_their_state(admin_client, changes, state):
    rows.datasource()
    Datasource.objects.update(**changes)
    html = " ".join(text(admin_client.get(DATASOURCES)).split())
    assert f"> {state} </span>" in html


def test_a_datasource_shows_its_error_its_files_and_those_not_read(admin_client):
    source = rows.datasource()
    Datasource.objects.update(
        last_error="permission <denied>",
        last_error_at=timezone.now(),
        unread_files=[["<b>.log", "no line fits"]],
    )
    file()
    html = text(admin_client.get(f"{DATASOURCES}{source.pk}/change/"))
    for shown in ("permission &lt;denied&gt;", "&lt;b&gt;.log</b>: no line fits"):
        assert shown in html
    assert f'href="{LogFile.objects.get().get_absolute_url()}"' in html


def test_a_datasource_is_added_and_changed(admin_client):
    admin_client.post(f"{DATASOURCES}add/", form(history_days=30))
    source = Datasource.objects.get()
    assert (source.log_directory, source.history_days) == ("/srv/logs", 30)
    changed = form(log_directory="/mnt/logs")
    admin_client.post(f"{DATASOURCES}{source.pk}/change/", changed)
    assert Datasource.objects.get().log_directory == "/mnt/logs"


def test_saving_a_datasource_takes_nothing_back_that_reading_wrote(rf):
    source = rows.datasource()
    Datasource.objects.update(newest_stamp=1_700_000_000)
    source_admin = admin.site.get_model_admin(Datasource)
    source.name = "cellar"
    changed = source_admin.get_form(rf.get("/"))(instance=source)
    changed.changed_data = ["name"]
    source_admin.save_model(rf.post("/"), source, changed, change=True)
    source.refresh_from_db()
    assert (source.name, source.newest_stamp) == ("cellar", 1_700_000_000)


def test_nonsense_among_trusted_proxies_is_refused(admin_client):
    answer = admin_client.post(
        f"{DATASOURCES}add/", form(trusted_proxies="10.0.0.0/99")
    )
    assert "is no address and no network" in text(answer)
    assert not Datasource.objects.exists()


def test_a_file_shows_how_much_of_it_was_read(admin_client):
    file()
    html = text(admin_client.get(FILES))
    assert "500 B" in html
    assert "2.00 kB" in html


def test_files_are_filtered_by_kind_and_state(admin_client):
    read, copy = file(), file("/srv/logs/stream.log", kind="stream", state="copy")
    for query, found in (
        ({"kind__exact": "access"}, {read}),
        ({"state__exact": "copy"}, {copy}),
        ({"q": "stream"}, {copy}),
    ):
        listed = admin_client.get(FILES, query).context["cl"].result_list
        assert set(listed) == found


def test_failed_passes_are_found(admin_client):
    well, failed = run(), run(error="damaged <at> byte 4711", failed=True)
    for query, found in (({"outcome": "failed"}, failed), ({"outcome": "well"}, well)):
        assert list(admin_client.get(RUNS, query).context["cl"].result_list) == [found]
    assert "damaged &lt;at&gt; byte 4711" in text(admin_client.get(RUNS))


def test_a_pass_tells_why_it_skipped_lines(admin_client):
    made = run(skipped=3, skipped_by_reason={"heartbeat": 2, "empty line": 1})
    html = text(admin_client.get(f"{RUNS}{made.pk}/change/"))
    assert "heartbeat: 2, empty line: 1" in html


def test_a_rejected_line_is_text(admin_client):
    line = rejected()
    for url in (REJECTED, f"{REJECTED}{line.pk}/change/"):
        html = text(admin_client.get(url))
        assert "&lt;script&gt;alert(1)" in html
        assert "<script>alert" not in html


@pytest.mark.parametrize(
    ("line", "fits", "fails", "expected"),
    [
        ("[steam] <b>", "[steam] ", "&lt;b&gt;", "$remote_addr"),
        ("10.0.0.7 - [x", "10.0.0.7 - ", "[x", "[$time_local]"),
        ("\\x1b[31m", "", "\\x1b[31m", "[$cacheidentifier]"),
    ],
)
def test_a_rejected_line_shows_where_its_format_failed(
    admin_client, line, fits, fails, expected
):
    html = text(admin_client.get(rejected(text=line).get_absolute_url()))
    assert f'break-all">{fits}<mark' in html
    assert f"▸{fails}</mark>" in html
    assert f"expected <b>{expected}</b> here" in html


def test_lists_lead_to_each_other(admin_client):
    log = file()
    line, made = rejected(file=log), run()
    source = rows.datasource().get_absolute_url()
    for row in (log, line, made):
        assert f'href="{source}"' in text(admin_client.get(row.get_absolute_url()))
    assert f'href="{log.get_absolute_url()}"' in text(
        admin_client.get(line.get_absolute_url())
    )
    page = text(admin_client.get(log.get_absolute_url()))
    assert f"{REJECTED}?file__id__exact={log.pk}" in page
    found = admin_client.get(REJECTED, {"file__id__exact": log.pk})
    assert list(found.context["cl"].result_list) == [line]


def test_a_pass_tells_how_fast_it_was(admin_client):
    html = text(admin_client.get(run(lines=3_000_000).get_absolute_url()))
    for shown in ("2,000,000", "5.3 MB/s", "went well"):
        assert shown in html


def test_the_list_of_datasources_tells_how_far_each_is_read(admin_client, tmp_path):
    log = tmp_path / "access.log"
    log.write_bytes(b"x" * 2000)
    status = log.stat()
    file(str(log), inode=status.st_ino, device=status.st_dev)
    run(started_at=timezone.now(), lines=30_000, bytes=1500, seconds=1)
    Datasource.objects.update(newest_stamp=1_700_000_000)
    html = " ".join(text(admin_client.get(DATASOURCES)).split())
    for shown in ("1.50 kB to go, about 1.0s", "30,000 lines/s of late", "being read"):
        assert shown in html
    log.unlink()
    assert "all of" in text(admin_client.get(DATASOURCES))


def test_more_rows_take_no_more_queries(admin_client):
    def make(first, last):
        for i in range(first, last):
            file(f"/srv/logs/{i}.log")
            run()
            rejected()

    def count(url):
        admin_client.get(url)  # a process looks its content types up once
        with CaptureQueriesContext(connection) as captured:
            text(admin_client.get(url))
        return len(captured)

    page = f"{DATASOURCES}{rows.datasource().pk}/change/"
    urls = (DATASOURCES, page, FILES, RUNS, REJECTED)
    make(0, 5)
    few = [count(url) for url in urls]
    make(5, 50)
    Datasource.objects.bulk_create(
        Datasource(name=f"{n}", log_directory=f"/srv/{n}") for n in range(40)
    )
    assert [count(url) for url in urls] == few
