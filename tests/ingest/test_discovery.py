"""Which files of a directory are read, and what is said of the others."""

import gzip
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.discovery import DirectoryProblem, Found, discover, signature
from ingest.reader import LineReader

ACCESS = (
    b'[steam] 10.0.0.7 / - - - [21/Sep/2026:14:13:20 +0000] "GET /a HTTP/1.1" 200 1\n'
)
STREAM = b'10.0.0.7 [21/Sep/2026:14:13:20 +0000] TCP 200 1 2 0.1 "host"\n'


def found(directory: Path) -> dict[str, Found]:
    return {one.path.name: one for one in discover(directory).files}


def ignored(directory: Path) -> dict[str, str]:
    return {path.name: reason for path, reason in discover(directory).ignored}


@pytest.mark.parametrize(
    ("name", "kind", "series", "service"),
    [
        ("access.log", "access", "access.log", ""),
        ("access.log.1", "access", "access.log", ""),
        ("access.log.12.gz", "access", "access.log", ""),
        ("access.log.2.zst", "access", "access.log", ""),
        ("access.log-20260101", "access", "access.log", ""),
        ("access.log-20260101-1700000000.gz", "access", "access.log", ""),
        ("access.log.2026-01-01", "access", "access.log", ""),
        ("access-20260101.log.gz", "access", "access.log", ""),
        ("access-json.log.3.gz", "access", "access-json.log", ""),
        ("steam-access.log.1", "access", "steam-access.log", "steam"),
        ("ms-update-access.log", "access", "ms-update-access.log", "ms-update"),
        ("stream-access.log.1", "stream", "stream-access.log", ""),
        ("stream-access-20260101.log", "stream", "stream-access.log", ""),
        ("https-access.log", "stream", "https-access.log", ""),
        ("stream.log.2.gz", "stream", "stream.log", ""),
    ],
)
def test_a_name_tells_kind_series_and_service(tmp_path, name, kind, series, service):
    (tmp_path / name).touch()
    one = found(tmp_path)[name]
    assert (one.kind, one.series, one.service) == (kind, series, service)


@pytest.mark.parametrize(
    "name", ["access.log~", "access.log.swp", "access.log.tmp", "access.log.1.bz2"]
)
def test_what_looks_like_a_log_and_is_none_is_named(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(ACCESS)
    assert found(tmp_path) == {}
    assert ignored(tmp_path)[name]


@pytest.mark.parametrize("name", ["error.log", "stream-error.log.1", "notes.txt"])
def test_what_is_no_log_of_traffic_is_not_mentioned(tmp_path: Path, name: str):
    (tmp_path / name).touch()
    assert found(tmp_path) == {} and ignored(tmp_path) == {}


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_content_tells_the_kind_where_the_name_says_another(tmp_path: Path, pack):
    (tmp_path / "access.log").write_bytes(pack(STREAM * 3))
    (tmp_path / "stream-access.log").write_bytes(pack(b"half a line\n" + ACCESS))
    one = found(tmp_path)
    assert (one["access.log"].kind, one["stream-access.log"].kind) == (
        "stream",
        "access",
    )


@pytest.mark.parametrize("data", [b"", b"nonsense\n", STREAM[:-1], b"\0" * 99_999])
def test_unknown_content_leaves_the_kind_to_the_name(tmp_path: Path, data: bytes):
    (tmp_path / "access.log").write_bytes(data)
    assert found(tmp_path)["access.log"].kind == "access"


def test_the_kind_is_told_again_when_there_is_something_to_see(tmp_path: Path):
    log = tmp_path / "access.log"
    log.touch()
    assert found(tmp_path)["access.log"].kind == "access"
    log.write_bytes(STREAM)
    assert found(tmp_path)["access.log"].kind == "stream"


@pytest.mark.parametrize(
    ("name", "data", "compression"),
    [
        ("access.log.1.gz", ACCESS, ""),
        ("access.log.1", gzip.compress(ACCESS), "gz"),
        ("access.log.1.gz", zstd.compress(ACCESS), "zst"),
        ("access.log.1.gz", gzip.compress(ACCESS)[:9], "gz"),
        ("access.log.1.gz", b"", ""),
    ],
)
def test_the_first_bytes_tell_the_compression(tmp_path, name, data, compression):
    (tmp_path / name).write_bytes(data)
    assert found(tmp_path)[name].compression == compression


def test_directories_are_not_searched_and_pipes_not_waited_for(tmp_path: Path):
    (tmp_path / "access.log").mkdir()
    (tmp_path / "access.log" / "access.log").touch()
    os.mkfifo(tmp_path / "stream.log")
    assert ignored(tmp_path) == dict.fromkeys(
        ["access.log", "stream.log"], "no regular file"
    )


def test_a_link_is_followed_and_a_broken_one_passed_over(tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(STREAM)
    (tmp_path / "access.log").symlink_to(elsewhere)
    (tmp_path / "access.log.1").symlink_to(tmp_path / "nowhere")
    (tmp_path / "access.log.2").symlink_to("access.log.2")
    one = found(tmp_path)
    assert one.keys() == {"access.log"}
    assert one["access.log"].inode == elsewhere.stat().st_ino


def test_a_missing_directory_is_a_problem(tmp_path: Path):
    with pytest.raises(DirectoryProblem, match="nowhere does not exist"):
        discover(tmp_path / "nowhere")
    with pytest.raises(DirectoryProblem, match="nowhere does not exist"):
        signature(tmp_path / "nowhere")


def test_a_file_is_no_directory(tmp_path: Path):
    (tmp_path / "access.log").touch()
    with pytest.raises(DirectoryProblem, match="is no directory"):
        discover(tmp_path / "access.log")


@pytest.fixture
def ours() -> Iterator[Path]:
    """Be nobody, with a directory that is root's and open to all."""
    if os.geteuid() != 0:
        pytest.skip("only root can make files that are not ours")
    directory = Path(tempfile.mkdtemp(dir="/tmp"))
    directory.chmod(0o755)
    (directory / "access.log").write_bytes(ACCESS)
    (directory / "stream.log").write_bytes(STREAM)
    os.seteuid(65534)
    yield directory
    os.seteuid(0)
    shutil.rmtree(directory)


def as_root(path: Path, mode: int) -> None:
    os.seteuid(0)
    path.chmod(mode)
    os.seteuid(65534)


def test_a_log_that_may_not_be_read_is_named_and_stops_no_other(ours: Path):
    as_root(ours / "access.log", 0o600)
    before = signature(ours)
    assert found(ours).keys() == {"stream.log"}
    reason = ignored(ours)["access.log"]
    assert "root's with mode -rw-------" in reason and "we are uid 65534" in reason
    as_root(ours / "access.log", 0o644)
    assert found(ours).keys() == {"access.log", "stream.log"}
    assert signature(ours) != before


def test_a_directory_that_may_not_be_read_says_whose_it_is(ours: Path):
    as_root(ours, 0o700)
    with pytest.raises(DirectoryProblem, match="root's with mode drwx------, we are"):
        discover(ours)


def test_a_directory_that_may_be_listed_only_names_each_log(ours: Path):
    as_root(ours, 0o744)
    assert found(ours) == {}
    assert "we are uid 65534" in ignored(ours)["access.log"]


def test_no_more_than_the_beginning_of_a_log_is_looked_at(tmp_path, monkeypatch):
    (tmp_path / "access.log").write_bytes(b"x" * 5_000_000)
    read = []
    pread = os.pread

    def counted(fd: int, size: int, position: int) -> bytes:
        read.append(size)
        return pread(fd, size, position)

    monkeypatch.setattr(os, "pread", counted)
    found(tmp_path)
    assert sum(read) <= 65536


def test_an_unchanged_log_is_not_opened_again(tmp_path: Path, monkeypatch):
    (tmp_path / "access.log").write_bytes(STREAM)
    before = found(tmp_path)
    monkeypatch.setattr(LineReader, "exactly", None)
    assert found(tmp_path) == before


def test_any_change_of_a_log_changes_the_signature(tmp_path: Path):
    log = tmp_path / "access.log"
    seen = {signature(tmp_path)}
    for change in (
        lambda: log.touch(),
        lambda: log.write_bytes(ACCESS),
        lambda: log.rename(tmp_path / "access.log.1"),
        lambda: log.write_bytes(b""),
    ):
        change()
        assert signature(tmp_path) not in seen
        seen.add(signature(tmp_path))
    assert signature(tmp_path) in seen


def test_sixty_quiet_logs_cost_far_less_than_a_tick(tmp_path: Path):
    for n in range(60):
        (tmp_path / f"access.log.{n}.gz").write_bytes(gzip.compress(ACCESS * 99))
    discover(tmp_path)
    costs = []
    for _ in range(5):
        began = time.process_time()
        signature(tmp_path)
        costs.append(time.process_time() - began)
    assert min(costs) < 0.005


@given(st.binary(max_size=500))
@settings(deadline=None)
def test_random_bytes_never_raise(tmp_path_factory, data: bytes):
    directory = tmp_path_factory.mktemp("logs")
    for n, magic in enumerate([b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"]):
        (directory / f"access.log.{n}").write_bytes(magic + data)
    assert len(found(directory)) == 3
