"""Clients and titles by what the log calls them: looked up, and made if new."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
from django.db import connection

from downloads import bulk
from downloads.clients import pseudonyms
from downloads.models import Client, ListedName, Title

Pair = tuple[str, str]  # a service, and what its logs say


def client_ids(addresses: pl.Series) -> pl.DataFrame:
    """Return address and client_id of each different address."""
    wanted = addresses.unique().to_list()
    found = _existing_clients(wanted)
    if missing := [address for address in wanted if address not in found]:
        found |= _pseudonymous_clients(missing)
    if missing := [address for address in missing if address not in found]:
        Client.objects.bulk_create(
            [Client(address=address) for address in missing], ignore_conflicts=True
        )
        found |= _existing_clients(missing)
    return pl.DataFrame(
        {"address": list(found), "client_id": list(found.values())},
        schema={"address": pl.String, "client_id": pl.Int64},
    )


def _existing_clients(addresses: Sequence[str]) -> dict[str, int]:
    table = connection.ops.quote_name(Client._meta.db_table)
    found = bulk.rows(f"SELECT address, id FROM {table} WHERE address IN", addresses)
    return dict(found)


def _pseudonymous_clients(addresses: Sequence[str]) -> dict[str, int]:
    """Those that were once known by these addresses, which nothing tells any more."""
    if not pseudonyms.exist():
        return {}
    by_hash = {pseudonyms.hashed(address): address for address in addresses}
    table = connection.ops.quote_name(Client._meta.db_table)
    statement = (
        f"SELECT address_hash, id FROM {table}"
        " WHERE NOT address_hash = '' AND address_hash IN"
    )
    return {by_hash[digest]: pk for digest, pk in bulk.rows(statement, by_hash)}


def title_ids(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return service, title (the raw one) and title_id of each different pair."""
    wanted = list(pairs.iter_rows())
    found = _by_pair(Title, "id", wanted)
    if missing := [pair for pair in wanted if pair not in found]:
        Title.objects.bulk_create(_new_titles(missing), ignore_conflicts=True)
        found |= _by_pair(Title, "id", missing)
    rows = [(service, raw, pk) for (service, raw), pk in found.items()]
    schema = {"service": pl.String, "title": pl.String, "title_id": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _new_titles(pairs: Sequence[Pair]) -> list[Title]:
    """Return unsaved titles, with the names that lists have for them."""
    names = _by_pair(ListedName, "name", pairs)
    return [
        Title(service=service, raw=raw, name=name, named_by=named_by)
        for service, raw in pairs
        for name in [names.get((service, raw), "")]
        for named_by in [Title.NamedBy.LIST if name else Title.NamedBy.NOBODY]
    ]


def _by_pair(
    model: type[Title] | type[ListedName], column: str, pairs: Iterable[Pair]
) -> dict[Pair, Any]:
    """Return ``column`` of the rows that have these services and raw titles."""
    by_service: dict[str, list[str]] = {}
    for service, raw in pairs:
        by_service.setdefault(service, []).append(raw)
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"SELECT raw, {column} FROM {table} WHERE service = %s AND raw IN"
    return {
        (service, raw): value
        for service, raws in by_service.items()
        for raw, value in bulk.rows(statement, raws, service)
    }
