"""gzip and zstd as streams: several members in a row, unfinished and damaged ends."""

import sys
import zlib
from collections.abc import Callable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZ, ZST = "gz", "zst"
INPUT = 64 << 10  # compressed bytes taken at a time
STEP = 256 << 10  # decompressed bytes at most from one of them

# Reads (size, position) of the compressed file; b"" where it ends.
Pread = Callable[[int, int], bytes]


class DamagedFile(Exception):
    """Compressed data that is broken or ends too early; what came before was given."""


def compression_of(beginning: bytes) -> str:
    """Return "gz", "zst" or "", by the magic number; 4 bytes are enough."""
    if beginning[:3] == b"\x1f\x8b\x08":
        return GZ
    skippable = beginning[1:4] == b"\x2a\x4d\x18" and beginning[0] >> 4 == 5
    return ZST if skippable or beginning[:4] == b"\x28\xb5\x2f\xfd" else ""


class _Gzip:
    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self.hungry = True

    def step(self, data: bytes, size: int) -> tuple[bytes, bytes]:
        out = self._member.decompress(data, size)
        rest = self._member.unconsumed_tail or self._member.unused_data
        # A full output may leave more inside although no input is left.
        self.hungry = len(out) < size
        return out, rest

    @property
    def ended(self) -> bool:
        return self._member.eof


class _Zstd:
    def __init__(self) -> None:
        self._frame = zstd.ZstdDecompressor()
        self.hungry = True

    def step(self, data: bytes, size: int) -> tuple[bytes, bytes]:
        out = self._frame.decompress(data, size)
        self.hungry = self._frame.needs_input
        return out, self._frame.unused_data if self._frame.eof else b""

    @property
    def ended(self) -> bool:
        return self._frame.eof


class Unpacker:
    """Decompressed bytes, one after the other; goes on when the file has grown."""

    def __init__(self, compression: str, pread: Pread, taking: int = INPUT) -> None:
        self.position = 0  # decompressed bytes given so far
        self.broken = ""  # why nothing more can be given, ever
        self._compression = compression
        self._pread = pread
        self._taking = taking
        self._taken = 0  # compressed bytes
        self._pending = b""
        self._member: _Gzip | _Zstd | None = None
        self._exhausted = False

    @property
    def finished(self) -> bool:
        """Whether all was given, and the file ends where its data does."""
        return self._exhausted and self._member is None and not self.broken

    @property
    def damage(self) -> str:
        """Why less than a whole file was given, as far as is known by now; or ""."""
        if self.broken:
            return f"its compressed data is damaged ({self.broken})"
        if self._exhausted and self._member is not None:
            return "its compressed data ends too early: cut off, or still being written"
        return ""

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, fewer only at the end or before damage."""
        parts: list[bytes] = []
        while size > 0 and not self.broken and self._fed():
            try:
                out = self._step(min(size, STEP))
            except (zlib.error, zstd.ZstdError) as error:
                out = self._salvaged(size, str(error))
            parts.append(out)
            size -= len(out)
        return b"".join(parts)

    def _fed(self) -> bool:
        """Take more input if it is needed; return whether there is work to do."""
        while not self._pending:
            if self._member is not None and not self._member.hungry:
                return True
            self._pending = self._pread(self._taking, self._taken)
            self._taken += len(self._pending)
            self._exhausted = not self._pending
            if self._exhausted:
                return False
            if self._member is None:
                self._pending = self._pending.lstrip(b"\0")  # padding of tapes
        return True

    def _step(self, size: int) -> bytes:
        if self._member is None:
            self._member = _Gzip() if self._compression == GZ else _Zstd()
        out, self._pending = self._member.step(self._pending, size)
        if self._member.ended:
            self._member = None
            self._pending = self._pending.lstrip(b"\0")
        self.position += len(out)
        return out

    def _sip(self) -> bytes:
        """Take a byte at most and give one: nothing is decoded along with damage."""
        rest, self._pending = self._pending[1:], self._pending[:1]
        out = self._step(1)
        self._pending += rest
        if self._member is None:
            self._pending = self._pending.lstrip(b"\0")
        return out

    def _salvaged(self, size: int, error: str) -> bytes:
        """Return what stands before the damage: a failing call gives nothing back.

        Costs reading from the start once more, then a byte at a time.
        """
        again = Unpacker(self._compression, self._pread, taking=1 << 10)
        while again.position < self.position:
            if not again.read(min(STEP, self.position - again.position)):
                break
        saved = bytearray()
        try:
            while len(saved) < size and again._fed():
                saved += again._sip()
        except (zlib.error, zstd.ZstdError):
            self.broken, self._member = error, None
        else:
            # Not that far yet: what failed is of no further use.
            self._member, self._pending = again._member, again._pending
            self._taken = again._taken
        self.position += len(saved)
        return bytes(saved)
