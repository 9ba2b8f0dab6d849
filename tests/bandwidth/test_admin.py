"""Sources in the admin: added, refused, and tested."""

from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from bandwidth import storing
from bandwidth.messages import WATCH_INSTEAD
from bandwidth.models import BandwidthSource
from bandwidth.rollup import DiskRow

pytestmark = pytest.mark.django_db
ADD = "admin:bandwidth_bandwidthsource_add"
ROW = {
    "name": "attic", "kind": "node_exporter", "address": "http://127.0.0.1:1",
    "to_clients": "transmit", "timeout_ms": "500", "enabled": "on",
}  # fmt: skip


def test_a_source_is_added(admin_client):
    admin_client.post(reverse(ADD), ROW)
    assert BandwidthSource.objects.get(name="attic").address == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"address": "gopher://x"}, "begins with none of http"),
        ({"address": ""}, "needs an address"),
        ({"kind": "docker", "address": "unix:///x.sock"}, "name the container"),
    ],
)
def test_what_can_never_be_read_is_refused(admin_client, changes, says):
    answer = admin_client.post(reverse(ADD), ROW | changes)
    assert says in answer.content.decode()
    assert not BandwidthSource.objects.filter(name="attic").exists()


def answer_of(client, row: BandwidthSource):
    url = reverse("admin:bandwidth_bandwidthsource_test_it", args=[row.pk])
    return client.post(url, follow=True).content.decode()


def test_testing_a_source_shows_what_it_answers(admin_client):
    row = BandwidthSource.objects.get(kind="host")
    assert "bytes received" in answer_of(admin_client, row)


def test_testing_a_source_that_is_away_says_so(admin_client):
    row = BandwidthSource.objects.create(
        name="<b>", kind="node_exporter", address="http://127.0.0.1:1"
    )
    page = answer_of(admin_client, row)
    assert "&lt;b&gt;: http://127.0.0.1:1 can&#x27;t be asked" in page


def test_testing_needs_the_right_to_change(client):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_bandwidthsource"))
    client.force_login(viewer)
    row = BandwidthSource.objects.get(kind="host")
    url = reverse("admin:bandwidth_bandwidthsource_test_it", args=[row.pk])
    assert client.post(url).status_code == 403


def test_samples_and_peaks_are_only_looked_at(admin_client):
    for name in ("sample", "peak"):
        url = reverse(f"admin:bandwidth_bandwidth{name}_changelist")
        assert admin_client.get(url).status_code == 200
        add = reverse(f"admin:bandwidth_bandwidth{name}_add")
        assert admin_client.get(add).status_code == 403


def test_testing_a_disk_shows_its_space_and_what_it_did(admin_client):
    row = BandwidthSource.objects.create(name="disk", kind="disk", address="/")
    page = answer_of(admin_client, row)
    assert "disk: / on " in page
    assert " free of " in page


def test_testing_a_disk_that_is_none_says_so(admin_client):
    row = BandwidthSource.objects.create(name="disk", kind="disk", address="/<i>")
    assert "disk: /&lt;i&gt;: No such file or directory" in answer_of(admin_client, row)


def test_a_relative_directory_is_refused(admin_client):
    answer = admin_client.post(reverse(ADD), ROW | {"kind": "disk", "address": "x"})
    assert "does not begin with /" in answer.content.decode()


def test_samples_of_disks_are_shown_and_what_is_unknown_is_a_dash(admin_client):
    row = BandwidthSource.objects.get(kind="disk")
    storing.store(
        [
            DiskRow((row.pk, "sda"), 0, 10, 20, 2500, 10_000, 10, 10**12, 10**11),
            DiskRow((row.pk, ""), 0, covered_ms=0, size=10**12, free=10**11),
        ]
    )
    page = admin_client.get(reverse("admin:bandwidth_disksample_changelist"))
    text = page.content.decode()
    assert "25 %" in text
    assert "100 GB of 1.00 TB" in text
    assert "–" in text
    add = reverse("admin:bandwidth_disksample_add")
    assert admin_client.get(add).status_code == 403


@pytest.fixture
def two_interfaces(tmp_path: Path, settings) -> BandwidthSource:
    """A mounted /proc and /sys of a host with eth0, which is watched, and eth1."""
    for name in ("eth0", "eth1"):
        (tmp_path / "sys/class/net" / name / "device").mkdir(parents=True)
        (tmp_path / "sys/class/net" / name / "carrier").write_text("1")
    (tmp_path / "proc/1/net").mkdir(parents=True)
    line = ": 5 0 0 0 0 0 0 0 7 0\n"
    (tmp_path / "proc/1/net/dev").write_text(f"\n\neth0{line}eth1{line}")
    settings.HOST_PROC = str(tmp_path / "proc")
    source: BandwidthSource = BandwidthSource.objects.get(kind="host")
    source.wanted = "eth0"
    source.save()
    return source


def instead(row: BandwidthSource, interface: str) -> str:
    return WATCH_INSTEAD.format(row.pk, urlencode({"interface": interface}))


def test_a_hint_leads_to_where_it_can_be_followed(admin_client, two_interfaces):
    name = "admin:bandwidth_bandwidthsource_watch_instead"
    url = instead(two_interfaces, "eth1")
    assert url == f"{reverse(name, args=[two_interfaces.pk])}?interface=eth1"
    assert "Watch eth1" in admin_client.get(url).content.decode()
    two_interfaces.refresh_from_db()
    assert two_interfaces.wanted == "eth0"  # looking changes nothing
    answer = admin_client.post(url, follow=True).content.decode()
    assert "watches eth1 from now on" in answer
    two_interfaces.refresh_from_db()
    assert two_interfaces.wanted == "eth1"
    assert LogEntry.objects.get().change_message == "Watches eth1 instead."
    # Twice: it is watched by now, and no other than it.
    answer = admin_client.post(url, follow=True).content.decode()
    assert "can&#x27;t watch eth1 instead" in answer


@pytest.mark.parametrize("interface", ["", "eth9", "eth0", "<script>", "eth1,eth0"])
def test_what_is_no_other_interface_is_not_watched(
    admin_client, two_interfaces, interface
):
    page = admin_client.post(instead(two_interfaces, interface), follow=True)
    assert "instead" in page.content.decode()
    assert "watch <script>" not in page.content.decode()
    two_interfaces.refresh_from_db()
    assert two_interfaces.wanted == "eth0"


def test_watching_another_needs_the_right_to_change(client, two_interfaces):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_bandwidthsource"))
    client.force_login(viewer)
    assert client.post(instead(two_interfaces, "eth1")).status_code == 403
    two_interfaces.refresh_from_db()
    assert two_interfaces.wanted == "eth0"


def test_a_container_has_no_other_interface(admin_client):
    row = BandwidthSource.objects.create(
        name="box", kind="docker", address="unix:///none.sock", wanted="x"
    )
    page = admin_client.get(instead(row, "eth1"), follow=True).content.decode()
    assert "box: unix:///none.sock can&#x27;t be asked" in page
