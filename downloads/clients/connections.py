"""What bandwidth is to call the clients whose connections it sees."""

from collections.abc import Collection

from bandwidth.clients import Called
from downloads import bulk
from downloads.clients import pseudonyms
from downloads.models import Client


def called(addresses: Collection[str]) -> dict[str, Called]:
    """Return who of them has a pseudonym, or is hidden."""
    found: dict[str, Called] = {}
    for some in bulk.chunks(sorted(addresses)):
        hidden = Client.objects.filter(address__in=some, hidden=True)
        for address in hidden.values_list("address", flat=True):
            found[address] = Called(address, is_hidden=True)
        for address, client in pseudonyms.of(some).items():
            found[address] = Called(client.address, client.hidden)
    return found


def hidden() -> set[str]:
    return set(Client.objects.filter(hidden=True).values_list("address", flat=True))
