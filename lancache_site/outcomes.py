"""How each schedule last went: kept beside the broker, at no write to disk."""

import contextlib
import hashlib
import time
from collections.abc import Iterable
from typing import Any, TypedDict

from django.core.cache import cache
from redis.exceptions import RedisError

KEPT = 8 * 24 * 3600  # seconds: a weekly schedule always has a last run


class Outcome(TypedDict):
    """How a run ended. ``error`` is empty where it went well."""

    at: float  # epoch seconds
    seconds: float
    error: str


class Record(TypedDict):
    last: Outcome | None
    failed: Outcome | None  # the last that did, however many went well since


_began: dict[str, float] = {}


def note_start(task_id: str, **_: Any) -> None:
    _began[task_id] = time.monotonic()


def note_end(task_id: str, task: Any, retval: Any, state: str, **_: Any) -> None:
    """Keep how a scheduled run ended.

    A tick that expired before a worker took it never began: it is no failure.
    """
    seconds = time.monotonic() - _began.pop(task_id, time.monotonic())
    name = getattr(task.request, "periodic_task_name", None)
    if not name:
        return
    error = ""
    if state == "FAILURE":
        error = f"{type(retval).__name__}: {retval}"[:500]
    outcome = Outcome(at=time.time(), seconds=seconds, error=error)
    keys = [_key("last", name), *([_key("failed", name)] if error else [])]
    with contextlib.suppress(RedisError, OSError):  # away: there is no one to tell
        cache.set_many(dict.fromkeys(keys, outcome), KEPT)


def records(names: Iterable[str]) -> dict[str, Record]:
    """Return how the schedules of these names went, as far as is known."""
    names = list(names)
    keys = [_key(kind, name) for name in names for kind in ("last", "failed")]
    kept: dict[str, Outcome] = {}
    with contextlib.suppress(RedisError, OSError):
        kept = cache.get_many(keys)
    return {
        name: Record(
            last=kept.get(_key("last", name)), failed=kept.get(_key("failed", name))
        )
        for name in names
    }


def _key(kind: str, name: str) -> str:
    # An operator's name may hold what no key may.
    return f"schedule:{kind}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"
