"""Minutes and peaks in the admin, in the units of the reader, the live page near."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bandwidth.models import BandwidthPeak, BandwidthSample, BandwidthSource
from lancache_site.models import Preferences

pytestmark = pytest.mark.django_db
SAMPLES = "/admin/bandwidth/bandwidthsample/"
AT = 1_764_072_000  # 25 Nov 2025 12:00 UTC


@pytest.fixture(autouse=True)
def rows():
    source = BandwidthSource.objects.get(kind="host")
    for seconds, sent in ((60, 60_000_000), (10, 50_000_000)):
        BandwidthSample.objects.create(
            source=source, interface="<b>eth0", seconds=seconds, at=AT,
            received_bytes=0, transmitted_bytes=sent, covered_ms=seconds * 1000,
            samples=seconds, receive_max=0, transmit_max=7e6,
        )  # fmt: skip
    BandwidthPeak.objects.create(
        source=source, interface="eth0", direction="transmit", at=AT,
        bytes_per_second=7e6, peaked_at=AT + 83,
    )  # fmt: skip


def test_minutes_are_listed_unless_ten_seconds_are_asked_for(admin_client: Client):
    html = admin_client.get(SAMPLES).content.decode()
    assert "1.0 MB/s" in html and "60.0 of 60 s" in html
    assert "5.0 MB/s" not in html
    html = admin_client.get(f"{SAMPLES}?seconds=10").content.decode()
    assert "5.0 MB/s" in html and "60.0 of 60 s" not in html
    assert admin_client.get(f"{SAMPLES}?seconds=x").status_code == 200


def test_what_an_interface_calls_itself_is_text(admin_client: Client):
    html = admin_client.get(SAMPLES).content.decode()
    assert "&lt;b&gt;eth0" in html and "<b>eth0" not in html


def test_the_chart_is_above_the_minutes(admin_client: Client):
    html = admin_client.get(SAMPLES).content.decode()
    assert 'data-url="/live/history/"' in html
    assert 'href="/live/"' in html


def test_a_peak_is_in_the_units_of_the_reader_with_its_second(admin_user: User):
    Preferences.objects.create(user=admin_user, rates_in="bits")
    client = Client()
    client.force_login(admin_user)
    html = client.get("/admin/bandwidth/bandwidthpeak/").content.decode()
    assert "56.0 Mbit/s" in html
    assert "12:01:23" in html
    assert 'href="/live/"' in html
