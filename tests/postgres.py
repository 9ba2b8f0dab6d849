"""A PostgreSQL of Debian's packages, on loopback, that tests may stop and start."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import need
from tests.site.stack import free_port

USER = "postgres" if os.geteuid() == 0 else ""  # it refuses to run as root


class Postgres:
    """A server with a database for each test that asks for one."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.port = free_port()
        self.control, initdb = need("pg_ctl"), need("initdb")
        if USER:
            shutil.chown(place, USER)
        self._run(
            initdb, "-D", f"{place}/data", "-U", "lancache", "-A", "trust",
            "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip

    def _run(self, *command: str) -> None:
        as_user = [need("runuser"), "-u", USER, "--"] if USER else []
        done = subprocess.run(
            [*as_user, *command],
            cwd=self.place,
            # A server that is started here would keep a pipe open for good.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
        log = self.place / "log"
        told = log.read_text() if log.exists() else ""
        assert done.returncode == 0, f"{command}\n{told}"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.place} -c listen_addresses=127.0.0.1"
        self._run(
            self.control, "-D", f"{self.place}/data", "-l", f"{self.place}/log",
            "-w", "-o", f"{options} -c fsync=off", "start",
        )  # fmt: skip

    def stop(self) -> None:
        """Stop at once, as a crash or a restart of its machine would."""
        self._run(
            self.control, "-D", f"{self.place}/data", "-m", "immediate", "-w", "stop"
        )

    def database(self, name: str) -> str:
        """Make an empty database and return its URL."""
        self._run(
            need("createdb"), "-h", str(self.place), "-p", str(self.port),
            "-U", "lancache", name,
        )  # fmt: skip
        return f"postgres://lancache:none@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Short, because its socket lies in it, and open to the user that it runs as.
    place = Path(tempfile.mkdtemp(prefix="lancache-pg-", dir="/tmp"))
    try:
        server = Postgres(place)
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)
