"""What clients are called in rows, messages and lists. Here addresses are known."""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol


class Called(NamedTuple):
    """An address, or what stands for it; hidden ones are told of on no page."""

    name: str
    is_hidden: bool = False


class Knows(Protocol):
    """Who knows more of clients than their addresses."""

    def called(self, addresses: Collection[str]) -> Mapping[str, Called]:
        """Tell of those that are not called by their address, or are hidden."""

    def hidden(self) -> Collection[str]:
        """Return what all that are hidden are called."""


# Another app adds itself when it is ready.
KNOWN_BY: list[Knows] = []


def called(addresses: Collection[str]) -> dict[str, Called]:
    found = {address: Called(address) for address in addresses}
    for knows in KNOWN_BY:
        found.update(knows.called(addresses))
    return found


def hidden() -> set[str]:
    return {name for knows in KNOWN_BY for name in knows.hidden()}
