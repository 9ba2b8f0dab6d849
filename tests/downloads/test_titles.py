import re

import pytest

from downloads import titles

GUID = "bac62044-55f1-440c-8b0d-1ccd69c43a1b"


def named(service: str, path: str, host: str = "cdn.example") -> str:
    """Name a path as it is named: by no more than its head."""
    head = re.match(titles.HEAD, f"GET {path} HTTP/1.1")
    assert head
    return titles.raw_title(service, head[2], host)


@pytest.mark.parametrize(
    "service, path, title",
    [
        ("steam", "/depot/434174/chunk/9437c354e877", "434174"),
        ("steam", "/depot/550/manifest/3095368234912358351/5/1409", "550"),
        ("steam", "/appinfo/480/sha/394df648147c.txt.gz", ""),
        ("steam", "/server-status", ""),
        ("steam", "/x?y=/depot/1/", ""),
        ("steam", "/depot/12a/chunk/x", ""),
        ("steam", "/depot/١٢/chunk/x", ""),
        ("blizzard", "/tpr/ovw/data/00/f6/00f6bd732ee529c7692abece37d38e6b", "ovw"),
        ("blizzard", "/tpr/catalogs/config/ea/5d/ea5d741bff7492ba4261", "catalogs"),
        ("blizzard", "/other/ovw/data", ""),
        ("epicgames", "/Builds/Fortnite/CloudDir/V4/1C.chunk", "Fortnite/CloudDir"),
        ("epicgames", "/Builds/Org/o-20c9/late/V4/98/6E.chunk", "o-20c9/late"),
        ("epicgames", "/Builds/x.chunk", ""),
        ("uplay", "/uplaypc/downloads/3454/slices_v3/c/2C07CE48?_tkn_=exp", "3454"),
        ("origin", "/eamaster/s/shift/fifa_22/base/x.zip", "fifa_22"),
        ("sony", "/gst/prod/00/PPSA15301_00/app/51/UP1001.pkg", "PPSA15301_00"),
        ("sony", "/gs2/ppkgo/prod/CUSA12345_00/9/f_1a/x.pkg", "CUSA12345_00"),
        ("xboxlive", f"/15/{GUID}/0d69c812/1.3528.0.0.18be6615/ACE-Asia_x64", GUID),
        ("wsus", "/d/msdownload/update/software/defu/2021/09/am_engine.exe", ""),
        ("wsus", f"/filestreamingservice/files/{GUID}", ""),
    ],
)  # fmt: skip
def test_a_path_names_what_belongs_together_in_its_service(service, path, title):
    assert named(service, path) == title


def test_riot_gives_each_game_a_host():
    assert named("riot", "/channels/public/x.bundle", "LoL.dyn.riotcdn.net") == "lol"


def test_where_the_service_is_unknown_the_host_is_kept():
    assert (
        named("", "/depot/1/chunk/x", "cdn.unlisted.example") == "cdn.unlisted.example"
    )


@pytest.mark.parametrize("service", ["", "riot"])
def test_no_title_is_longer_than_its_column(service):
    assert len(named(service, "/x", "a" * 5000)) == titles.LONGEST


@pytest.mark.parametrize(
    "request_line, method, path",
    [
        ("GET / HTTP/1.1", "GET", "/"),
        ("GET /old", "GET", "/old"),
        ("HEAD /a/b/c.bin HTTP/1.1", "HEAD", "/a/"),
        ("GET /lancache-heartbeat HTTP/1.1", "GET", "/lancache-heartbeat"),
        ("GET /lancache-heartbeat?x HTTP/1.1", "GET", "/lancache-heartbeat"),
        ("GET /lancache-heartbeat/x HTTP/1.1", "GET", "/lancache-heartbeat/"),
        ("GET http://cdn.example/abs/f HTTP/1.1", "GET", "/abs/"),
        ("GET ftp://cdn.example/abs/f HTTP/1.1", "GET", "/abs/"),
        (r"GET /a\x22b\x22c.bin HTTP/1.1", "GET", r"/a\x22b\x22c.bin"),
        ("M-SEARCH /x HTTP/1.1", "M-SEARCH", "/x"),
    ],
)
def test_the_head_of_a_request_is_its_method_and_little_of_its_path(
    request_line, method, path
):
    head = re.match(titles.HEAD, request_line)
    assert head
    assert head.groups() == (method, path)


@pytest.mark.parametrize(
    "request_line", ["", "-", "GET", "get /f HTTP/1.1", "PRI * HTTP/2.0", r"\x16\x03"]
)
def test_what_is_no_request_for_a_path_has_no_head(request_line):
    assert re.match(titles.HEAD, request_line) is None


def test_a_head_is_short_however_long_the_path():
    head = re.match(titles.HEAD, "GET /" + "a" * 7900 + "/x HTTP/1.1")
    assert head
    assert len(head[2]) < 100
