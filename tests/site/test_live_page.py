"""The live page: who sees what of it, in which units."""

import json
import time
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from bandwidth.models import BandwidthSample, BandwidthSource
from downloads.clients import pseudonyms
from downloads.clients.showing import Shown, shown
from downloads.models import Client as LanClient
from downloads.quantities import Units
from lancache_site.live import rendering
from lancache_site.live.audience import Audience, of_user
from lancache_site.live.telling import told
from lancache_site.models import Preferences

HOSTILE = "<script>document.title='owned'</script>"


def interface(**changes):
    return {
        "source": "this host", "interface": "eth0", "isUp": True, "isVirtual": False,
        "linkBytesPerSecond": 125_000_000, "downloadBytesPerSecond": 50e6,
        "uploadBytesPerSecond": 5e6, "requests": None, "connections": None,
    } | changes  # fmt: skip


def sample(*interfaces, **changes):
    return {
        "v": 1, "type": "sample", "at": 1000.0, "interfaces": list(interfaces),
        "sources": [{"source": "this host", "problem": "", "remark": ""}],
    } | changes  # fmt: skip


def running(**changes):
    row = {
        "id": 7, "url": "/admin/downloads/download/7/change/", "client": "10.0.0.11",
        "clientName": "Mia", "service": "steam", "title": "Counter-Strike 2",
        "startedAt": "2026-11-24T12:00:00Z", "bytes": 7_960_000_000, "hitShare": 0.87,
        "bytesPerSecond": 45.2e6, "hitBytesPerSecond": 40e6, "missBytesPerSecond": 5e6,
        "silentSeconds": 0, "secondsLeft": 105, "expectedBytes": 9_000_000_000,
    } | changes  # fmt: skip
    return {
        "v": 1, "type": "downloads", "at": 1000, "bytesPerSecond": 45.2e6, "more": 0,
        "downloads": [row],
    }  # fmt: skip


def connections(**changes):
    row = {
        "client": "10.0.0.11", "connections": 16, "tlsConnections": 2,
        "bytesPerSecond": 45.2e6, "roundTripMs": 0.4, "retransmitShare": 0.031,
        "receiverLimitedShare": 0.9, "sendBufferLimitedShare": 0.0, "limit": "client",
        "silentSeconds": 0,
    } | changes  # fmt: skip
    return {"v": 1, "type": "sockets", "at": 1000, "clients": [row]}


MIA = {"10.0.0.11": Shown("10.0.0.11", "Mia")}
KIOSK = Audience(is_kiosk=True, sees_addresses=False)


def test_figures_stand_beside_the_link_speed():
    html = rendering.fragments(sample(interface()))
    assert "<strong>50.0</strong> <span>MB/s</span>" in html
    assert 'stroke-dasharray="40.0 100"' in html
    assert "40 % of 125.0 MB/s, eth0" in html


def test_a_rate_that_is_unknown_is_no_zero():
    html = rendering.fragments(sample(interface(downloadBytesPerSecond=None)))
    assert "<strong>–</strong>" in html
    assert "– of 125.0 MB/s, eth0" in html


def test_a_link_that_nobody_knows_has_no_gauge_but_says_so():
    html = rendering.fragments(sample(interface(linkBytesPerSecond=None)))
    assert "eth0, link speed unknown" in html
    assert "stroke-dasharray" not in html


def test_the_large_figures_are_of_the_real_interface_that_is_up():
    down = interface(interface="eth1", isUp=False)
    bridge = interface(interface="docker0", isVirtual=True)
    silent = interface(interface="nginx", downloadBytesPerSecond=None)
    found = rendering.main_interface([bridge, down, silent, interface()])
    assert found and found["interface"] == "eth0"


def test_what_is_wrong_is_said_above_the_figures_and_leads_to_where_one_acts():
    message = sample(
        sources=[{"source": "pod", "problem": "no answer within 0.8 s", "remark": ""}],
        hints=[{"text": "eth1 carries more.", "source": "", "url": "/admin/x/"}],
    )
    html = rendering.fragments(message)
    assert "pod: no answer within 0.8 s" in html
    assert 'href="/admin/x/"' in html


def test_disks_show_how_busy_and_how_full_they_are():
    disk = {"source": "this host", "path": "/srv", "device": "sda", "busyShare": 0.97}
    disk |= {"readBytesPerSecond": 1e6, "writtenBytesPerSecond": None}
    disk |= {"sizeBytes": 4_000_000_000_000, "freeBytes": None}
    html = rendering.fragments(sample(disks=[disk]))
    assert "97 %" in html and "1.0 MB/s" in html
    assert "– of 4.00 TB" in html


def test_a_running_download_is_told_in_words_and_figures():
    html = rendering.fragments(running())
    for text in ("Counter-Strike 2", "Mia", "45.2 MB/s", "87 %", "7.96 GB", "1m 45s"):
        assert text in html
    assert 'rect width="87.0%"' in html


def test_what_strangers_wrote_is_text():
    html = rendering.fragments(running(title=HOSTILE, clientName=HOSTILE))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 2


def test_connections_say_whose_limit_it_is():
    message = told(connections(), Audience(), MIA)
    html = rendering.fragments(message)
    for text in ("Mia", "10.0.0.11", "the client", "0.4 ms", "3 %", "2 of them TLS"):
        assert text in html


def test_nothing_running_is_said():
    message = running() | {"downloads": [], "bytesPerSecond": 0}
    assert "Nothing is being downloaded." in rendering.fragments(message)


def test_units_and_zone_are_those_of_the_audience():
    tokyo = Audience(Units(rates_in_bits=True, binary=True), ZoneInfo("Asia/Tokyo"))
    with tokyo.reading():
        html = rendering.fragments(running())
    assert "344.8 Mibit/s" in html
    assert "7.41 GiB" in html
    assert "24 Nov 21:00" in html


def test_a_hidden_client_is_shown_nowhere():
    hidden = {"10.0.0.11": Shown("10.0.0.11", "Mia", hidden=True)}
    assert told(running(), Audience(), hidden)["downloads"] == []
    assert told(connections(), Audience(), hidden)["clients"] == []


def test_a_kiosk_shows_names_and_no_address_and_leads_nowhere():
    (row,) = told(running(), KIOSK, MIA)["downloads"]
    assert (row["client"], row["clientName"], "url" in row) == (None, "Mia", False)
    stranger = {"10.0.0.11": Shown("10.0.0.11")}
    (row,) = told(connections(), KIOSK, stranger)["clients"]
    assert (row["client"], row["clientName"]) == (None, "a client without a name")


def test_a_kiosk_hears_of_no_path_and_no_other_host():
    problem = {"source": "pod", "problem": "http://10.0.0.9 is away", "remark": "x"}
    message = sample(interface(), sources=[problem], hints=[{}], disks=[{}])
    heard = told(message, KIOSK, {})
    assert "10.0.0.9" not in json.dumps(heard)
    assert (heard["hints"], heard["disks"]) == ([], [])
    assert heard["interfaces"] == message["interfaces"]


@pytest.mark.django_db
def test_a_pseudonym_stands_for_the_address_that_sockets_tell():
    LanClient.objects.create(
        address="client-7f3a2c", address_hash=pseudonyms.hashed("10.0.0.11")
    )
    LanClient.objects.create(address="10.0.0.12", person="Ben", hidden=True)
    found = shown(["10.0.0.11", "10.0.0.12", "10.0.0.13"])
    assert found["10.0.0.11"] == Shown("client-7f3a2c")
    assert found["10.0.0.12"] == Shown("10.0.0.12", "Ben", hidden=True)
    assert found["10.0.0.13"] == Shown("10.0.0.13")


@pytest.mark.django_db
def test_clients_are_for_who_may_look_at_downloads():
    guest = User.objects.create_user("guest")
    assert not of_user(guest).hears("downloads")
    assert of_user(guest).hears("sample")
    guest.user_permissions.add(Permission.objects.get(codename="view_download"))
    assert of_user(User.objects.get()).hears("sockets")


@pytest.mark.django_db
def test_the_page_is_for_who_is_signed_in(client: Client, admin_client: Client):
    answer = client.get("/live/")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/admin/login/?next=/live/"
    answer = admin_client.get("/live/")
    assert 'ws-connect="/ws/bandwidth/?as=html"' in answer.content.decode()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert admin_client.post("/live/").status_code == 405


@pytest.mark.django_db
def test_the_page_has_no_inline_script_and_no_inline_style(admin_client: Client):
    html = admin_client.get("/live/").content.decode()
    assert html.count("<script") == html.count("<script src=") > 0
    assert "<style" not in html and " style=" not in html and "onclick" not in html


@pytest.mark.django_db
def test_history_is_json_in_bytes_with_peaks_in_the_units_of_the_reader(admin_user):
    Preferences.objects.create(user=admin_user, rates_in="bits")
    at = int(time.time()) // 60 * 60 - 600
    source = BandwidthSource.objects.get(kind="host")
    BandwidthSample.objects.create(
        source=source, interface="eth0", seconds=60, at=at,
        received_bytes=60, transmitted_bytes=60_000_000, covered_ms=60_000, samples=60,
        receive_max=1, transmit_max=2e6,
    )  # fmt: skip
    client = Client()
    client.force_login(admin_user)
    answer = client.get("/live/history/?range=day").json()
    (line,) = answer["lines"]
    assert answer["count"] == len(line["download"]) == 480
    assert set(line["download"]) == {None, 1_000_000}
    assert line["peaks"]["download"]["rate"] == "16.0 Mbit/s"


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", ["", "?range=", "?range=year", "?range=%00"])
def test_a_range_that_is_none_is_told_so(admin_client: Client, wrong: str):
    answer = admin_client.get(f"/live/history/{wrong}")
    assert answer.status_code == 400
    assert "hour, day, week, month" in answer.json()["detail"]


@pytest.mark.django_db
def test_history_is_not_for_strangers(client: Client):
    assert client.get("/live/history/?range=day").status_code == 302
    assert client.get("/kiosk/history/?range=day").status_code == 403
