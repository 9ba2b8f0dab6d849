"""What bandwidth is to call the clients whose connections it sees."""

from collections.abc import Collection

from bandwidth.clients import Called
from downloads import bulk
from downloads.clients.showing import shown
from downloads.models import Client


def called(addresses: Collection[str]) -> dict[str, Called]:
    """Return how each of them may be told of."""
    return {
        address: Called(one.address, one.hidden)
        for some in bulk.chunks(sorted(addresses))
        for address, one in shown(some).items()
    }


def hidden() -> set[str]:
    return set(Client.objects.filter(hidden=True).values_list("address", flat=True))
