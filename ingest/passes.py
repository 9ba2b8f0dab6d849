"""One pass over a datasource: what its files have that was not read, fresh lines first.

A pass ends when nothing is left or its time is up; the next goes on. Its outcome is
kept where the operator looks: an IngestRun if it read something or failed.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.utils import timezone
from redis.exceptions import RedisError

from downloads import grouping
from downloads.models import Datasource, Logs
from ingest import files
from ingest.discovery import DirectoryProblem
from ingest.models import IngestRun
from ingest.pipeline import Overtaken, record_slice
from ingest.reader import DamagedFile, FileReplaced
from ingest.readings import Survey
from ingest.slices import slices
from ingest.understanding import Totals

log = logging.getLogger(__name__)
# A pass lasts two seconds; after a kill nobody reads until the lock has expired.
LOCK_SECONDS = 10
READING = 0.75  # of a pass's time; the rest is for grouping what was read
ATTEMPTS = 100  # at reading to the end what is rotated or read by others meanwhile
# Called after each slice with what it held and how many bytes are left, if known.
Progress = Callable[[Totals, int | None], None]


@dataclass
class Pass:
    """What a pass did."""

    totals: Totals = field(default_factory=Totals)
    files: set[int] = field(default_factory=set)
    downloads: int = 0
    errors: list[str] = field(default_factory=list)
    seconds: float = 0
    finished: bool = True


_busy: dict[int, threading.Lock] = defaultdict(threading.Lock)


@contextmanager
def alone(datasource: Datasource) -> Iterator[bool]:
    """Tell whether nobody else reads ``datasource``, here or on another machine.

    Politeness only: it saves work done twice. What makes a line count once is the
    cursor's conditional update, so that without a broker all is well, too.
    """
    if not _busy[datasource.pk].acquire(blocking=False):
        yield False
        return
    key = f"ingest-{datasource.pk}"
    try:
        try:
            mine = cache.add(key, 1, LOCK_SECONDS)
        except RedisError:
            yield True
            return
        try:
            yield mine
        finally:
            if mine:
                # It expires by itself if the broker has gone.
                with suppress(RedisError):
                    cache.delete(key)
    finally:
        _busy[datasource.pk].release()


def run(
    datasource: Datasource,
    budget: float | None = None,
    fresh_first: bool = True,
    progress: Progress | None = None,
    only: Path | None = None,
    logs: Logs | None = None,
) -> Pass:
    """Read ``datasource`` for at most ``budget`` seconds, or to its end.

    ``fresh_first``: begin a first read near the end of the newest file, so that what
    happens now is seen at once. ``only``: this file and no other. ``logs``: these,
    else those that the operator has read. Never raises for what is wrong with one file.
    """
    began, started_at = time.monotonic(), timezone.now()
    deadline = None if budget is None else began + READING * budget
    done = Pass()
    kinds = Logs(logs or datasource.reads).kinds
    look = partial(files.survey, datasource, fresh_first, only, kinds)
    try:
        idle = not _survey_and_read(datasource, look, deadline, done, progress)
        # What a kill left behind is taken up, too.
        done.downloads = grouping.group(None if budget is None else began + budget)
        if idle:
            return done
    except DirectoryProblem as problem:
        done.errors.append(str(problem))
    except DatabaseError as error:
        # Kept in the log only: where the operator looks can't be written now.
        log.warning("Reading %s failed: %s", datasource, error)
        files.forget(datasource)
        raise
    done.seconds = time.monotonic() - began
    _keep(datasource, done, started_at)
    return done


def _survey_and_read(
    datasource: Datasource,
    look: Callable[[], Survey],
    deadline: float | None,
    done: Pass,
    progress: Progress | None,
) -> bool:
    """Look and read, again if files were rotated meanwhile and there is time for it.

    Returns False where no file has changed.
    """
    survey = Survey(idle=True)
    for _attempt in range(ATTEMPTS):
        survey = look()
        if survey.idle:
            break
        done.errors = survey.problems
        try:
            done.finished = _read(datasource, survey, deadline, done, progress)
        finally:
            files.release(survey)
        if not done.finished:
            files.look_again(datasource)
        if done.finished or done.errors or deadline is not None:
            break
    return not survey.idle


def _read(
    datasource: Datasource,
    survey: Survey,
    deadline: float | None,
    done: Pass,
    progress: Progress | None,
) -> bool:
    """Read all ranges that have something new; return whether all were read."""
    since = None
    if datasource.history_days is not None:
        since = int(
            time.time() - timedelta(days=datasource.history_days).total_seconds()
        )
    finished = True
    for reading, live in survey.order():
        if done.totals.bytes and _is_over(deadline):
            return False  # something is read in each pass, however long a look takes
        try:
            is_over = partial(_is_over, deadline)
            with closing(slices(datasource, reading, live, since, is_over)) as unread:
                for slice_ in unread:
                    totals = record_slice(datasource, reading.row, slice_)
                    done.totals.add(totals)
                    done.files.add(reading.row.pk)
                    if progress:
                        progress(totals, survey.left())
            if _is_over(deadline):
                return False
            if live and reading.reader.finished:
                files.finish(reading)
        except DamagedFile as error:
            files.finish(reading, str(error))
            done.errors.append(f"{reading.found.path}: {error}")
        except (Overtaken, FileReplaced, FileNotFoundError):
            # Read by another worker, or rotated since we looked: nothing is wrong.
            finished = False
        except OSError as error:
            done.errors.append(f"{reading.found.path}: {error.strerror or error}")
            finished = False
        except DatabaseError:
            raise
        except Exception as error:
            # A fault of ours, or of what we read with: these lines stay unread, which
            # is told, and the other files are read.
            log.exception("Reading %s failed", reading.found.path)
            done.errors.append(f"{reading.found.path}: {type(error).__name__}: {error}")
            finished = False
    return finished


def _is_over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline


def _keep(datasource: Datasource, done: Pass, started_at: datetime) -> None:
    error = "\n".join(done.errors)
    if error != datasource.last_error:
        datasource.last_error = error
        datasource.last_error_at = timezone.now() if error else None
        datasource.save(update_fields=["last_error", "last_error_at"])
        if error:
            log.warning("Reading %s: %s", datasource, error)
    elif not done.totals.bytes:
        return
    totals = done.totals
    IngestRun.objects.create(
        datasource=datasource,
        started_at=started_at,
        seconds=done.seconds,
        bytes=totals.bytes,
        lines=totals.lines,
        requests=totals.requests,
        sessions=totals.sessions,
        skipped=totals.skipped,
        rejected=totals.rejected,
        skipped_by_reason=dict(totals.reasons),
        error=error,
        failed=bool(error),
    )


def prune_runs() -> None:
    """Forget the passes that RUN_RETENTION_DAYS has passed."""
    before = timezone.now() - timedelta(days=settings.RUN_RETENTION_DAYS)
    IngestRun.objects.filter(started_at__lt=before).delete()
