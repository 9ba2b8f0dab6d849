"""Real programs that tests run, and what to do where one is missing."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

from lancache_site.supervisor import answers

# Where Debian puts what only root is expected to run, and PostgreSQL's own programs.
PLACES = "/usr/sbin:/usr/local/sbin:/usr/lib/postgresql/17/bin:"
PLACES += "/usr/lib/postgresql/16/bin:/usr/lib/postgresql/15/bin"


def need(program: str) -> str:
    """Return where ``program`` is; else skip the test, or fail it if it must run."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:{PLACES}")
    if path:
        return path
    reason = f"{program} is not installed"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"{reason}, and REQUIRE_SERVICES=1")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """Run the embedded Valkey that the settings of tests point to; give its URL."""
    from django.conf import settings

    from lancache_site.processes import broker as embedded

    child = embedded()
    process = subprocess.Popen(child.command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while not answers(child.socket):
            assert process.poll() is None, "the broker ended at once"
            assert time.monotonic() < deadline, "the broker does not answer"
            time.sleep(0.01)
        yield settings.REDIS_URL
    finally:
        process.terminate()
        process.wait(10)
