"""Names of clients: what is one, and who may replace whose."""

import ipaddress
import unicodedata
from collections.abc import Mapping

from django.db import transaction

from downloads import bulk
from downloads.models import Client, NameSource

LONGEST = 200
# Whose names a lookup may replace: nobody's, its own, and those of a poorer lookup.
REPLACED_BY = {
    NameSource.LEASE: ("", NameSource.LEASE, NameSource.DNS),
    NameSource.DNS: ("", NameSource.DNS),
}


def cleaned(text: str) -> str:
    """Return what a stranger calls a client as one line of plain text.

    Control characters, and those that turn the direction of writing, would disguise
    what stands beside the name. '' where nothing is left.
    """
    kept = (
        " " if unicodedata.category(c).startswith(("C", "Z")) else c
        for c in text[: 4 * LONGEST]
    )
    return " ".join("".join(kept).split())[:LONGEST].strip()


def folded_address(text: str) -> str:
    """Return an address as clients have it, or '' if it is none."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            return ""
        return str(address.ipv4_mapped or address)
    return str(address)


def give(found: Mapping[str, str], source: NameSource) -> int:
    """Name the clients of these addresses after a lookup; return how many changed.

    No client is made, and no name that people gave is touched.
    """
    changed = 0
    for some in bulk.chunks(sorted(found)):
        with transaction.atomic():
            clients = Client.objects.select_for_update().filter(
                address__in=some, name_source__in=REPLACED_BY[source]
            )
            rows = [
                (found[address], source.value, pk)
                for pk, address, *now in clients.values_list(
                    "pk", "address", "name", "name_source"
                )
                if found[address] and now != [found[address], source.value]
            ]
            bulk.update_rows(Client, ["name", "name_source"], rows)
        changed += len(rows)
    return changed
