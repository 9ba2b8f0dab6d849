"""Bytes, rates and times as people read them: `7.96 GB`, `125.4 MB/s`, `1m 45s`. Pure.

Everything here counts bytes, in decimal units; nothing here is a bit.
"""

UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
MINUTE, HOUR, DAY = 60, 3600, 86400


def size(count: int) -> str:
    """Return a number of bytes to three digits: `512 B`, `7.96 GB`, `79.6 GB`."""
    value, unit = _scaled(count, 999.5)
    if unit == "B":
        return f"{value:.0f} B"
    # What rounds up to the next digit needs a place less: 9.996 is 10.0, not 10.00.
    places = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{places}f} {unit}"


def rate(bytes_per_second: float) -> str:
    """Return bytes per second: `0 B/s`, `45.2 MB/s`, `1.25 GB/s`."""
    value, unit = _scaled(bytes_per_second, 999.95)
    # The tenth of a gigabyte is as coarse as a whole gigabit: one place more.
    places = {"B": 0, "kB": 1, "MB": 1}.get(unit, 2)
    return f"{value:.{places}f} {unit}/s"


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


def _scaled(value: float, most: float) -> tuple[float, str]:
    """Return ``value`` in the unit in which it shows as less than a thousand."""
    for unit in UNITS[:-1]:
        if value < most:
            return value, unit
        value /= 1000
    return value, UNITS[-1]
