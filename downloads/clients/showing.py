"""How clients may be shown where only their addresses are known, as of sockets."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from downloads.clients import pseudonyms
from downloads.models import Client


@dataclass(frozen=True)
class Shown:
    """``name`` is "" where it has none; ``address`` is the pseudonym of who has one."""

    address: str
    name: str = ""
    hidden: bool = False


def shown(addresses: Iterable[str]) -> dict[str, Shown]:
    """Return of each address how it may be shown; of a stranger, as it is."""
    found = {address: Shown(address) for address in addresses}
    hashes = {pseudonyms.hashed(address): address for address in found}
    clients = Client.objects.filter(Q(address__in=found) | Q(address_hash__in=hashes))
    for client in clients:
        one = Shown(client.address, client.name or client.person, client.hidden)
        found[hashes.get(client.address_hash, client.address)] = one
    return found
