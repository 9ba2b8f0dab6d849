"""Which files of a directory are logs of a cache, and why others are not."""

import os
import pwd
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from ingest.reader import LineReader
from ingest.stamps import kind_of
from ingest.unpacking import compression_of

_DATE = r"\d{4}-?\d\d-?\d\d(?:[-_.]?\d{2,10})?"
_ROTATION = rf"(?:[.-](?:\d{{1,6}}|{_DATE}))*(?:\.(?:gz|zst))?"
# logrotate's `extension .log` puts the date before it.
_DATED = rf"(?:[.-]{_DATE})?"
_ACCESS = re.compile(rf"^((?:(.+)-)?access[^.]*?){_DATED}\.log{_ROTATION}$")
_STREAM = re.compile(rf"^(stream-access|https-access|stream){_DATED}\.log{_ROTATION}$")
_LOG_LIKE = re.compile(r"access|stream|\.log", re.IGNORECASE)
# Every cache writes these beside its logs, and no line of them is a request.
_ERRORS = re.compile(r"(^|[.-])error[^.]*\.log", re.IGNORECASE)
# What some caches log of their own way to the internet: told by access.log already.
_UPSTREAM = re.compile(r"^upstream-access[^.]*\.log")
PEEK = 65536
# What a file began with when it looked like this; a directory is looked at once a
# second, and few of its files have changed.
_peeked: dict[tuple[object, ...], tuple[str, str]] = {}
MOST_PEEKED = 10_000


class DirectoryProblem(Exception):
    """The directory can't be read; says why, and what would help."""


@dataclass(frozen=True)
class Found:
    """A log file. ``series`` is the name its rotations share."""

    path: Path
    kind: str  # "access" or "stream"
    series: str
    service: str  # of `<service>-access.log`, else ""
    compression: str  # "", "gz" or "zst"
    size: int
    inode: int
    device: int
    mtime_ns: int


@dataclass(frozen=True)
class Discovery:
    """The logs of a directory by path, and (path, reason) of what is left alone."""

    files: list[Found] = field(default_factory=list)
    ignored: list[tuple[Path, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # why logs can't be opened


def discover(directory: Path) -> Discovery:
    """Look through ``directory``, not below it. Raises DirectoryProblem."""
    found = Discovery()
    for name in _names(directory):
        path = directory / name
        access, stream = _ACCESS.match(name), _STREAM.match(name)
        if not access and not stream:
            if _is_log_like(path):
                found.ignored.append((path, "its name is none of a known log's"))
            continue
        if _UPSTREAM.match(name):
            found.ignored.append((path, "access.log tells the same requests"))
            continue
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                found.ignored.append((path, "no regular file"))
                continue
            compression, kind = _looked_into(path, status)
        except FileNotFoundError:
            continue  # rotated away since its name was read; or a link to nowhere
        except OSError as error:
            found.ignored.append((path, _refusal(path, error)))
            found.refused.append(_refusal(path, error))
            continue
        match = stream or access
        assert match is not None
        named = "stream" if stream else "access"
        service = "" if stream else (match[2] or "")
        found.files.append(
            Found(
                path,
                kind or named,
                f"{match[1]}.log",
                service,
                compression,
                status.st_size,
                status.st_ino,
                status.st_dev,
                status.st_mtime_ns,
            )
        )
    return found


def series_of(name: str) -> str:
    """Return the name that the rotations of a log share."""
    found = _STREAM.match(name) or _ACCESS.match(name)
    return f"{found[1]}.log" if found else name


def _is_log_like(path: Path) -> bool:
    name = path.name
    return bool(_LOG_LIKE.search(name) and not _ERRORS.search(name) and path.is_file())


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))  # noqa: PTH208 names are all we need
    except FileNotFoundError as error:
        raise DirectoryProblem(f"{directory} does not exist.") from error
    except NotADirectoryError as error:
        raise DirectoryProblem(f"{directory} is no directory.") from error
    except OSError as error:
        raise DirectoryProblem(_refusal(directory, error)) from error


def _refusal(path: Path, error: OSError) -> str:
    """Say why a path can't be read: whose it is, its mode, and who we are."""
    why = error.strerror or str(error)
    try:
        status = path.stat()
    except OSError:
        return f"{path}: {why} (we are uid {os.geteuid()})"
    try:
        owner = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        owner = str(status.st_uid)
    return (
        f"{path}: {why}: it is {owner}'s with mode {stat.filemode(status.st_mode)},"
        f" we are uid {os.geteuid()}; let its group or everybody read it"
    )


def _looked_into(path: Path, status: os.stat_result) -> tuple[str, str]:
    """Return a file's compression, and its kind by the look of its first lines."""
    key = (path, status.st_ino, status.st_dev, status.st_size, status.st_ctime_ns)
    if key not in _peeked:
        if len(_peeked) >= MOST_PEEKED:
            _peeked.clear()
        _peeked[key] = _peek(path)
    return _peeked[key]


def _peek(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        compression = compression_of(file.read(4))
    with LineReader(path, compression) as reader:
        # No more than this, whatever lies there: not even for a whole line.
        lines = reader.exactly(0, PEEK).split(b"\n")[:-1]
    # A first line may be the rest of one, or a stranger's nonsense.
    return compression, next(filter(None, map(kind_of, lines)), "")


def signature(directory: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Return what changes when any log of ``directory`` does: names and stats only.

    The time of change, because permissions change no other. Raises DirectoryProblem.
    """
    seen = []
    for name in _names(directory):
        if _ACCESS.match(name) or _STREAM.match(name):
            try:
                status = os.stat(f"{directory}/{name}")  # noqa: PTH116 every second
            except OSError:
                seen.append((name, 0, 0, 0))
            else:
                seen.append((name, status.st_ino, status.st_size, status.st_ctime_ns))
    return tuple(seen)
