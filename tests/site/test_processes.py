"""What each process loads: pages are the web's alone, and cost 30 MB each time; what
reads logs or asks servers is loaded by who does."""

import os
import subprocess
import sys

import pytest

from tests.site.stack import MANAGE

WORKER = """
from lancache_site.celery import app
app.loader.import_default_modules()
"""
SAMPLER = """
import signal, threading
threading.Timer(2, signal.raise_signal, [signal.SIGTERM]).start()
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "sample_bandwidth"])
"""


WEB = """
from lancache_site import asgi, urls
"""


@pytest.mark.parametrize(
    ("code", "spared"),
    [
        (WORKER, ["lancache_site.urls", "httpx"]),
        (SAMPLER, ["lancache_site.urls", "polars", "httpx"]),
        (WEB, ["polars", "httpx"]),
    ],
    ids=["worker", "sampler", "web"],
)
def test_what_is_not_needed_is_not_loaded(code: str, spared: list[str]):
    code += f"import sys; print(not {{*{spared}}} & sys.modules.keys())"
    settings = {"DJANGO_SETTINGS_MODULE": "lancache_site.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=MANAGE.parent,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split()[-1:] == ["True"], done.stderr
