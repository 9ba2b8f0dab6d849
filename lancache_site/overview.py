"""The first page: the state of things, each part for who may see what it tells of."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from downloads import overview as traffic
from downloads import quantities
from downloads.admin import cells
from downloads.models import Datasource, Download
from downloads.overview import Hour
from ingest.overview import Cache, caches
from lancache_site import notices
from lancache_site.charts import traffic_by_hour

SHOWN = 8  # of the downloads that run
Table = dict[str, Any]  # headers and rows, as unfold's table takes them


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the index what its template shows; unfold calls this."""
    now = timezone.now()
    may = request.user.has_perm
    sees_caches = may("downloads.view_datasource")
    found = caches(now) if sees_caches else []
    context["title"] = "Overview"
    context["caches"] = found
    context["no_cache"] = sees_caches and not found
    context["may_add_cache"] = may("downloads.add_datasource")
    if sees_caches:
        context["reading"] = reading(found, now)
    context["notices"] = notices.all_for(request, found, now)
    if may("downloads.view_download"):
        context |= downloads_today(now, [cache.datasource for cache in found])
    return context


def downloads_today(now: datetime, sources: Sequence[Datasource]) -> dict[str, Any]:
    today = timezone.localtime(now).date()
    start, end = midnight(today), midnight(today + timedelta(days=1))
    hours = traffic.hours(start, end)
    running = traffic.running(sources or Datasource.objects.all(), now)
    return {
        "tiles": [*served(hours), flowing(running)],
        "chart": traffic_by_hour(hours),
        "zone": timezone.get_current_timezone_name(),
        "running": rated([d for d in running if not d.client.hidden][:SHOWN]),
        "fastest": rated(traffic.fastest(now)),
        "slowest": rated(traffic.slowest(now)),
    }


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_current_timezone())


def served(hours: Sequence[Hour]) -> list[dict[str, object]]:
    total = sum(hour.total_bytes for hour in hours)
    hit = sum(hour.hit_bytes for hour in hours)
    miss = sum(hour.miss_bytes for hour in hours)
    saved = f"{quantities.size(hit)} that the internet did not have to bring"
    return [
        {"title": "Served today", "value": cells.size(total), "note": "since midnight"},
        {
            "title": "From cache",
            "value": quantities.share(hit, hit + miss) if hit + miss else "–",
            "note": saved if hit else "nothing yet",
        },
    ]


def flowing(running: Sequence[Download]) -> dict[str, object]:
    clients = len({download.client_id for download in running})
    more = len(running) == traffic.RUNNING_MOST
    return {
        "title": "Running now",
        "value": f"{len(running)}{' or more' if more else ''}",
        "note": f"to {clients} client{'' if clients == 1 else 's'}",
    }


def rated(downloads: Iterable[Download]) -> list[dict[str, object]]:
    """Return of each download what it is, to whom, and how fast."""
    return [
        {
            "id": download.pk,
            "url": download.get_absolute_url(),
            "title": cells.beginning(str(download.title), 60),
            "client": cells.beginning(str(download.client), 40),
            "began": cells.moment(download.started_at),
            "size": cells.size(download.total_bytes),
            "rate": cells.rate(download.bytes_per_second, download.get_basis_display()),
        }
        for download in downloads
    ]


def reading(found: Sequence[Cache], now: datetime) -> Table:
    """Return a table of the caches: how far each is read."""
    return {
        "headers": ["Cache", "State", "Newest line", "Behind", "Files"],
        "rows": [
            [
                cells.link(
                    reverse(
                        "admin:downloads_datasource_change", args=[c.datasource.pk]
                    ),
                    c.datasource.name,
                ),
                state(c),
                cells.second(c.datasource.newest_stamp, "no line was read yet"),
                behind(c, now),
                f"{c.files:,}",
            ]
            for c in found
        ],
    }


def state(cache: Cache) -> SafeString:
    if not cache.datasource.enabled:
        return cells.label("paused", "info")
    if cache.datasource.forgetting:
        return cells.label("at rest", "info")
    if cache.datasource.last_error:
        return cells.label("failing", "danger")
    if not cache.standing.is_read:
        return cells.label("reading", "info")
    if not cache.datasource.newest_stamp:
        return cells.label("nothing read yet", "warning")
    return cells.label("up to date", "success")


def behind(cache: Cache, now: datetime) -> SafeString | str:
    """Return what is not read yet, in words: `45.0 MB, 3m 2s; 1.20 GB of history`."""
    standing = cache.standing
    if not cache.files:
        return cells.unknown("no log of it was found yet")
    parts = []
    if standing.behind:
        seconds = cache.seconds_behind(now)
        late = "" if seconds is None else f", {quantities.duration(seconds)}"
        parts.append(f"{quantities.size(standing.behind)}{late}")
    if standing.history:
        parts.append(f"{quantities.size(standing.history)} of history")
    if files := standing.packed:
        parts.append(f"{files} compressed file{'' if files == 1 else 's'}")
    return "; ".join(parts) or "nothing"
