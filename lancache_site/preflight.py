"""What must hold before the processes start, each failure in one clear line."""

import fcntl
import os
import socket
from pathlib import Path

import redis
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connections

from downloads.models import Datasource


class NotReady(Exception):
    """What stands in the way, in one line for the operator."""


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def lock(data_dir: Path) -> int:
    """Hold DATA_DIR for this process, across exec; return the lock's descriptor."""
    path = data_dir / "up.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise NotReady(
            f"DATA_DIR {data_dir} can't be written: {error.strerror}"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode().strip()
        raise NotReady(
            f"another `manage.py up` (process {holder}) already runs on {data_dir}"
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    os.set_inheritable(descriptor, True)
    return descriptor


def check_port(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            # As the server does: a port that was in use a moment ago is free.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        raise NotReady(
            f"can't listen on {host} port {port}: {error.strerror}."
            " Set PORT or HOST to another one"
        ) from error


def check_redis() -> None:
    try:
        # Nothing of the URL is repeated: it may hold a password.
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=5
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise NotReady(
            f"the Redis of REDIS_URL can't be reached: {one_line(error)}"
        ) from error


def prepare_socket(path: Path) -> None:
    """Make the broker's directory, which nobody else may enter; drop an old socket."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        found = path.parent.stat()
        path.unlink(missing_ok=True)
    except OSError as error:
        raise NotReady(f"{path} can't be made: {error.strerror}") from error
    if found.st_uid != os.getuid() and path.parent != settings.DATA_DIR:
        raise NotReady(f"{path.parent} belongs to another user")


def prepare_database() -> None:
    try:
        connections["default"].ensure_connection()
    except DatabaseError as error:
        raise NotReady(f"the database can't be reached: {one_line(error)}") from error
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        raise NotReady(f"the database can't be prepared: {one_line(error)}") from error


def prepare_datasource() -> None:
    """Make LANCACHE_LOG_DIR the datasource ``default``."""
    if settings.LANCACHE_LOG_DIR:
        Datasource.objects.update_or_create(
            name="default",
            defaults={"log_directory": str(Path(settings.LANCACHE_LOG_DIR).absolute())},
        )
