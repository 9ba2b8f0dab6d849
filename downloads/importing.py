"""Importing a list of names, from file or address to downloads grouped anew: a job.

Its stages are reading, naming and grouping. Reading stores in small transactions and
changes nothing that it finds as it should be, so that any stage may be done again.
"""

import gc
import hashlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils import timezone

from downloads import grouping, jobs, naming, title_lists
from downloads.models import Burst, Job, ListAddress
from downloads.title_lists import MOST_BYTES, NotAList, TitleList

KEPT = ("kept_at", "etag", "last_modified")  # of the list that is kept
Asker = AbstractBaseUser | AnonymousUser | None
LEFT_BEHIND = 86_400  # seconds after which a file that nobody came for is deleted


def ask_for_upload(
    chunks: Iterable[bytes],
    name: str,
    by: Asker = None,
) -> Job:
    """Keep a list until it is imported, and queue that; NotAList if it is too large."""
    digest, size = hashlib.sha256(), 0
    _sweep()
    with (
        tempfile.NamedTemporaryFile(dir=_place("uploads"), delete=False) as file,
        ExitStack() as undo,
    ):
        kept = Path(file.name)
        undo.callback(kept.unlink)
        for chunk in chunks:
            size += len(chunk)
            if size > MOST_BYTES:
                limit = f"{MOST_BYTES // 1_000_000} MB"
                raise NotAList(f"It is larger than {limit}.")
            digest.update(chunk)
            file.write(chunk)
        undo.pop_all()
    # By its content: whoever sends it twice at once has it imported once.
    kept.replace(kept.with_name(digest.hexdigest()))
    return jobs.ask(Job.Kind.IMPORT_TITLES, name, by, upload=digest.hexdigest())


def ask_for_address(address: ListAddress, by: Asker = None) -> Job:
    return jobs.ask(Job.Kind.IMPORT_TITLES, address.url, by, address=address.pk)


def import_titles(job: Job, deadline: float) -> bool:
    """Do a step; the first one, which reads, lasts some seconds."""
    stage = job.position.get("stage", "reading")
    with _uncollected():
        if stage == "reading":
            done = _read(job)
        elif stage == "naming":
            done = _name(job, deadline)
        else:
            done = _group(job, deadline)
    job.outcome = _told(job.position)
    if done and "upload" in job.arguments:
        (_place("uploads") / job.arguments["upload"]).unlink(missing_ok=True)
    return done


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no cycles: rows by the hundred thousand are in none, and looking at
    them again and again takes a sixth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _read(job: Job) -> bool:
    found: TitleList | None
    if "upload" in job.arguments:
        found, note = _uploaded(job.arguments["upload"]), ""
    else:
        found, note = _published(job.arguments["address"])
    if found is None:
        job.position = {"note": note}
        return True
    job.position = {
        "stage": "naming",
        "note": note,
        "names": len(found.names),
        "new": naming.store(title_lists.SERVICE, found.names),
        "bad": found.bad,
        "examples": found.examples,
    }
    return False


def _uploaded(name: str) -> TitleList:
    path = _place("uploads") / name
    try:
        return title_lists.parse(path.read_bytes())
    except FileNotFoundError:
        raise jobs.Failed("The uploaded file is gone: upload it again.") from None
    except NotAList as problem:
        path.unlink()
        raise jobs.Failed(str(problem)) from problem


def _published(key: int) -> tuple[TitleList | None, str]:
    """Return the list at an address, None if it is as before, and what to say of it."""
    # Beat and every page load this module; most never ask anything of another host.
    from downloads import fetching

    address = ListAddress.objects.filter(pk=key, enabled=True).first()
    if address is None:
        raise jobs.Failed("This address is not asked: it is turned off.")
    kept = _place("lists") / str(address.pk)
    has_kept = address.kept_at is not None and kept.exists()
    address.checked_at = timezone.now()
    try:
        fetched = fetching.fetch(address, conditional=has_kept)
        if fetched is None:
            address.problem = ""
            return None, "It has not changed since it was fetched last."
        found = title_lists.parse(fetched.data)
        if found.bad > len(found.names):
            raise NotAList("Most of its rows name no depot.")
        _write(kept, fetched.data)
        address.etag, address.last_modified = fetched.etag, fetched.last_modified
        address.kept_at, address.problem = address.checked_at, ""
        return found, ""
    except (fetching.Unfetched, NotAList) as problem:
        address.problem = str(problem)
        if not has_kept:
            raise jobs.Failed(address.problem) from problem
        note = f"{problem} The last good one, of {address.kept_at:%Y-%m-%d}, is used."
        return title_lists.parse(kept.read_bytes()), note
    finally:
        address.save(update_fields=["checked_at", "problem", *KEPT])


def _name(job: Job, deadline: float) -> bool:
    told = job.position
    renamed, after = naming.name_titles(told.get("after", 0), deadline)
    told["renamed"] = told.get("renamed", 0) + renamed
    if after is not None:
        told["after"] = after
        return False
    queued = Burst.objects.filter(grouped=False)
    told["stage"] = "grouping"
    told["newest"] = queued.order_by("pk").values_list("pk", flat=True).last() or 0
    job.total = queued.count()
    return not job.total


def _group(job: Job, deadline: float) -> bool:
    """Group what is queued, but for what is read meanwhile: that has no end."""
    told = job.position
    told["regrouped"] = told.get("regrouped", 0) + grouping.group(deadline)
    left = Burst.objects.filter(grouped=False, pk__lte=told["newest"]).count()
    job.done = max(job.done, (job.total or 0) - left)
    return not left


def _told(told: dict[str, Any]) -> str:
    """Return in words what an import has done so far."""
    lines = [told["note"]] if told.get("note") else []
    if "names" in told:
        lines.append(
            f"Depots named: {told['names']:,}, of them new or changed: {told['new']:,}."
        )
    if "renamed" in told:
        lines.append(
            f"Titles renamed: {told['renamed']:,}."
            f" Downloads made or changed: {told.get('regrouped', 0):,}."
        )
    if told.get("bad"):
        lines.append(f"Rows left out: {told['bad']:,}")
        lines += told["examples"]
        if (more := told["bad"] - len(told["examples"])) > 0:
            lines.append(f"and {more:,} more")
    return "\n".join(lines)


def _place(name: str) -> Path:
    place = settings.DATA_DIR / name
    place.mkdir(exist_ok=True)
    return Path(place)


def _write(path: Path, data: bytes) -> None:
    """Write a file that is whole or as it was, whatever happens."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    Path(file.name).replace(path)


def _sweep() -> None:
    """Delete uploads whose jobs were stopped, and lists of deleted addresses."""
    for path in _place("uploads").iterdir():
        if time.time() - path.stat().st_mtime > LEFT_BEHIND:
            path.unlink(missing_ok=True)
    known = {str(pk) for pk in ListAddress.objects.values_list("pk", flat=True)}
    for path in _place("lists").iterdir():
        if path.name.isdigit() and path.name not in known:
            path.unlink(missing_ok=True)


jobs.STEPS[Job.Kind.IMPORT_TITLES] = import_titles
