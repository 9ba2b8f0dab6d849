"""Lists of clients' names as people keep them: CSV of any separator, or JSON. Pure."""

import codecs
import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple

from downloads.clients.names import cleaned, folded_address
from downloads.exporting import unguarded

SEPARATORS = ",;\t|"
# What columns are called, in our own exports and elsewhere.
TITLES = {
    "address": "address", "ip": "address", "ip address": "address", "ip_address":
    "address", "client": "address", "name": "name", "hostname": "name", "host": "name",
    "person": "person", "owner": "person", "person or machine": "person",
}  # fmt: skip
SHOWN = 80  # characters of a bad row


class NotAList(Exception):
    """The file as a whole can't be read; says why."""


class Named(NamedTuple):
    address: str
    name: str
    person: str


class Bad(NamedTuple):
    """A row that can't be used: its number from 1, what is wrong, how it begins."""

    row: int
    reason: str
    text: str


@dataclass
class Found:
    rows: list[Named] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)


def read(content: bytes) -> Found:
    """Return the usable rows, each address once, and the others; raises NotAList."""
    text = _decoded(content)
    if not text.strip():
        raise NotAList("The file is empty.")
    rows = _of_json(text) if text.lstrip()[0] in "[{" else _of_csv(text)
    found, first = Found(), dict[str, int]()
    for number, (address, name, person), shown in rows:
        row = Named(folded_address(address), cleaned(name), cleaned(person))
        reason = ""
        if not row.address:
            reason = "no address" if not address else f"no address: {address[:SHOWN]}"
        elif not row.name and not row.person:
            reason = "no name"
        elif row.address in first:
            reason = f"its address stands in row {first[row.address]}, which counts"
        if reason:
            found.bad.append(Bad(number, reason, cleaned(shown)[:SHOWN]))
        else:
            first[row.address] = number
            found.rows.append(row)
    return found


Cells = tuple[int, tuple[str, str, str], str]


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _of_csv(text: str) -> Iterator[Cells]:
    lines = text.splitlines()
    some = [line for line in lines if line.strip()][:20]
    separator = max(SEPARATORS, key=lambda mark: sum(mark in line for line in some))
    order: Sequence[str] = ("address", "name", "person")
    seen = False
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            cells = next(csv.reader([line], delimiter=separator))
        except (csv.Error, StopIteration):
            yield number, ("", "", ""), line
            continue
        titles = [TITLES.get(cell.strip().casefold(), "") for cell in cells]
        if not seen and "address" in titles and not folded_address(cells[0]):
            order = titles
        else:
            by_title = dict(zip_longest(order, cells[: len(order)], fillvalue=""))
            yield number, _three(by_title), line
        seen = True


def _of_json(text: str) -> Iterator[Cells]:
    try:
        rows: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAList(f"This is no JSON: {error}") from error
    if not isinstance(rows, list):
        raise NotAList("This JSON is no list of clients.")
    for number, row in enumerate(rows, start=1):
        cells: Iterable[tuple[Any, Any]] = row.items() if isinstance(row, dict) else ()
        by_title = {TITLES.get(str(key).casefold(), ""): cell for key, cell in cells}
        yield number, _three(by_title), str(row)[: 4 * SHOWN]


def _three(cells: dict[str, Any]) -> tuple[str, str, str]:
    address, name, person = (
        unguarded(cell.strip()) if isinstance(cell := cells.get(title), str) else ""
        for title in ("address", "name", "person")
    )
    return address, name, person
