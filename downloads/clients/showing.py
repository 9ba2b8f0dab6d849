"""How clients may be shown where only their addresses are known, as of sockets."""

from collections.abc import Iterable
from dataclasses import dataclass

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
    clients = {one.address: one for one in Client.objects.filter(address__in=found)}
    for address, one in (clients | pseudonyms.of([*found])).items():
        found[address] = Shown(one.address, one.name or one.person, one.hidden)
    return found
