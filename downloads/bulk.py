"""Many rows at once, the same on SQLite and PostgreSQL. All within a transaction of
the caller's."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, models

Row = Sequence[Any]
T = TypeVar("T")


def chunks(items: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """Yield ``items`` by at most ``size``: a query takes so many parameters."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _fields(
    model: type[models.Model], names: Iterable[str]
) -> list["models.Field[Any, Any]"]:
    fields = [model._meta.get_field(name) for name in names]
    return [field for field in fields if isinstance(field, models.Field)]


def _columns(model: type[models.Model], names: Iterable[str]) -> list[str]:
    return [
        connection.ops.quote_name(str(field.column)) for field in _fields(model, names)
    ]


def _insert(model: type[models.Model], names: Sequence[str]) -> str:
    table = connection.ops.quote_name(model._meta.db_table)
    columns = ", ".join(_columns(model, names))
    places = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {table} ({columns}) VALUES ({places})"


def insert(
    model: type[models.Model], names: Sequence[str], rows: Sequence[Row]
) -> None:
    """Insert ``rows``; times are given as the database stores them."""
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            table = connection.ops.quote_name(model._meta.db_table)
            columns = ", ".join(_columns(model, names))
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            cursor.executemany(_insert(model, names), rows)


def add(
    model: type[models.Model],
    keys: Sequence[str],
    sums: Sequence[str],
    rows: Sequence[Row],
) -> None:
    """Insert ``rows``, keys before sums, or add the sums to the row of these keys.

    The model has a unique constraint on ``keys``.
    """
    if not rows:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    targets = ", ".join(_columns(model, keys))
    added = ", ".join(
        f"{column} = {table}.{column} + excluded.{column}"
        for column in _columns(model, sums)
    )
    statement = (
        f"{_insert(model, [*keys, *sums])}"
        f" ON CONFLICT ({targets}) DO UPDATE SET {added}"
    )
    with connection.cursor() as cursor:
        # In the order of the key, so that two writers never wait for each other.
        cursor.executemany(statement, sorted(tuple(row) for row in rows))


def rows(
    statement: str, values: Iterable[Any], *before: Any
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query that ends with IN, for many values.

    Plain SQL: a queryset takes longer to write this down than the database to answer.
    """
    with connection.cursor() as cursor:
        for some in chunks(list(values)):
            cursor.execute(f"{statement} {_places(some)}", [*before, *some])
            yield from cursor.fetchall()


def execute(statement: str, values: Iterable[Any]) -> int:
    """Do what ends with IN for many values; return how many rows that touched."""
    touched = 0
    with connection.cursor() as cursor:
        for some in chunks(list(values)):
            cursor.execute(f"{statement} {_places(some)}", some)
            touched += cursor.rowcount
    return touched


def _places(values: Sequence[Any]) -> str:
    return f"({', '.join(['%s'] * len(values))})"


def moment(epoch_seconds: float) -> datetime:
    return datetime.fromtimestamp(epoch_seconds, UTC)


def update_rows(
    model: type[models.Model], names: Sequence[str], rows: Sequence[Row]
) -> None:
    """Set ``names`` of many rows; each of ``rows`` ends with the primary key."""
    if not rows:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    values = ", ".join(f"{column} = %s" for column in _columns(model, names))
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {values} WHERE id = %s", rows)


def update(
    model: type[models.Model], names: Sequence[str], objects: Iterable[models.Model]
) -> None:
    """Save ``names`` of many objects."""
    fields = _fields(model, names)
    times = [i for i, f in enumerate(fields) if isinstance(f, models.DateTimeField)]
    values_of = attrgetter(*(field.attname for field in fields), "pk")
    rows = [list(values_of(item)) for item in objects]
    for row in rows:
        for place in times:
            row[place] = connection.ops.adapt_datetimefield_value(row[place])
    update_rows(model, names, rows)
