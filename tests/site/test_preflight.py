"""What keeps `manage.py up` from starting is said in one line."""

import socket
from pathlib import Path

import pytest

from tests.site.stack import free_port, manage


def refusal(data_dir: Path, **settings: str) -> str:
    """Return the one line with which `up` refuses to start."""
    code, _, errors = manage(data_dir, "up", **{"PORT": "8999", **settings})
    assert code not in (0, None), errors
    (line,) = errors.splitlines()
    return line


def test_port_in_use(tmp_path: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = refusal(tmp_path, PORT=str(port))
    assert f"can't listen on 127.0.0.1 port {port}: Address already in use" in line


def test_address_of_another_host(tmp_path: Path):
    assert "can't listen on 192.0.2.77" in refusal(tmp_path, HOST="192.0.2.77")


@pytest.mark.parametrize("secret", [{}, {"SECRET_KEY": "x" * 50}])
def test_data_dir_that_cannot_be_written(tmp_path: Path, secret: dict[str, str]):
    (tmp_path / "file").touch()
    line = refusal(tmp_path / "file" / "data", **secret)
    assert "can't be written: Not a directory" in line


def test_redis_unreachable(tmp_path: Path):
    url = f"redis://:hunter2@127.0.0.1:{free_port()}/0"
    line = refusal(tmp_path, REDIS_URL=url)
    assert "REDIS_URL can't be reached" in line
    assert "hunter2" not in line


def test_database_unreachable(tmp_path: Path):
    url = f"postgres://lancache:hunter2@127.0.0.1:{free_port()}/lancache"
    line = refusal(tmp_path, DATABASE_URL=url)
    assert "the database can't be reached" in line
    assert "hunter2" not in line


def test_database_that_is_none(tmp_path: Path):
    (tmp_path / "lancache.sqlite3").write_bytes(b"no database" * 1000)
    assert "the database can't be" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "http", "PORT must be a whole number from 0 to 65535, not 'http'"),
        ("PORT", "65536", "PORT must be a whole number"),
        ("BUCKET_RETENTION_DAYS", "-1", "BUCKET_RETENTION_DAYS must be a whole number"),
        ("TZ", "Mars/Olympus", "TZ is no time zone that is known: 'Mars/Olympus'"),
        ("REDIS_URL", "localhost:6379", "REDIS_URL must start with"),
        ("DATABASE_URL", "mysql://x/y", "DATABASE_URL must look like postgres://"),
        ("DATABASE_URL", "postgres://x:hunter2@y:z/", "DATABASE_URL can't be"),
    ],
)
def test_setting_that_makes_no_sense(tmp_path: Path, name: str, value: str, says: str):
    line = refusal(tmp_path, **{name: value})
    assert says in line
    assert "hunter2" not in line
