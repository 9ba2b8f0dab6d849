"""``manage.py import_titles``. All lists are made up."""

import json

import pytest
from django.core.management import CommandError, call_command

from downloads.models import (
    Download,
)
from tests.downloads.test_importing import (
    data_dir,
    evening,
)

__all__ = ["data_dir", "evening"]
pytestmark = pytest.mark.django_db


def test_the_command_imports_a_file(evening, tmp_path, capsys):
    path = tmp_path / "pics.json"
    depot = {"ownerId": 730, "appIds": [730], "appNames": ["CS"]}
    path.write_text(json.dumps({"depotMappings": {"731": depot, "732": depot}}))
    call_command("import_titles", path)
    assert "Titles renamed: 2." in capsys.readouterr().out
    assert Download.objects.count() == 2


@pytest.mark.parametrize(
    "data, told",
    [(b"", "It is empty."), (b"{}", "no depotMappings"), (None, "No such")],
)
def test_the_command_tells_nonsense_in_one_line(tmp_path, data, told):
    if data is not None:
        (tmp_path / "list").write_bytes(data)
    with pytest.raises(CommandError, match=told) as raised:
        call_command("import_titles", tmp_path / "list")
    assert "\n" not in str(raised.value)


def test_the_command_refuses_a_directory(tmp_path):
    with pytest.raises(CommandError, match="Is a directory"):
        call_command("import_titles", tmp_path)
