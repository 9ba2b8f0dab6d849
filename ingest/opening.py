"""A log's bytes by position, plain or unpacked: what lines are cut from."""

import os
from pathlib import Path

from ingest.unpacking import Unpacker

AT_ONCE = 1 << 20
KEPT = 256  # unpacked bytes kept before where reading stands


class FileReplaced(OSError):
    """Another file lies at the path by now."""


class Handle:
    """A file that is opened when it is needed, and never silently another one."""

    def __init__(self, path: Path, inode: int | None, device: int | None) -> None:
        self._path = path
        self._meant = None if inode is None else (inode, device)
        self._seen = self._meant
        self._fd: int | None = None

    def is_of(self, inode: int, device: int) -> bool:
        return self._meant == (inode, device)

    def release(self) -> None:
        """Close it until it is needed again: an open log keeps its disk space."""
        if self._fd is not None:
            os.close(self._fd)
        self._fd = None

    def forget(self) -> None:
        """Close it; if no file is meant, whichever lies there next will do."""
        self.release()
        self._seen = self._meant

    def fd(self) -> int:
        """Raises OSError; FileReplaced if it was renamed and another made."""
        if self._fd is None:
            # A pipe that took the log's place must not make us wait for a writer.
            fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            status = os.fstat(fd)
            identity = (status.st_ino, status.st_dev)
            if self._seen not in (None, identity):
                os.close(fd)
                raise FileReplaced(0, "another file lies here by now", str(self._path))
            self._seen, self._fd = identity, fd
        return self._fd

    def pread(self, size: int, position: int) -> bytes:
        return os.pread(self.fd(), size, position)


class Plain:
    """The bytes of a file as they are. They may become more, or fewer."""

    finished = False  # never known of a plain file: more may be appended
    damage = ""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def reach(self, position: int) -> int:
        """Return where the bytes end, or ``position`` if they go on after it."""
        return min(position, os.fstat(self._handle.fd()).st_size)

    def pread(self, size: int, position: int) -> bytes:
        return self._handle.pread(size, position)

    def skip_to(self, position: int) -> None:
        """Nothing has to be read to get anywhere in a plain file."""

    def trim(self, position: int) -> None:
        """Nothing is kept of a plain file."""


class Packed:
    """The unpacked bytes of a file, of which a window is kept in memory.

    Going on is cheap, going back before the window means to unpack from the start.
    """

    def __init__(self, handle: Handle, compression: str) -> None:
        self._handle = handle
        self._compression = compression
        self._unpacker = Unpacker(compression, handle.pread)
        self._start = 0
        self._window = bytearray()

    @property
    def finished(self) -> bool:
        return self._unpacker.finished

    @property
    def damage(self) -> str:
        return self._unpacker.damage

    def reach(self, position: int) -> int:
        """As Plain's; unpacks up to ``position`` and keeps what was not trimmed."""
        missing = position - self._unpacker.position
        while missing > 0 and (data := self._unpacker.read(min(missing, AT_ONCE))):
            self._window += data
            missing -= len(data)
        return min(position, self._unpacker.position)

    def pread(self, size: int, position: int) -> bytes:
        self.skip_to(position)
        self.reach(position + size)
        begin = position - self._start
        with memoryview(self._window) as window:
            return bytes(window[begin : begin + size])

    def skip_to(self, position: int) -> None:
        """Make ``position`` the next to read, without keeping what lies before it."""
        if position < self._start:
            self._unpacker = Unpacker(self._compression, self._handle.pread)
            self._start, self._window = 0, bytearray()
        while (here := self._unpacker.position) < position:
            if self.reach(min(here + AT_ONCE, position)) == here:
                break
            self.trim(self._unpacker.position)

    def trim(self, position: int) -> None:
        """Forget what lies further before ``position`` than a tail."""
        excess = position - KEPT - self._start
        if excess > 0:
            del self._window[:excess]
            self._start += excess
