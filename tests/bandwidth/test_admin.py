"""Sources in the admin: added, refused, and tested."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from bandwidth.models import BandwidthSource

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
