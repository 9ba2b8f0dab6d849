"""Pages that belong to no single app."""

import time

from django.core.cache import cache
from django.core.exceptions import DisallowedHost
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_celery_beat.models import PeriodicTask
from redis.exceptions import RedisError

from lancache_site.celery import READING_ALIVE, READING_TASK, WORKER_ALIVE

# A worker tells every 2 s that it lives; reading is asked for every second, but one
# busy pass, or a database that is locked, is no fault yet.
WORKER_SILENCE, READING_SILENCE = 15, 60


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Tell what is up. Open to everyone: it says no more than that."""
    state = {"database": database(), **signs_of_life()}
    if state["reading"] == "down" and state["database"] == "up" and paused():
        state["reading"] = "paused"
    healthy = "down" not in state.values()
    state = {"status": "up" if healthy else "down", **state}
    response = JsonResponse(state, status=200 if healthy else 503)
    # Who asks every few seconds would fill the log with "Service Unavailable".
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def signs_of_life() -> dict[str, str]:
    """Return of broker, worker and reading whether they are up or down."""
    try:
        seen = cache.get_many([WORKER_ALIVE, READING_ALIVE])
    except (RedisError, OSError):
        return {"broker": "down", "worker": "down", "reading": "down"}
    return {
        "broker": "up",
        "worker": freshness(seen.get(WORKER_ALIVE), WORKER_SILENCE),
        "reading": freshness(seen.get(READING_ALIVE), READING_SILENCE),
    }


def database() -> str:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "down"
    return "up"


def freshness(seen: float | None, silence: float) -> str:
    return "up" if seen is not None and time.time() - seen < silence else "down"


def paused() -> bool:
    """Return whether the operator has switched reading off."""
    schedule = PeriodicTask.objects.filter(task=READING_TASK)
    return schedule.exists() and not schedule.filter(enabled=True).exists()


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say how to be let in to who calls this host by a name that it does not know."""
    text = "Bad request.\n"
    if isinstance(exception, DisallowedHost):
        text = (
            "This server does not know itself by the name in your address bar.\n"
            "Use its IP address, or start it with ALLOWED_HOSTS listing its names.\n"
        )
    return HttpResponseBadRequest(text, content_type="text/plain; charset=utf-8")
