"""The lease file of dnsmasq, and of Pi-hole, which is one: who got which address."""

from pathlib import Path

from downloads.clients.names import cleaned, folded_address

MOST = 8_000_000  # bytes; a lease takes about 80


class Unreadable(Exception):
    """There are no leases to be read; says why."""


def parse(text: str) -> dict[str, str]:
    """Return the name of each address that has one; pure.

    A line is `expiry mac address name client-id`, and `*` is no name. What is no such
    line (`duid ...` is one) says nothing. The last lease of an address counts.
    """
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) < 4 or not words[0].isdecimal():
            continue
        address, name = folded_address(words[2]), cleaned(words[3])
        if address and name not in ("", "*"):
            found[address] = name
    return found


def read(path: str) -> dict[str, str]:
    """Return what ``parse`` finds in a file; raises Unreadable."""
    try:
        if not Path(path).exists():
            raise Unreadable(f"there is no file {path}")
        # A pipe or a device would never end.
        if not Path(path).is_file():
            raise Unreadable(f"{path} is no file")
        with Path(path).open("rb") as file:
            content = file.read(MOST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise Unreadable(f"{path} can't be read: {why}") from error
    if len(content) > MOST:
        raise Unreadable(f"{path} is larger than {MOST:,} bytes: no lease file")
    return parse(content.decode("utf-8", "replace"))
