"""How fast an interface's link is, as the kernel tells it."""

import psutil

MEGABIT = 125_000  # bytes; the kernel's Mbit/s are decimal


def bytes_per_second(interface: str) -> int | None:
    """Return the link speed of ``interface``, or None where nobody knows it."""
    stats = psutil.net_if_stats().get(interface)
    return of_megabits(stats.speed) if stats else None


def of_megabits(speed: int) -> int | None:
    """Return bytes per second of what the kernel says, or None where it means nothing.

    Virtual machines and Wi-Fi report no speed, or one of their own invention.
    """
    return int(speed) * MEGABIT if 0 < speed < 65535 else None
