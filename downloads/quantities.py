"""Bytes, rates and times as people read them: `7.96 GB`, `125.4 MB/s`, `1m 45s`. Pure.

A reader may prefer rates in bits (`1.003 Gbit/s`) or binary prefixes (`119.6 MiB/s`).
What goes in is always bytes, or bytes a second; a size is never written in bits. The
unit always says which it is: `B` and `bit`, decimal `k` and binary `Ki`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

MINUTE, HOUR, DAY = 60, 3600, 86400
DECIMAL = ("", "k", "M", "G", "T", "P", "E")
BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


@dataclass(frozen=True)
class Units:
    """How one reader has quantities written."""

    rates_in_bits: bool = False
    binary: bool = False

    @property
    def base(self) -> int:
        return 1024 if self.binary else 1000

    @property
    def prefixes(self) -> tuple[str, ...]:
        return BINARY if self.binary else DECIMAL


# For exports and the API, which are for no one; `_units`: of whoever this thread or
# task writes a page for.
PLAIN = Units()
_units: ContextVar[Units] = ContextVar("units", default=PLAIN)


@contextmanager
def written_in(units: Units) -> Iterator[None]:
    """Have every quantity written in ``units`` until the block ends."""
    token = _units.set(units)
    try:
        yield
    finally:
        _units.reset(token)


def size(count: int) -> str:
    """Return a number of bytes to three digits: `512 B`, `7.96 GB`, `79.6 GB`."""
    value, prefix, places = _scaled(count, _three_digits)
    return f"{value:.{places}f} {prefix}B"


def rate(bytes_per_second: float) -> str:
    """Return bytes per second: `0 B/s`, `45.2 MB/s`, `1.25 GB/s`, `10.000 Gbit/s`."""
    if _units.get().rates_in_bits:
        value, prefix, places = _scaled(8 * bytes_per_second, _places_of_bits)
        return f"{value:.{places}f} {prefix}bit/s"
    value, prefix, places = _scaled(bytes_per_second, _places_of_bytes)
    return f"{value:.{places}f} {prefix}B/s"


def exact_rate(bytes_per_second: float) -> str:
    """Return it to the byte or bit: `125,400,000 bytes per second`."""
    if _units.get().rates_in_bits:
        return f"{8 * bytes_per_second:,.0f} bits per second"
    return f"{bytes_per_second:,.0f} bytes per second"


def axis(largest: int) -> tuple[int, str]:
    """Return how many bytes one step of an axis up to ``largest`` is, and its unit."""
    units = _units.get()
    _value, prefix, _places = _scaled(largest, _three_digits)
    return units.base ** units.prefixes.index(prefix), f"{prefix}B"


def mega_bytes() -> tuple[int, str]:
    """Return how many bytes a `MB` or `MiB` is, and which of them the reader has."""
    units = _units.get()
    return units.base**2, f"{units.prefixes[2]}B"


def mega_rate() -> tuple[float, str]:
    """Return how many bytes per second a `MB/s` or `Mibit/s` is, and which it is."""
    units = _units.get()
    if units.rates_in_bits:
        return units.base**2 / 8, f"{units.prefixes[2]}bit/s"
    return float(units.base**2), f"{units.prefixes[2]}B/s"


def duration(seconds: float) -> str:
    """Return a time in its two largest units: `410ms`, `4.2s`, `1m 45s`, `2h 5m`."""
    if 0 < seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if 0 < seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m {whole % MINUTE}s"
    if whole < DAY:
        return f"{whole // HOUR}h {whole % HOUR // MINUTE}m"
    return f"{whole // DAY}d {whole % DAY // HOUR}h"


def share(part: int, whole: int) -> str:
    """Return a part in percent; 0 % and 100 % are said of nothing and of all only."""
    percent = 100 * part / whole
    if 0 < percent < 0.5:
        return "<1 %"
    if 99.5 <= percent < 100:
        return ">99 %"
    return f"{percent:.0f} %"


# (value, power of the prefix) -> digits after the point.
Places = Callable[[float, int], int]


def _three_digits(value: float, power: int) -> int:
    # What rounds up to the next digit needs a place less: 9.996 is 10.0, not 10.00.
    if not power:
        return 0
    return 2 if value < 9.995 else 1 if value < 99.95 else 0


def _places_of_bytes(value: float, power: int) -> int:
    # The tenth of a gigabyte is as coarse as a whole gigabit: one place more.
    return min(power, 1) if power < 3 else 2


def _places_of_bits(value: float, power: int) -> int:
    return min(power, 1) if power < 3 else 3


def _scaled(value: float, places: Places) -> tuple[float, str, int]:
    """Return ``value`` with the prefix under which it shows as less than its base."""
    units, power = _units.get(), 0
    last = len(units.prefixes) - 1
    while power < last and round(value, places(value, power)) >= units.base:
        value /= units.base
        power += 1
    return value, units.prefixes[power], places(value, power)
