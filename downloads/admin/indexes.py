"""What an index serves, and how to keep a database from taking the wrong one."""

from typing import Any, NamedTuple

from django.db.models import BigIntegerField, F, Func, Q
from django.db.models.expressions import OrderBy
from django.db.models.lookups import Exact, IsNull


class Known(F):
    """A column to sort by: rows in which it is unknown are left out.

    So one index serves both directions on every database.
    """


class Unindexed(Func):
    """A column without its index.

    SQLite, which has no statistics, takes any equality for the best way in, however
    many rows it holds for.
    """

    arity = 1
    template = "%(expressions)s"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="+%(expressions)s", **extra)


def unindexed_key(column: str) -> Unindexed:
    """Return a foreign key as the number that it is."""
    return Unindexed(column, output_field=BigIntegerField())


class Lead(NamedTuple):
    """A condition whose rows an index has in the order of time."""

    column: str
    led: Q
    # The same where another condition leads.
    followed: Q


def equal(column: str, value: object) -> Lead:
    followed = Q(Exact(Unindexed(F(column)), value))
    return Lead(column, Q((column, value)), followed)


def column_of(part: Any) -> str:
    """Return the column that a part of an ordering sorts by."""
    if isinstance(part, OrderBy):
        return str(getattr(part.expression, "name", ""))
    return str(part).lstrip("-")


def unindexed(part: Any) -> OrderBy:
    expression = part.expression if isinstance(part, OrderBy) else F(part.lstrip("-"))
    descending = part.descending if isinstance(part, OrderBy) else part[0] == "-"
    return OrderBy(Unindexed(expression), descending=descending)


def known(ordering: list[Any]) -> list[Q]:
    """Return what leaves out rows in which a column to sort by is unknown."""
    parts = [part.expression for part in ordering if isinstance(part, OrderBy)]
    named = {
        column: part
        for part in parts
        for column in (part, *getattr(part, "source_expressions", ()))
        if isinstance(column, Known)
    }
    return [Q(IsNull(part, False)) for part in named.values()]
