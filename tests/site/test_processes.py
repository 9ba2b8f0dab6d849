"""What each process loads: pages are the web's alone, and cost 30 MB each time."""

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


@pytest.mark.parametrize("code", [WORKER, SAMPLER], ids=["worker", "sampler"])
def test_no_page_is_loaded(code: str):
    code += "import sys; print('lancache_site.urls' in sys.modules)"
    settings = {"DJANGO_SETTINGS_MODULE": "lancache_site.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=MANAGE.parent,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split()[-1:] == ["False"], done.stderr
