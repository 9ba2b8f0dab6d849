"""The README is held to the code: settings and commands, both ways."""

import re
from pathlib import Path

from django.core.management import get_commands

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "lancache_site" / "settings.py").read_text()
OUR_APPS = {"lancache_site", "ingest", "downloads", "bandwidth"}


def documented(heading: str, pattern: str) -> set[str]:
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(rf"^\| `{pattern}", section, re.MULTILINE))


def test_every_setting_is_documented_and_every_documented_one_exists():
    read = set(re.findall(r'(?:env\.\w+|integer|number)\(\s*"([A-Z_]+)"', SETTINGS))
    assert read == documented("Settings", r"([A-Z_]+)`")


def test_every_command_is_documented_and_every_documented_one_exists():
    ours = {name for name, app in get_commands().items() if app in OUR_APPS}
    assert ours == documented("Commands", r"manage\.py (\w+)")


def test_every_make_verb_is_documented_and_every_documented_one_exists():
    makefile = (ROOT / "Makefile").read_text()
    verbs = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE)) - {"help"}
    assert verbs == documented("Commands", r"make (\w+)`")
