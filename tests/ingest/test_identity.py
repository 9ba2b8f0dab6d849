"""A log stays one file, whatever it is called and however it is packed."""

import gzip
import os
import shutil
from collections import Counter
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ingest import identity
from ingest.discovery import discover
from ingest.identity import Assignment, Known, Outcome, assign
from ingest.reader import DamagedFile

SAME, NEW, COPY, NOTHING = Outcome.SAME, Outcome.NEW, Outcome.COPY, Outcome.NOTHING


def lines(first: int, last: int, width: int = 40) -> bytes:
    return b"".join(b"%d %s\n" % (n, b"x" * width) for n in range(first, last))


class Bookkeeper:
    """Reads a directory as a datasource is read, and keeps what a database would."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.known: dict[int, Known] = {}
        self.read: list[bytes] = []
        self.ids = count(1)

    def look(self) -> dict[str, Assignment]:
        found = discover(self.directory).files
        return {a.found.path.name: a for a in assign(found, [*self.known.values()])}

    def outcomes(self) -> dict[str, Outcome]:
        return {name: one.outcome for name, one in self.look().items()}

    def tick(self, limit: int = 1 << 20, chunks: int = 1 << 20) -> None:
        for one in self.look().values():
            if one.outcome in (SAME, NEW):
                self.read_on(one, limit, chunks)

    def read_on(self, one: Assignment, limit: int, chunks: int) -> None:
        found = one.found
        with identity.opened(found) as reader:
            length, head_hash = identity.head(reader)
            known = one.known or Known(next(self.ids), "", 0, "", 0, "", None, None, 0)
            if length > known.head_len:
                known = replace(known, head_len=length, head_hash=head_hash)
            known = replace(
                known,
                path=str(found.path),
                inode=found.inode,
                device=found.device,
                size=found.size,
            )
            for _ in range(chunks):
                try:
                    chunk = reader.read(known.offset, limit)
                except DamagedFile:
                    break
                if chunk.end == chunk.start:
                    break
                self.read += chunk.data.splitlines(keepends=True)
                tail = identity.tail_hash(reader, chunk)
                known = replace(known, offset=chunk.end, tail_hash=tail)
        self.known[known.pk] = known


@pytest.fixture
def logs(tmp_path: Path) -> Bookkeeper:
    return Bookkeeper(tmp_path)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def append(log: Path, data: bytes) -> None:
    with log.open("ab") as file:
        file.write(data)


def test_a_log_that_grows_is_the_same(logs, log):
    for n in range(60):
        append(log, lines(n, n + 1))
        logs.tick()
    assert logs.read == lines(0, 60).splitlines(keepends=True)
    assert len(logs.known) == 1


def test_no_identity_before_the_first_whole_line(logs, log):
    log.write_bytes(b"half a line")
    assert logs.outcomes() == {"access.log": NOTHING}
    append(log, b"\n")
    assert logs.outcomes() == {"access.log": NEW}


def test_a_first_line_longer_than_the_head_is_identity_enough(logs, log):
    append(log, b"y" * 3000)
    logs.tick()
    append(log, b"\n")
    logs.tick()
    assert logs.outcomes() == {"access.log": SAME}
    assert logs.read == [b"y" * 3000 + b"\n"]


@pytest.mark.parametrize("size", [3, 2000])
@pytest.mark.parametrize("pack", [None, gzip.compress, zstd.compress])
def test_renamed_and_compressed_it_is_not_read_again(logs, log, size, pack):
    log.write_bytes(lines(0, size))
    logs.tick()
    log.rename(f"{log}.1")
    log.write_bytes(lines(10_000, 10_002))
    logs.tick()
    if pack:
        first = Path(f"{log}.1")
        Path(f"{log}.2.{'gz' if pack is gzip.compress else 'zst'}").write_bytes(
            pack(first.read_bytes())
        )
        first.unlink()
    logs.tick()
    assert b"".join(logs.read) == lines(0, size) + lines(10_000, 10_002)
    assert len(logs.known) == 2


def test_a_compressed_log_goes_on_where_the_plain_one_stopped(logs, log):
    log.write_bytes(lines(0, 50))
    logs.tick()
    Path(f"{log}.1.gz").write_bytes(gzip.compress(lines(0, 90)))
    log.unlink()
    logs.tick()
    assert b"".join(logs.read) == lines(0, 90)


@pytest.mark.parametrize("had", [3, 10, 100])
def test_a_copy_shorter_than_what_was_read_is_not_read(logs, log, had):
    log.write_bytes(lines(0, had + 2))
    logs.tick()
    Path(f"{log}.1").write_bytes(lines(0, had))
    log.write_bytes(b"")
    assert logs.outcomes() == {"access.log": NOTHING, "access.log.1": COPY}
    append(log, lines(900, 950))
    logs.tick()
    assert b"".join(logs.read) == lines(0, had + 2) + lines(900, 950)


def test_a_copy_that_has_more_than_was_read_is_gone_on_with(logs, log):
    log.write_bytes(lines(0, 100))
    logs.tick()
    append(log, lines(100, 120))
    shutil.copy(log, f"{log}.1")
    log.write_bytes(lines(500, 501))
    logs.tick()
    assert b"".join(logs.read) == lines(0, 100) + lines(500, 501) + lines(100, 120)


def test_the_longest_copy_stands_for_a_log_that_is_gone_with_its_history(logs, log):
    log.write_bytes(lines(0, 200))
    logs.tick()
    (known,) = logs.known.values()
    logs.known[known.pk] = replace(known, live_start=5000, history_offset=1000)
    Path(f"{log}.1").write_bytes(lines(0, 150))
    Path(f"{log}.2").write_bytes(lines(0, 120))
    assert logs.outcomes() == {"access.log": SAME, "access.log.1": COPY} | {
        "access.log.2": COPY
    }
    log.write_bytes(lines(900, 950))
    assert logs.outcomes() == {"access.log": NEW, "access.log.1": SAME} | {
        "access.log.2": COPY
    }


def test_the_same_inode_with_another_head_is_another_file(logs, log):
    log.write_bytes(lines(0, 10))
    logs.tick()
    inode = log.stat().st_ino
    log.write_bytes(lines(500, 600))
    assert log.stat().st_ino == inode
    assert logs.outcomes() == {"access.log": NEW}


def test_the_same_head_with_another_tail_is_another_file(logs, log):
    log.write_bytes(lines(0, 100) + lines(200, 300))
    logs.tick()
    log.write_bytes(lines(0, 100) + lines(500, 700))
    assert logs.outcomes() == {"access.log": NEW}


@pytest.mark.parametrize("size", [1, 200])
def test_of_two_new_paths_with_one_content_the_longer_is_read(logs, log, size):
    log.write_bytes(lines(0, size))
    Path(f"{log}.1").write_bytes(lines(0, size + 1))
    Path(f"{log}.2.gz").write_bytes(gzip.compress(lines(0, size)))
    logs.tick()
    assert logs.read == lines(0, size + 1).splitlines(keepends=True)
    assert Counter(logs.outcomes().values()) == {SAME: 1, COPY: 2}


def test_a_log_beside_its_unfinished_archive_is_read_once(logs, log):
    first, packed = Path(f"{log}.1"), gzip.compress(lines(0, 5000))
    first.write_bytes(lines(0, 5000))
    for end in (0, 5, 500, 2000, len(packed)):
        Path(f"{log}.1.gz").write_bytes(packed[:end])
        logs.tick()
    first.unlink()
    logs.tick()
    assert b"".join(logs.read) == lines(0, 5000)


def test_a_file_that_vanishes_before_it_is_opened_is_nothing(logs, log):
    log.write_bytes(lines(0, 5))
    found = discover(log.parent).files
    log.unlink()
    assert [a.outcome for a in assign(found, [])] == [NOTHING]


def test_a_file_replaced_before_it_is_opened_is_not_taken_for_it(logs, log):
    log.write_bytes(lines(0, 5))
    found = discover(log.parent).files
    log.rename(f"{log}.1")
    log.write_bytes(lines(50, 60))
    assert [a.outcome for a in assign(found, [])] == [NOTHING]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
@settings(deadline=None)
def test_random_bytes_never_raise(tmp_path_factory, files: list[bytes]):
    logs = Bookkeeper(tmp_path_factory.mktemp("logs"))
    for n, data in enumerate(files):
        (logs.directory / f"access.log.{n}").write_bytes(data)
        logs.tick()
    whole = b"".join(data[: data.rfind(b"\n") + 1] for data in files)
    assert set(logs.read) <= set(whole.splitlines(keepends=True))


class Rotations(RuleBasedStateMachine):
    """Any order of what happens to a log: each line is read exactly once."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(os.environ["PYTEST_LOGS"]) / str(next(DIRECTORIES))
        self.directory.mkdir()
        self.logs = Bookkeeper(self.directory)
        self.log = self.directory / "access.log"
        self.numbers = count()
        self.written: list[bytes] = []
        self.log.touch()

    def line(self) -> bytes:
        return b"%d %s\n" % (next(self.numbers), b"x" * 40)

    @rule(many=st.integers(1, 40))
    def more_lines(self, many: int) -> None:
        for _ in range(many):
            self.written.append(self.line())
            append(self.log, self.written[-1])

    @rule()
    def a_line_in_two_halves(self) -> None:
        line = self.line()
        self.written.append(line)
        append(self.log, line[:9])
        self.logs.tick()
        append(self.log, line[9:])

    @rule(limit=st.sampled_from([100, 1000, 1 << 20]), chunks=st.integers(0, 5))
    def a_pass_that_is_cut_short(self, limit: int, chunks: int) -> None:
        self.logs.tick(limit, chunks)

    @rule()
    def a_whole_pass(self) -> None:
        self.logs.tick()

    def rotate(self) -> None:
        """Make room for a new .1, as logrotate with `compress, delaycompress` does."""
        for n in range(8, 1, -1):
            older = Path(f"{self.log}.{n}.gz")
            if older.exists():
                older.rename(f"{self.log}.{n + 1}.gz")
        first = Path(f"{self.log}.1")
        if first.exists():
            packed = Path(f"{self.log}.2.gz")
            packed.write_bytes(gzip.compress(first.read_bytes()))
            self.logs.tick()
            first.unlink()

    @precondition(lambda self: not Path(f"{self.log}.8.gz").exists())
    @rule(late=st.integers(0, 3), looked=st.booleans())
    def renamed(self, late: int, looked: bool) -> None:
        self.rotate()
        old = self.log.rename(f"{self.log}.1")
        if looked:
            self.logs.tick()
        for _ in range(late):
            self.written.append(self.line())
            append(old, self.written[-1])
        self.log.touch()

    @precondition(lambda self: not Path(f"{self.log}.8.gz").exists())
    @rule(late=st.integers(0, 3))
    def copied_and_truncated(self, late: int) -> None:
        self.rotate()
        shutil.copy(self.log, f"{self.log}.1")
        for _ in range(late):
            self.written.append(self.line())
            append(self.log, self.written[-1])
        if late:
            self.logs.tick()  # what comes after the copy is lost unless it was read
        self.log.write_bytes(b"")

    def teardown(self) -> None:
        self.logs.tick()
        assert sorted(self.logs.read) == sorted(self.written)
        shutil.rmtree(self.directory)


DIRECTORIES = count()


def test_whatever_happens_each_line_is_read_exactly_once(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_LOGS", str(tmp_path))
    run_state_machine_as_test(
        Rotations,
        settings=settings(
            max_examples=60,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
