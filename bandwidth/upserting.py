"""Adding to rows, or making them: the same on SQLite and PostgreSQL. In a statement,
``t`` is the row that is there, ``excluded`` the one that comes."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def upsert(
    model: type[models.Model],
    names: Sequence[str],
    conflict: str,
    rows: list[tuple[Any, ...]],
) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    places = ", ".join(["%s"] * len(names))
    # In the order of the key, so that two writers never wait for each other.
    ordered = sorted(rows, key=lambda row: row[:4])
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} AS t ({', '.join(names)}) VALUES ({places})"
            f" ON CONFLICT {conflict}",
            ordered,
        )


def added(sums: Iterable[str], most: Iterable[str]) -> list[str]:
    return [
        *[f"{name} = t.{name} + excluded.{name}" for name in sums],
        *[f"{name} = {of_both('GREATEST', 'MAX', name)}" for name in most],
    ]


def of_both(postgresql: str, sqlite: str, name: str) -> str:
    function = postgresql if connection.vendor == "postgresql" else sqlite
    return f"{function}(t.{name}, excluded.{name})"
