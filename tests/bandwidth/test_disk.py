"""The disk under the cache: which one it is, what it counts, and where nobody does."""

import asyncio
import os
import subprocess
import time
from pathlib import Path

import pytest

from bandwidth.rates import disk_passed
from bandwidth.sampling import Sampler, Watched
from bandwidth.sources import Disk, SourceProblem
from bandwidth.sources.disk import (
    NOT_NAMED,
    USUAL,
    DiskSource,
    counted_in,
    device_of,
    mounted_at,
)
from tests.bandwidth.test_sampling import Recorded
from tests.programs import need

SECOND = 10**9
STAT = "  100  5 2000 30  50 6 4000 70  0  {}  100 0 0 0 0 0 0\n"


def block(tmp_path: Path) -> Path:
    """A /sys with a partition of sda, with LVM on it, as they are laid out there."""
    for name in ("block/sda/sda1", "virtual/block/dm-0"):
        (tmp_path / "sys/devices" / name).mkdir(parents=True)
    (tmp_path / "sys/devices/block/sda/sda1/partition").write_text("1\n")
    numbers = tmp_path / "sys/dev/block"
    names = tmp_path / "sys/class/block"
    for place in (numbers, names):
        place.mkdir(parents=True)
    for number, name, where in (
        ("8:0", "sda", "block/sda"),
        ("8:1", "sda1", "block/sda/sda1"),
        ("253:0", "dm-0", "virtual/block/dm-0"),
    ):
        (numbers / number).symlink_to(f"../../devices/{where}")
        (names / name).symlink_to(f"../../devices/{where}")
    return numbers


def mounts(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def named(found: Path | str) -> str:
    return found.name if isinstance(found, Path) else found


def test_of_a_partition_the_whole_disk_is_meant(tmp_path: Path):
    place = block(tmp_path)
    assert named(device_of(os.makedev(8, 1), "/data", place)) == "sda"
    assert named(device_of(os.makedev(8, 0), "/data", place)) == "sda"
    assert named(device_of(os.makedev(253, 0), "/data", place)) == "dm-0"


def test_a_file_system_that_names_its_disk_only_in_its_mount(tmp_path: Path):
    line = "36 27 0:31 /@ /data rw,relatime shared:1 - btrfs /dev/sda1 rw,space_cache"
    path = mounts(tmp_path, "27 1 8:0 / / rw - ext4 /dev/root rw", line)
    found = device_of(os.makedev(0, 31), "/data/cache", block(tmp_path), path)
    assert named(found) == "sda"


@pytest.mark.parametrize(
    ("kind", "source", "says"),
    [
        ("overlay", "overlay", "/data is inside this container: mount the cache's"),
        ("zfs", "tank/cache", "/data is zfs, which names no disk of this machine"),
        ("tmpfs", "tmpfs", "/data is tmpfs, which names no disk"),
        ("nfs4", "nas:/cache", "/data is nfs4, which names no disk"),
        ("btrfs", "/dev/sdz", "/data is btrfs, which names no disk"),
    ],
)
def test_what_has_no_disk_says_so(tmp_path: Path, kind: str, source: str, says: str):
    path = mounts(tmp_path, f"36 27 0:31 / /data rw,relatime - {kind} {source} rw")
    found = device_of(os.makedev(0, 31), "/data", block(tmp_path), path)
    assert isinstance(found, str)
    assert found.startswith(says)


def test_the_innermost_and_latest_mount_counts(tmp_path: Path):
    path = mounts(
        tmp_path,
        "1 0 8:0 / / rw - ext4 /dev/sda rw",
        r"2 1 0:31 / /my\040cache rw - xfs /dev/old rw",
        r"3 2 0:32 / /my\040cache rw - btrfs /dev/new rw",
        "nonsense",
    )
    assert mounted_at("/my cache/x", path) == ("btrfs", "/dev/new")
    assert mounted_at("/my cachex", path) == ("ext4", "/dev/sda")
    assert mounted_at("/x", tmp_path / "none") == ("", "")


def test_sectors_are_of_512_bytes():
    assert counted_in(STAT.format(80)) == (80, 1_024_000, 2_048_000)


def test_a_raid_whose_time_nobody_counts_is_not_idle():
    assert counted_in(STAT.format(0)) == (None, 1_024_000, 2_048_000)
    assert counted_in("0 " * 17) == (0, 0, 0)
    assert counted_in("what is this") == (None, None, None)


def disk(busy: int | None, read: int | None = 0, written: int | None = 0) -> Disk:
    return Disk("/data", "sda", 100, 50, busy, read, written)


def test_busy_share_and_rates_are_those_between_two_readings():
    between = disk_passed(disk(10, 100, 7), disk(260, 900, 8), 0, SECOND // 2)
    assert between
    assert between.busy_share == 0.5
    assert between.read_bytes_per_second == 1600
    assert between.written_bytes_per_second == 2


def test_a_disk_is_never_busier_than_wholly():
    between = disk_passed(disk(0), disk(1004), 0, SECOND)
    assert between
    assert (between.busy_ms, between.busy_share) == (1004, 1.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (disk(9), disk(8)),
        (disk(9, 100), disk(10, 99)),
        (disk(9, 0, 100), disk(10, 0, 99)),
        (disk(None, None, None), disk(1)),
    ],
)
def test_a_counter_that_fell_or_is_unknown_is_a_gap(before: Disk, after: Disk):
    assert disk_passed(before, after, 0, SECOND) is None


def test_without_counted_time_bytes_are_still_told():
    between = disk_passed(disk(None, 0), disk(None, 5), 0, SECOND)
    assert between
    assert (between.busy_share, between.read) == (None, 5)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/nowhere", "/nowhere: No such file"),
        ("cache", "does not begin with /"),
        ("/\0", "/\0: embedded null byte"),
        ("/" + "x" * 300, "File name too long"),
    ],
)
def test_a_directory_that_is_none_says_so(path: str, says: str):
    with pytest.raises(SourceProblem, match=says):
        asyncio.run(DiskSource(path).read())


def test_where_none_is_named_and_lancaches_own_is_not_there_nothing_is_wrong():
    if Path(USUAL).exists():
        pytest.skip(f"there is a {USUAL}")
    assert asyncio.run(DiskSource().read()).remark == NOT_NAMED


def test_the_root_of_this_machine_is_told_as_df_tells_it():
    (told,) = asyncio.run(DiskSource("/").read()).disks
    printed = subprocess.run(
        ["df", "-B1", "--output=size,avail", "/"], capture_output=True, text=True
    )
    size, free = map(int, printed.stdout.split()[2:])
    assert told.size == size
    assert abs(told.free - free) < 1e9  # others write


def test_memory_has_no_disk():
    reading = asyncio.run(DiskSource("/dev/shm").read())
    assert reading.disks[0].busy_ms is None
    assert reading.disks[0].size > 0
    assert reading.remark.startswith("/dev/shm is tmpfs, which names no disk")


@pytest.fixture
def volume(tmp_path: Path):
    """An ext4 of our own in a file, so that nobody else reads or writes it."""
    image, place = tmp_path / "image", tmp_path / "cache"
    image.write_bytes(b"")
    os.truncate(image, 64 << 20)
    place.mkdir()
    subprocess.run(
        [need("mkfs.ext4"), "-q", "-E", "lazy_itable_init=0", image], check=True
    )
    mounted = subprocess.run(
        ["mount", "-o", "loop", image, place], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"the kernel mounts no file: {mounted.stderr}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_every_byte_that_is_written_to_a_real_disk_is_told(volume: Path):
    source, told = DiskSource(str(volume)), Recorded()
    sampler = Sampler([Watched(1, "disk", source, 5)], 1, told.publish, told.store)

    async def measure() -> None:
        await sampler.tick()
        with (volume / "slice").open("wb") as file:
            file.write(os.urandom(8 << 20))
            os.fsync(file.fileno())
        await sampler.tick()
        await sampler.close()

    asyncio.run(measure())
    first, second = (message["disks"][0] for message in told.messages)
    assert first["busyShare"] is first["readBytesPerSecond"] is None
    assert second["device"].startswith("loop")
    assert 0 < second["busyShare"] <= 1
    assert first["freeBytes"] - second["freeBytes"] >= 8 << 20
    written = sum(row.written or 0 for row in told.disks)
    assert 8 << 20 <= written < 16 << 20  # and the journal
    assert {row.key for row in told.disks} == {(1, second["device"])}


def test_a_file_system_that_hangs_holds_up_nobody(tmp_path: Path):
    """A named pipe stands for a server that is away: reading it never ends."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    source = DiskSource("/")
    source._thread.submit(pipe.read_text)

    async def ask() -> None:
        for _ in range(50):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await source.read()
        assert source._thread._work_queue.qsize() == 1
        await source.close()

    began = time.monotonic()
    asyncio.run(ask())
    assert time.monotonic() - began < 2
    os.close(os.open(pipe, os.O_WRONLY))  # lets it end
