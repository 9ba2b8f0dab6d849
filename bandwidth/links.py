"""How fast an interface's link is, as the kernel tells it."""

import psutil

MEGABIT = 125_000  # bytes; the kernel's Mbit/s are decimal


def bytes_per_second(interface: str) -> int | None:
    """Return the link speed of ``interface``, or None where nobody knows it.

    Virtual machines and Wi-Fi report no speed, or one that means nothing.
    """
    stats = psutil.net_if_stats().get(interface)
    if stats is None or not 0 < stats.speed < 65535:
        return None
    return int(stats.speed) * MEGABIT
