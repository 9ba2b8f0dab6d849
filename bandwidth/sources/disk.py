"""The disk under a directory: how busy it is, what it reads and writes, and its space.

    /sys/dev/block/MAJOR:MINOR/stat   of the device that holds the directory: sectors of
                                      512 bytes, and the milliseconds that it was busy

Of a partition the whole disk is meant, because whatever else is on it keeps it busy,
too; of LVM, dm-crypt and RAID their own device, which the kernel counts as one. A disk
that does several things at once (NVMe, RAID) may be busy all the time and take more.

The kernel tells these of the host inside a container, too; only the directory has to be
mounted into it.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bandwidth.sources import Disk, Reading, Source, SourceProblem

USUAL = "/data/cache"  # LANCache's own
NOT_NAMED = f"there is no {USUAL}: name the directory that holds the cache"
BLOCK = Path("/sys/dev/block")
SECTOR = 512


class DiskSource(Source):
    """``path``: the cache's directory; empty: LANCache's usual one, if there is one."""

    def __init__(self, path: str = "") -> None:
        if path and not path.startswith("/"):
            raise SourceProblem(f"{path!r} does not begin with /")
        self._path = path
        # A file system on another machine that is away holds up whoever asks for it,
        # for good: one thread of our own, however often it is asked for.
        self._thread = ThreadPoolExecutor(1, "disk")
        self._reading: asyncio.Future[Reading] | None = None

    async def read(self) -> Reading:
        if self._reading is None or self._reading.done():
            loop = asyncio.get_running_loop()
            self._reading = loop.run_in_executor(self._thread, read_disk, self._path)
        return await asyncio.shield(self._reading)

    async def close(self) -> None:
        self._thread.shutdown(wait=False)


def read_disk(path: str) -> Reading:
    """Ask for the disk under ``path`` once. Raises SourceProblem."""
    if not path and not Path(USUAL).is_dir():
        return Reading(remark=NOT_NAMED)
    path = path or USUAL
    try:
        space = shutil.disk_usage(path)
        device = device_of(Path(path).stat().st_dev, path)
        if isinstance(device, str):
            no_device = Disk(path, "", space.total, space.free)
            return Reading(remark=device, disks=[no_device])
        counted = counted_in((device / "stat").read_text())
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise SourceProblem(f"{path}: {why}") from error
    disk = Disk(path, device.name, space.total, space.free, *counted)
    idle = f"this kernel does not count how long {disk.device} is busy"
    return Reading(remark=idle if disk.busy_ms is None else "", disks=[disk])


def device_of(
    number: int, path: str, block: Path = BLOCK, mounts: Path | None = None
) -> Path | str:
    """Return where the kernel tells of the disk ``number``, or why it tells nothing.

    A file system without a number of a disk may still name the disk it is on (btrfs).
    """
    found = block / f"{os.major(number)}:{os.minor(number)}"
    if not found.exists():
        kind, source = mounted_at(path, mounts or Path("/proc/self/mountinfo"))
        name = Path(os.path.realpath(source)).name
        found = block.parent.parent / "class/block" / name
        if not source.startswith("/dev/") or not found.exists():
            return _no_disk(path, kind)
    found = found.resolve()
    return found.parent if (found / "partition").exists() else found


def _no_disk(path: str, kind: str) -> str:
    if kind == "overlay":
        return (
            f"{path} is inside this container: mount the cache's directory into it,"
            " or nothing can be told of its disk"
        )
    of = f"is {kind}, which" if kind else "is on a file system that"
    return f"{path} {of} names no disk of this machine: how busy it is can't be told"


def mounted_at(path: str, mounts: Path) -> tuple[str, str]:
    """Return type and source of the file system that ``path`` is on; "" if unknown."""
    try:
        every = list(_mounts(mounts.read_text(errors="surrogateescape")))
    except OSError:
        return "", ""
    real = os.path.realpath(path)
    best = ("", "", "")
    for place, kind, source in every:
        inside = real == place or real.startswith(place.rstrip("/") + "/")
        # Of two on the same place the later one hides the earlier.
        if inside and len(place) >= len(best[0]):
            best = place, kind, source
    return best[1:]


def _mounts(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield of /proc/self/mountinfo: where it is mounted, its type, its source.

    Spaces and the like are octal there.
    """
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, told = before.split(" "), after.split(" ")
        if len(fields) > 4 and len(told) > 1:
            place = re.sub(r"\\([0-7]{3})", lambda o: chr(int(o[1], 8)), fields[4])
            yield place, told[0], told[1]


def counted_in(stat: str) -> tuple[int | None, int | None, int | None]:
    """Return busy milliseconds, bytes read and bytes written, as ``stat`` tells them.

    Older kernels count no time of a RAID: always none is not the same as idle.
    """
    fields = stat.split()
    if len(fields) < 10 or not all(one.isdigit() for one in fields[:10]):
        return None, None, None
    read, written, busy = (int(fields[place]) for place in (2, 6, 9))
    return busy if busy or not read + written else None, read * SECTOR, written * SECTOR
