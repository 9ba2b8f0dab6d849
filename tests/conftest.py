"""Settings for tests: nothing of theirs is written into the tree."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import django
import hypothesis

# Before Django reads its settings, which happens once this file is loaded; short,
# because a unix socket lies in it.
DATA_DIR = Path(tempfile.mkdtemp(prefix="lancache-tests-", dir="/tmp"))
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
for name in ("LANCACHE_LOG_DIR", "LANCACHE_INTERFACE", "DATABASE_URL", "REDIS_URL"):
    os.environ.pop(name, None)
os.environ["DATA_DIR"] = str(DATA_DIR)
os.environ["DJANGO_SETTINGS_MODULE"] = "lancache_site.settings"

# pytest-django takes settings that are loaded, but loads none of itself so late.
django.setup()

from django.conf import settings  # noqa: E402

# Made to be slow, the real ones are half of the time of the tests that sign in.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

from tests.programs import broker  # noqa: E402

# A slow moment of the machine is no fault of what is tested.
hypothesis.settings.register_profile(
    "patient", parent=hypothesis.settings(), deadline=None
)
hypothesis.settings.load_profile("patient")

__all__ = ["broker"]
