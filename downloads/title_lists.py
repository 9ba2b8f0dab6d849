"""Lists that name Steam's depots, as others publish them. Pure.

Two formats are known by themselves. lancache-pics is JSON:
``{"depotMappings": {"<depot>": {"ownerId": 10, "appIds": [10, 20],
"appNames": ["A", "B"], ...}, ...}, ...}``. SteamDepotFinder is CSV without a header:
``AppId;AppName;DepotId``.
"""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, NamedTuple

SERVICE = "steam"
MOST_BYTES = 200_000_000
LONGEST_NAME = 255
EXAMPLES = 10  # of bad rows, with their reasons
NO_APP = 2**63


class NotAList(Exception):
    """It is no list of either format; says why, in one line."""


class BadRow(Exception):
    """A row names no depot; says why."""


class Candidate(NamedTuple):
    """One name of a depot. Of several the least is taken: an owner's comes first,
    then that of the lowest app."""

    is_guest: bool
    app: int
    name: str


# Where it stands, the depot as written, and what is said of it.
Entry = tuple[str, str, Candidate | BadRow]


@dataclass
class TitleList:
    """What a list says: a name for each depot, and what was wrong with other rows."""

    names: dict[str, str] = field(default_factory=dict)
    bad: int = 0
    examples: list[str] = field(default_factory=list)

    def reject(self, place: str, problem: BadRow) -> None:
        self.bad += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{place}: {problem}")


def parse(data: bytes) -> TitleList:
    """Read a whole list; raise NotAList where it is none, or was cut off."""
    data = data.removeprefix(codecs.BOM_UTF8).strip()
    if not data:
        raise NotAList("It is empty.")
    found = TitleList()
    best: dict[str, Candidate] = {}
    for place, depot, said in _mappings(data) if data[:1] == b"{" else _lines(data):
        try:
            if isinstance(said, BadRow):
                raise said
            number = _depot(depot)
        except BadRow as problem:
            found.reject(place, problem)
            continue
        if number not in best or said < best[number]:
            best[number] = said
    if not best:
        raise NotAList(f"It names no depot. {' '.join(found.examples[:1])}".strip())
    found.names = {depot: candidate.name for depot, candidate in best.items()}
    return found


def _lines(data: bytes) -> Iterator[Entry]:
    for number, line in enumerate(BytesIO(data), 1):
        text = _text(line).strip()
        if not text:
            continue
        # A name may hold a semicolon; numbers do not.
        app, _, rest = text.partition(";")
        name, separator, depot = rest.rpartition(";")
        yield f"line {number}", depot, _of_line(app, name, bool(separator))


def _of_line(app: str, name: str, whole: bool) -> Candidate | BadRow:
    if not whole:
        return BadRow("it is not AppId;AppName;DepotId")
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = name[1:-1].replace('""', '"')
    try:
        return Candidate(True, _app(app), _name(name))
    except BadRow as problem:
        return problem


class _Object(list[tuple[str, Any]]):
    """An object of JSON: its pairs, as a key may come twice."""


def _mappings(data: bytes) -> Iterator[Entry]:
    try:
        whole = json.loads(_text(data), object_pairs_hook=_of_object)
    except RecursionError:
        raise NotAList("It is nested too deeply for a list of names.") from None
    except ValueError as error:
        raise NotAList(f"It is damaged, or was cut off: {error}.") from error
    pairs = whole if isinstance(whole, _Object) else []
    mappings = [value for key, value in pairs if key == "depotMappings"]
    if not mappings or not isinstance(mappings[0], _Object):
        raise NotAList("It is JSON, but has no depotMappings.")
    for depot, said in mappings[0]:
        if not isinstance(said, Candidate | BadRow):
            said = BadRow("it has no appNames")
        yield f"depot {depot[:20]}", depot, said


def _of_object(pairs: list[tuple[str, Any]]) -> "_Object | Candidate | BadRow":
    """Keep of a depot no more than its name: there are hundreds of thousands."""
    values = dict(pairs)
    if "appNames" not in values:
        return _Object(pairs)
    own = _app(values.get("ownerId"))
    apps, names = _list(values.get("appIds")), _list(values["appNames"])
    try:
        if own != NO_APP:
            for app, name in zip(apps, names, strict=False):
                if _app(app) == own and isinstance(name, str) and name.strip():
                    return Candidate(False, own, _name(name))
        first = next((n for n in names if isinstance(n, str) and n.strip()), "")
        return Candidate(
            True, _app(apps[0]) if apps and names else NO_APP, _name(first)
        )
    except BadRow as problem:
        return problem


def _list(value: object) -> list[Any]:
    return value if type(value) is list else []


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")  # which some write, and which any bytes are


def _depot(text: str) -> str:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise BadRow(f"{text[:20]!r} is no depot's number")
    return str(int(text))


def _app(value: object) -> int:
    """Return an app's number; what is none comes after all others."""
    if type(value) is int and 0 <= value < NO_APP:
        return value
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else NO_APP


def _name(text: str) -> str:
    """Return a name on one line, without what no page can show."""
    name = " ".join(text.split())
    if not name.isprintable():
        name = "".join(letter for letter in name if letter.isprintable()).strip()
    if not name:
        raise BadRow("it has no name")
    if len(name) > LONGEST_NAME:
        raise BadRow(f"its name is longer than {LONGEST_NAME} characters")
    return name
