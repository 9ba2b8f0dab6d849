"""What a directory holds for whoever is about to read it, and what is wrong with it.

Only names, sizes, and the first and last lines of files are looked at.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ingest import aside
from ingest.discovery import DirectoryProblem, Discovery, Found, discover
from ingest.series import Series, set_aside

MOST_FILES = 200  # are looked into; a cache that rotates daily has that many in months
# Where LANCaches log: in the container, and on the host by the volumes that compose
# files, installers and guides mount. Those that begin with ~ are below our own home.
PLACES = (
    "/data/logs",
    "/var/log",
    "/var/log/nginx",
    "/var/log/nginx/lancache",
    "/var/lancache/logs",
    "/srv/lancache/logs",
    "/srv/lancache/logs/http",
    "/srv/lancache/data/logs",
    "/opt/lancache/logs",
    "/opt/lancache/lancache/logs",
    "/mnt/lancache/logs",
    "/cache/logs",
    "/lancache/logs",
    "~/lancache/logs",
    "~/lancache/lancache/logs",
)


@dataclass(frozen=True)
class Look:
    """A log file by its edges; stamps are epoch seconds, None where there are none."""

    name: str
    kind: str
    format: str
    size: int
    compression: str
    first: int | None
    last: int | None
    instead: str = ""  # the series that is read in its place

    @property
    def first_time(self) -> datetime | None:
        return None if self.first is None else datetime.fromtimestamp(self.first, UTC)

    @property
    def last_time(self) -> datetime | None:
        return None if self.last is None else datetime.fromtimestamp(self.last, UTC)


@dataclass
class Check:
    """``problem``: why nothing can be read. ``more``: files not looked into."""

    problem: str = ""
    looks: list[Look] = field(default_factory=list)
    more: int = 0
    warnings: list[str] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)


def check(directory: Path, preferred: str = "") -> Check:
    """Look through ``directory``; never raises for what is wrong with it."""
    try:
        found = discover(directory)
    except DirectoryProblem as problem:
        return Check(problem=str(problem))
    except (OSError, ValueError) as error:  # a name that no file can have
        return Check(problem=f"{directory}: {error}")
    newest = sorted(found.files, key=lambda f: f.mtime_ns, reverse=True)
    looked = sorted(newest[:MOST_FILES], key=lambda f: f.path)
    result = Check(more=len(newest) - len(looked))
    result.looks = _looks(looked, preferred)
    result.warnings = _warnings(found, result.looks)
    result.ignored = [(path.name, reason) for path, reason in found.ignored]
    if not found.files:
        result.problem = _nothing(directory, found)
    return result


def offered(used: Sequence[str]) -> list[Path]:
    """Return usual places that hold logs of a cache, but for the ``used`` ones."""
    taken = {os.path.realpath(place) for place in used}
    found: dict[str, Path] = {}
    for place in PLACES:
        path = Path(os.path.expanduser(place))  # noqa: PTH111 raises nothing
        real = os.path.realpath(path)
        if real not in taken and real not in found and _holds_logs(path):
            found[real] = path
    return list(found.values())


def _holds_logs(directory: Path) -> bool:
    """Whether a line of a cache is in it: a web server's logs have the same names."""
    return any(look.format for look in check(directory).looks)


def _looks(files: Sequence[Found], preferred: str) -> list[Look]:
    outlines = [(file, _outline(file)) for file in files]
    series: dict[str, list[aside.Outline]] = {}
    for file, outline in outlines:
        if file.kind == "access":
            series.setdefault(file.series, []).append(outline)
    instead = set_aside(
        [one for name, some in series.items() if (one := _series(name, some))],
        preferred,
    )
    return [
        Look(
            file.path.name,
            file.kind,
            format_id,
            file.size,
            file.compression,
            first,
            last,
            instead.get(file.series, "") if file.kind == "access" else "",
        )
        for file, (first, last, format_id) in outlines
    ]


def _outline(file: Found) -> aside.Outline:
    try:
        return aside.outline(file)
    except (FileNotFoundError, ValueError):
        return None, None, ""  # rotated away since it was found


def _series(name: str, outlines: Sequence[aside.Outline]) -> Series | None:
    firsts = [first for first, _last, _id in outlines if first is not None]
    lasts = [last for _first, last, _id in outlines if last is not None]
    formats = [format_id for *_stamps, format_id in outlines if format_id]
    if not firsts or not lasts or not formats:
        return None
    return Series(name, formats[-1], min(firsts), max(lasts), being_read=False)


def _warnings(found: Discovery, looks: Sequence[Look]) -> list[str]:
    warnings = list(found.refused)
    if empty := [look.name for look in looks if not look.size]:
        warnings.append(f"Nothing is in {_listed(empty)} yet.")
    strange = [look.name for look in looks if look.size and not look.format]
    if strange:
        warnings.append(
            f"The first line of {_listed(strange)} is in no format that is known."
        )
    pairs = {(look.name, look.instead) for look in looks if look.instead}
    if pairs:
        names = _listed(sorted(name for name, _ in pairs))
        others = _listed(sorted({instead for _, instead in pairs}))
        warnings.append(
            f"{names} tells the same traffic as {others} in another format. Only"
            f" {others} is read; choose the other on its file's page."
        )
    if looks and not any(look.kind == "access" for look in looks):
        warnings.append("There is no access log: no downloads will be seen.")
    if looks and not any(look.kind == "stream" for look in looks):
        warnings.append("There is no stream log: no TLS sessions will be seen.")
    return warnings


def _nothing(directory: Path, found: Discovery) -> str:
    if found.refused:
        return "\n".join(found.refused)
    return f"{directory} holds no access or stream log."


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
