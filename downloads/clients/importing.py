"""Names of clients from a list that the operator has: `address,name[,person]`.

``planned`` looks and changes nothing; ``carry_out`` does what it planned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from downloads import bulk
from downloads.clients import pseudonyms
from downloads.clients.lists import Named
from downloads.models import Client, NameSource

GIVEN = (NameSource.HAND, NameSource.CSV)
FIELDS = ["name", "name_source", "person"]


@dataclass
class Plan:
    """What a list would change."""

    new: list[Named] = field(default_factory=list)
    changed: list[Named] = field(default_factory=list)
    unchanged: int = 0
    hand_given: list[tuple[str, Named]] = field(default_factory=list)  # old name first
    pseudonymous: int = 0


def planned(rows: Sequence[Named]) -> Plan:
    """Return what ``rows``, of one address each, would change."""
    plan = Plan()
    hidden = _hidden(rows)
    for some in bulk.chunks(rows):
        known = Client.objects.in_bulk(
            [row.address for row in some], field_name="address"
        )
        for row in some:
            client = known.get(row.address)
            if row.address in hidden:
                plan.pseudonymous += 1
            elif client is None:
                plan.new.append(row)
            elif _after(client, row) == [
                client.name,
                client.name_source,
                client.person,
            ]:
                plan.unchanged += 1
            else:
                plan.changed.append(row)
                if client.name_source == NameSource.HAND and row.name != client.name:
                    plan.hand_given.append((client.name, row))
    return plan


def carry_out(rows: Sequence[Named]) -> list[Client]:
    """Name the clients of ``rows``, and make those that no log has shown yet.

    Returns those that were made or changed.
    """
    touched: list[Client] = []
    hidden = _hidden(rows)
    for some in bulk.chunks([row for row in rows if row.address not in hidden]):
        with transaction.atomic():
            Client.objects.bulk_create(
                [Client(address=row.address) for row in some], ignore_conflicts=True
            )
            clients = Client.objects.select_for_update().in_bulk(
                [row.address for row in some], field_name="address"
            )
            changes = []
            for row in some:
                client = clients[row.address]
                after = _after(client, row)
                if after != [client.name, client.name_source, client.person]:
                    client.name, client.name_source, client.person = after
                    changes.append((*after, client.pk))
                    touched.append(client)
            bulk.update_rows(Client, FIELDS, changes)
    return touched


def _after(client: Client, row: Named) -> list[str]:
    """Return FIELDS as the row would have them; what it leaves empty stays."""
    source = client.name_source
    if row.name and not (row.name == client.name and source in GIVEN):
        source = NameSource.CSV.value
    return [row.name or client.name, source, row.person or client.person]


def _hidden(rows: Sequence[Named]) -> set[str]:
    """Return the addresses that have been replaced by a pseudonym: they stay so."""
    if not pseudonyms.exist():
        return set()
    hashes = set(
        Client.objects.exclude(address_hash="").values_list("address_hash", flat=True)
    )
    return {row.address for row in rows if pseudonyms.hashed(row.address) in hashes}
