"""What an operator should look at, and long work that is under way."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django_celery_beat.models import PeriodicTask

from downloads.admin import cells
from downloads.models import Job
from ingest.overview import Cache
from lancache_site import outcomes, pages

JOBS_SHOWN = 10
LATELY = timedelta(days=1)
LENGTH = 160  # characters of a text


@dataclass(frozen=True)
class Notice:
    """``text`` may be a stranger's: it is escaped where it is shown."""

    kind: str  # info, warning or danger
    label: str
    text: str
    url: str = ""
    when: datetime | None = None

    @property
    def badge(self) -> SafeString:
        return cells.label(self.label, self.kind)

    @property
    def beginning(self) -> SafeString:
        return cells.beginning(self.text, LENGTH)

    @property
    def moment(self) -> SafeString | str:
        return cells.moment(self.when) if self.when else ""


def all_for(
    request: HttpRequest, caches: Sequence[Cache], now: datetime
) -> list[Notice]:
    """Return what the user may see, the worst first."""
    may = request.user.has_perm
    notices = [*of_life(), *of_caches(caches)]
    if may("downloads.view_job"):
        notices += of_jobs(now)
    if may("django_celery_beat.view_periodictask"):
        notices += of_schedules(now)
    order = ("danger", "warning", "info")
    return sorted(notices, key=lambda notice: order.index(notice.kind))


def of_life() -> Iterator[Notice]:
    signs = pages.signs_of_life()
    if signs["broker"] == "down":
        yield Notice("danger", "broker", "It does not answer: nothing is read.")
    elif signs["worker"] == "down":
        yield Notice("danger", "worker", "It gives no sign of life: nothing is read.")


def of_caches(caches: Iterable[Cache]) -> Iterator[Notice]:
    for cache in caches:
        source = cache.datasource
        page = reverse("admin:downloads_datasource_change", args=[source.pk])
        if source.last_error:
            text = f"{source.name}: {source.last_error}"
            yield Notice("danger", "not read", text, page, source.last_error_at)
        if cache.unread:
            text = f"{source.name}: {', '.join(cache.unread)}"
            yield Notice("warning", "files not read", text, page)
        if cache.rejected_lately:
            text = f"{source.name}: {cache.rejected_lately:,} in the last 24 hours"
            lines = reverse("admin:ingest_rejectedline_changelist")
            url = f"{lines}?datasource__id__exact={source.pk}"
            yield Notice("warning", "rejected lines", text, url)


def of_jobs(now: datetime) -> Iterator[Notice]:
    failed = Q(state=Job.State.FAILED, ended_at__gte=now - LATELY)
    jobs = Job.objects.filter(failed | Q(state__in=Job.OPEN)).order_by("-id")
    for job in jobs[:JOBS_SHOWN]:
        url = job.get_absolute_url()
        if job.is_open:
            done = "" if job.percent is None else f" ({job.percent} %)"
            yield Notice("info", "job", f"{job}{done}", url, job.asked_at)
        else:
            yield Notice(
                "danger", "failed job", f"{job}: {job.outcome}", url, job.ended_at
            )


def of_schedules(now: datetime) -> Iterator[Notice]:
    """Tell which failed lately, and which does nothing because it is switched off."""
    tasks = {task.name: task for task in PeriodicTask.objects.order_by("name")}
    for name, record in outcomes.records(tasks).items():
        failed = record["failed"]
        url = reverse(
            "admin:django_celery_beat_periodictask_change", args=[tasks[name].pk]
        )
        if not tasks[name].enabled:
            yield Notice("info", "schedule", f"{name} is switched off", url)
        elif failed and now.timestamp() - failed["at"] < LATELY.total_seconds():
            when = datetime.fromtimestamp(failed["at"], UTC)
            text = f"{name}: {failed['error']}"
            yield Notice("warning", "schedule", text, url, when)
