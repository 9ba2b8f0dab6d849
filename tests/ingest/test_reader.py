"""Whole lines, each once, whatever a file goes through while it is read."""

import gzip
import os
import random
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.lines import MAX_LINE
from ingest.reader import Chunk, DamagedFile, FileReplaced, LineReader

LINES = b"one\ntwo\nthree\n"
MANY = b"".join(b"%d %s\n" % (i, os.urandom(20).hex().encode()) for i in range(40_000))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def read_all(reader: LineReader, limit: int = 1 << 24, offset: int = 0) -> list[Chunk]:
    """Read to the end; damage ends it, too."""
    chunks: list[Chunk] = []
    while True:
        try:
            chunk = reader.read(offset, limit)
        except DamagedFile:
            return chunks
        if chunk.end == offset:
            return chunks
        assert chunk.start == offset
        chunks.append(chunk)
        offset = chunk.end


def text(chunks: list[Chunk]) -> bytes:
    return b"".join(chunk.data for chunk in chunks)


def packed(data: bytes, compression: str) -> bytes:
    return gzip.compress(data) if compression == "gz" else zstd.compress(data)


def test_a_half_line_waits_for_its_end(log: Path):
    log.write_bytes(b"one\ntw")
    reader = LineReader(log)
    assert reader.read(0, 100) == Chunk(b"one\n", 0, 4)
    assert reader.read(4, 100) == Chunk(b"", 4, 4)
    with log.open("ab") as file:
        file.write(b"o\n")
    assert reader.read(4, 100) == Chunk(b"two\n", 4, 8)


def test_an_empty_file_has_nothing(log: Path):
    log.touch()
    assert LineReader(log).read(0, 100) == Chunk(b"", 0, 0)


@pytest.mark.parametrize("data", [b"\n\n", b"a\r\nb\r\n", b"\0\0\n\0", b"\xff\xfe\n"])
def test_bytes_are_given_as_they_are(log: Path, data: bytes):
    log.write_bytes(data)
    assert text(read_all(LineReader(log))) == data[: data.rfind(b"\n") + 1]


def test_nothing_is_read_from_the_stop_on(log: Path):
    log.write_bytes(LINES)
    reader = LineReader(log)
    assert reader.read(0, 100, stop=8) == Chunk(b"one\ntwo\n", 0, 8)
    assert reader.read(8, 100, stop=8) == Chunk(b"", 8, 8)


def test_a_line_longer_than_the_limit_is_still_given_whole(log: Path):
    log.write_bytes(LINES)
    assert [c.data for c in read_all(LineReader(log), limit=1)] == [
        b"one\n",
        b"two\n",
        b"three\n",
    ]


def test_reading_behind_the_end_of_a_truncated_file_gives_nothing(log: Path):
    log.write_bytes(LINES)
    reader = LineReader(log)
    assert reader.read(0, 100).end == len(LINES)
    log.write_bytes(b"")
    assert reader.read(len(LINES), 100) == Chunk(b"", len(LINES), len(LINES))


@pytest.mark.parametrize("compression", ["", "gz", "zst"])
@pytest.mark.parametrize("limit", [1 << 16, 3 << 20, 1 << 24])
def test_an_overlong_line_is_one_line_wherever_reads_are_cut(
    log: Path, compression: str, limit: int
):
    long = b"x" * (MAX_LINE + 1) + b"\n"
    fits = b"y" * MAX_LINE + b"\n"
    data = MANY + long + b"after\n" + fits + long + long
    log.write_bytes(packed(data, compression) if compression else data)
    chunks = read_all(LineReader(log, compression), limit)
    assert text(chunks) == MANY + b"after\n" + fits
    first = len(MANY)
    second = first + len(long) + 6 + len(fits)
    assert [one for c in chunks for one in c.overlong] == [
        (place, len(long), b"x" * 500) for place in (first, second, second + len(long))
    ]


@pytest.mark.parametrize("step", [400, 700_000])
def test_an_overlong_line_is_none_before_its_newline(log: Path, step: int):
    reader = LineReader(log)
    written = 0
    with log.open("ab", buffering=0) as file:
        for size in (step, step, MAX_LINE, 3 * MAX_LINE):
            written += file.write(b"x" * size)
            assert reader.read(0, 1 << 20) == Chunk(b"", 0, 0)
        file.write(b"\nnext\n")
    over = Chunk(b"", 0, written + 1, [(0, written + 1, b"x" * 500)])
    assert reader.read(0, 1 << 20) == over
    assert reader.read(written + 1, 100).data == b"next\n"


def test_a_growing_endless_line_is_not_looked_at_twice(log: Path, monkeypatch):
    log.write_bytes(b"x" * (8 * MAX_LINE))
    reader = LineReader(log)
    reader.read(0, 1 << 24)
    read = 0
    pread = os.pread

    def counted(fd: int, size: int, position: int) -> bytes:
        nonlocal read
        data = pread(fd, size, position)
        read += len(data)
        return data

    monkeypatch.setattr(os, "pread", counted)
    with log.open("ab") as file:
        file.write(b"more")
    reader.read(0, 1 << 24)
    assert read == 4


@pytest.mark.parametrize("compression", ["gz", "zst"])
@pytest.mark.parametrize("limit", [1000, 1 << 20])
def test_a_compressed_file_gives_its_lines(log: Path, compression: str, limit: int):
    log.write_bytes(packed(MANY, compression))
    chunks = read_all(LineReader(log, compression), limit)
    assert text(chunks) == MANY
    assert chunks[-1].end == len(MANY)


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_several_members_are_one_file(log: Path, compression: str):
    log.write_bytes(b"".join(packed(line, compression) for line in (b"a", b"b\n", b"")))
    assert text(read_all(LineReader(log, compression))) == b"ab\n"


def test_zeros_after_a_gzip_member_are_padding(log: Path):
    log.write_bytes(gzip.compress(LINES) + bytes(1000))
    assert LineReader(log, "gz").read(0, 100).end == len(LINES)
    assert LineReader(log, "gz").read(len(LINES), 100).data == b""


@pytest.mark.parametrize("compression", ["gz", "zst"])
@pytest.mark.parametrize("stop", [None, 7])
def test_the_last_line_of_a_compressed_file_needs_no_newline(
    log: Path, compression: str, stop: int | None
):
    log.write_bytes(packed(b"one\ntwo", compression))
    reader = LineReader(log, compression)
    assert reader.read(0, 100, stop) == Chunk(b"one\n", 0, 4)
    assert reader.read(4, 100, stop) == Chunk(b"two\n", 4, 7)
    assert reader.read(7, 100) == Chunk(b"", 7, 7)


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_going_on_does_not_unpack_again_and_going_back_does(
    log: Path, compression: str, monkeypatch
):
    log.write_bytes(packed(MANY, compression))
    reader = LineReader(log, compression)
    half = reader.read(0, len(MANY) // 2)
    read = []
    pread = os.pread

    def watched(fd: int, size: int, position: int) -> bytes:
        read.append(position)
        return pread(fd, size, position)

    monkeypatch.setattr(os, "pread", watched)
    assert half.data + reader.read(half.end, 1 << 24).data == MANY
    assert 0 not in read
    assert reader.read(0, 1000).data == LineReader(log, compression).read(0, 1000).data
    assert 0 in read


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_the_bytes_before_the_end_of_a_chunk_are_at_hand(log: Path, compression: str):
    log.write_bytes(packed(MANY, compression))
    reader = LineReader(log, compression)
    end = reader.read(0, 100_000).end
    assert reader.exactly(end - 256, end) == MANY[end - 256 : end]
    assert reader.exactly(0, 1024) == MANY[:1024]
    assert reader.exactly(len(MANY) - 2, len(MANY) + 9) == MANY[-2:]
    assert reader.read(end, 1 << 24).data == MANY[end:]


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_a_cut_off_file_gives_its_whole_lines_then_says_so_once(
    log: Path, compression: str
):
    log.write_bytes(packed(MANY, compression)[:-9])
    reader = LineReader(log, compression)
    chunk = reader.read(0, 1 << 24)
    assert MANY.startswith(chunk.data) and chunk.data.endswith(b"\n")
    with pytest.raises(DamagedFile, match="too early"):
        reader.read(chunk.end, 1 << 24)
    assert reader.read(chunk.end, 1 << 24).data == b""


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_a_file_that_is_still_being_compressed_is_gone_on_with(
    log: Path, compression: str
):
    whole = packed(MANY, compression)
    log.write_bytes(whole[: len(whole) // 2])
    reader = LineReader(log, compression)
    first = text(read_all(reader))
    with log.open("ab") as file:
        file.write(whole[len(whole) // 2 :])
    assert first + text(read_all(reader, offset=len(first))) == MANY


def test_all_lines_before_a_damaged_byte_are_given(log: Path):
    data = bytearray(gzip.compress(MANY))
    data[-6] ^= 255  # of the checksum: every line is there
    log.write_bytes(data)
    reader = LineReader(log, "gz")
    assert text(read_all(reader)) == MANY


@pytest.mark.parametrize("compression", ["gz", "zst"])
@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=15, deadline=None)
def test_damage_anywhere_loses_no_line_before_it_and_makes_none_up(
    tmp_path_factory, compression: str, seed: int
):
    choice = random.Random(seed)
    data = bytearray(packed(MANY[:300_000], compression))
    data[choice.randrange(4, len(data))] ^= choice.randrange(1, 256)
    log = tmp_path_factory.mktemp("damage") / "log"
    log.write_bytes(data)
    one = text(read_all(LineReader(log, compression), 5000))
    assert one == text(read_all(LineReader(log, compression)))


@given(st.binary(max_size=3000), st.sampled_from(["", "gz", "zst"]))
@settings(deadline=None)
def test_random_bytes_never_raise(tmp_path_factory, data: bytes, compression: str):
    log = tmp_path_factory.mktemp("random") / "log"
    magic = {"": b"", "gz": b"\x1f\x8b\x08\0", "zst": b"\x28\xb5\x2f\xfd"}
    log.write_bytes(magic[compression] + data)
    for chunk in read_all(LineReader(log, compression), 100):
        assert chunk.data.endswith(b"\n")


@given(
    st.lists(st.binary(max_size=60), max_size=12),
    st.integers(1, 100),
    st.sampled_from(["", "gz"]),
)
@settings(deadline=None)
def test_however_bytes_arrive_no_line_is_lost_or_repeated(
    tmp_path_factory, parts: list[bytes], limit: int, compression: str
):
    log = tmp_path_factory.mktemp("parts") / "log"
    reader, seen, offset = LineReader(log, compression), b"", 0
    for part in parts:
        with log.open("ab") as file:
            file.write(gzip.compress(part + b"\n") if compression else part)
        for chunk in read_all(reader, limit, offset):
            seen, offset = seen + chunk.data, chunk.end
    whole = b"".join(part + b"\n" if compression else part for part in parts)
    assert seen == whole[: whole.rfind(b"\n") + 1]


def test_a_file_that_vanished_is_an_error_and_not_the_end(log: Path):
    with pytest.raises(FileNotFoundError):
        LineReader(log).read(0, 100)


def test_another_file_at_the_path_is_not_read_for_the_one_meant(log: Path):
    log.write_bytes(LINES)
    status = log.stat()
    log.rename(log.with_suffix(".log.1"))
    log.write_bytes(b"other\n")
    reader = LineReader(log, "", status.st_ino, status.st_dev)
    with pytest.raises(FileReplaced):
        reader.read(0, 100)


def test_a_plain_file_is_not_kept_open(log: Path):
    log.write_bytes(LINES)
    reader = LineReader(log)
    reader.read(0, 100)
    opened = [
        os.readlink(f"/proc/self/fd/{fd}")  # noqa: PTH115
        for fd in os.listdir("/proc/self/fd")  # noqa: PTH208
        if Path(f"/proc/self/fd/{fd}").is_symlink()
    ]
    assert str(log) not in opened
