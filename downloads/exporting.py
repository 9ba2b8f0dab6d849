"""Tables as files of any length: rows are read a page of keys at a time, and written
before the next page is read.

No page keeps a read snapshot open, behind which SQLite's journal would grow; and none
costs more than the one before it, whatever the rows are filtered by. So they come in
the order in which they were made, not in that of a list.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.db.models.expressions import Combinable

PAGE = 2000  # rows
WIDEST = 64 * PAGE  # keys that one query looks through
# What begins so, spreadsheets take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Column(NamedTuple):
    """``name`` says the unit; ``of`` is a lookup or an expression of the model."""

    name: str
    of: str | Combinable
    shown_as: Callable[[Any], Any] | None = None


def as_csv(columns: Sequence[Column], pages: Iterable[list[Any]]) -> Iterator[str]:
    """Yield a CSV file: unknown is empty, and no cell of text is a formula."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(column.name for column in columns)
    yield file.getvalue()
    for page in pages:
        file.seek(0)
        file.truncate()
        writer.writerows([_cell(value) for value in row] for row in page)
        yield file.getvalue()


def as_json(columns: Sequence[Column], pages: Iterable[list[Any]]) -> Iterator[str]:
    """Yield a JSON list of objects, one a line: unknown is null, text as it is."""
    names = [column.name for column in columns]
    yield "["
    before = "\n"
    for page in pages:
        rows = (json.dumps(dict(zip(names, row, strict=True))) for row in page)
        yield before + ",\n".join(rows)
        before = ",\n"
    yield "\n]\n"


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def unguarded(text: str) -> str:
    """Return what ``guarded`` was given: what was exported can be imported again."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def pages(rows: QuerySet[Any], columns: Sequence[Column]) -> Iterator[list[Any]]:
    """Yield the rows of a queryset that is not sliced, some at a time, by key."""
    lookups = [column.of for column in columns]
    converted = [(n, c.shown_as) for n, c in enumerate(columns) if c.shown_as]
    for page in _pages(rows, lookups):
        shown = [[_iso(value) for value in row] for _key, *row in page]
        for place, shown_as in converted:
            for row in shown:
                row[place] = shown_as(row[place])
        yield shown


def _pages(
    rows: QuerySet[Any], lookups: Sequence[str | Combinable]
) -> Iterator[list[tuple[Any, ...]]]:
    keys = rows.model._default_manager.order_by("pk").values_list("pk", flat=True)
    first, last = keys.first(), keys.last()
    if first is None or last is None:
        return
    ordered = rows.order_by("pk")
    after, width = first - 1, PAGE
    while after < last:
        # Where few rows fit the filters, more keys are looked through at once.
        until = min(after + width, last)
        some = ordered.filter(pk__gt=after, pk__lte=until)
        page = list(some.values_list("pk", *lookups)[:PAGE])
        if page:
            yield page
        after = page[-1][0] if len(page) == PAGE else until
        if len(page) < PAGE // 2:
            width = min(2 * width, WIDEST)
        elif len(page) == PAGE:
            width = max(width // 2, PAGE)


def _iso(value: Any) -> Any:
    return as_iso(value) if isinstance(value, datetime) else value


def as_iso(moment: datetime) -> str:
    """Return a time in UTC: 2026-11-24T12:00:00Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def epoch_as_iso(second: int) -> str:
    return as_iso(datetime.fromtimestamp(second, UTC))


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return guarded(value) if isinstance(value, str) else value
