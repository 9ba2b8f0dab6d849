"""A message as fragments of the page, each with the id of what it takes the place of.

Written in the units and the time zone that hold where this is called.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format

from downloads import quantities
from lancache_site.live.telling import Message

Interface = dict[str, Any]
UNKNOWN = "–"
LIMITS = {"client": "the client", "cache": "this cache", "network": "the network"}
# One that is full has no room for the next title.
NEARLY_FULL = 0.95
BUSY = 0.9


def fragments(message: Message) -> str:
    """Return the HTML that shows ``message``; "" where none does."""
    match message["type"]:
        case "sample":
            return _sample(message)
        case "downloads":
            return _rendered("downloads", **downloads(message))
        case "sockets":
            return _rendered("connections", **connections(message))
    return ""


def _rendered(name: str, **context: Any) -> str:
    return render_to_string(f"_fragments/{name}.html", context)


def _sample(message: Message) -> str:
    return "".join(
        [
            _rendered("figures", ways=figures(message["interfaces"])),
            _rendered("hints", hints=hints(message)),
            _rendered("interfaces", interfaces=interfaces(message["interfaces"])),
            _rendered("disks", disks=[_disk(one) for one in message.get("disks", [])]),
        ]
    )


def main_interface(interfaces: Sequence[Interface]) -> Interface | None:
    """Return the one for the large figures: real, up, and with a known link if any."""

    def merit(one: Interface) -> tuple[bool, ...]:
        has_rates = one["downloadBytesPerSecond"] is not None
        is_up = one.get("isUp") is not False
        has_link = bool(one.get("linkBytesPerSecond"))
        return has_rates, is_up, not one.get("isVirtual"), has_link

    return max(interfaces, key=merit, default=None)


def figures(interfaces: Sequence[Interface]) -> list[dict[str, Any]]:
    """Return both ways of the main interface, each with its share of the link."""
    main = main_interface(interfaces) or {}
    link = main.get("linkBytesPerSecond")
    return [
        {"id": key, "name": name, **_gauge(main.get(field), link, main)}
        for key, name, field in (
            ("clients", "To the clients", "downloadBytesPerSecond"),
            ("internet", "From the internet", "uploadBytesPerSecond"),
        )
    ]


def _gauge(
    rate: float | None, link: float | None, main: Interface
) -> dict[str, str | float | None]:
    number, _space, unit = rate_text(rate).partition(" ")
    share = None if rate is None or not link else min(1.0, rate / link)
    if not main:
        note = "no interface is read"
    elif not link:
        note = f"{main['interface']}, link speed unknown"
    else:
        percent = UNKNOWN if share is None else f"{100 * share:.0f} %"
        note = f"{percent} of {quantities.rate(link)}, {main['interface']}"
    arc = None if share is None else round(100 * share, 1)
    return {"number": number, "unit": unit, "arc": arc, "note": note}


def hints(message: Message) -> list[dict[str, str]]:
    """Return what to look at: sources that do not answer first, then advice."""
    problems = [
        {"text": f"{one['source']}: {one['problem']}", "url": "", "kind": "problem"}
        for one in message.get("sources", [])
        if one.get("problem")
    ]
    advice = [
        {"text": one["text"], "url": one.get("url") or "", "kind": "hint"}
        for one in message.get("hints", [])
    ]
    return problems + advice


def interfaces(told: Iterable[Interface]) -> list[dict[str, str]]:
    return [
        {
            "name": one["interface"],
            "source": one["source"],
            "state": _state(one),
            "download": rate_text(one["downloadBytesPerSecond"]),
            "upload": rate_text(one["uploadBytesPerSecond"]),
            "link": quantities.rate(one["linkBytesPerSecond"])
            if one.get("linkBytesPerSecond")
            else UNKNOWN,
        }
        for one in told
    ]


def _state(one: Interface) -> str:
    said = []
    if one.get("isUp") is False:
        said.append("down")
    if one.get("isVirtual"):
        said.append("virtual")
    if one.get("connections") is not None:
        said.append(f"{one['connections']:,} connections")
    return ", ".join(said)


def _disk(one: dict[str, Any]) -> dict[str, Any]:
    busy, size, free = one["busyShare"], one["sizeBytes"], one["freeBytes"]
    used = (size - free) / size if size and free is not None else None
    return {
        "name": one["path"] or one["device"],
        "device": one["device"],
        "busy": _percent(busy),
        "busy_text": UNKNOWN if busy is None else f"{100 * busy:.0f} %",
        "is_busy": busy is not None and busy >= BUSY,
        "read": rate_text(one["readBytesPerSecond"]),
        "written": rate_text(one["writtenBytesPerSecond"]),
        "used": _percent(used),
        "is_full": used is not None and used >= NEARLY_FULL,
        "free": UNKNOWN if free is None else quantities.size(free),
        "size": UNKNOWN if size is None else quantities.size(size),
    }


def downloads(message: Message) -> dict[str, Any]:
    rows = [_download(row) for row in message["downloads"]]
    return {
        "at": message["at"],
        "rows": rows,
        "total": rate_text(message["bytesPerSecond"]) if rows else "",
        "more": message.get("more", 0),
    }


def _download(row: dict[str, Any]) -> dict[str, Any]:
    hit, left = row["hitShare"], row["secondsLeft"]
    silent = row["silentSeconds"]
    return {
        "id": row["id"],
        "url": row.get("url") or "",
        "title": row["title"] or "an unknown title",
        "service": row["service"] or "unknown",
        "client": row["clientName"] or row["client"],
        "address": row["client"] if row["clientName"] else "",
        "rate": rate_text(row["bytesPerSecond"]),
        "hit": _percent(hit),
        "hit_text": UNKNOWN if hit is None else _share(hit),
        "size": quantities.size(row["bytes"]),
        "started": _clock(row["startedAt"]),
        "started_at": row["startedAt"],
        "left": "" if left is None else quantities.duration(left),
        "silent": quantities.duration(round(silent)) if silent and silent >= 1 else "",
    }


def connections(message: Message) -> dict[str, Any]:
    rows = [
        {
            "name": row["clientName"] or row["client"],
            "address": row["client"] if row["clientName"] else "",
            "connections": row["connections"],
            "tls": row["tlsConnections"],
            "rate": rate_text(row["bytesPerSecond"]),
            "round_trip": UNKNOWN
            if row["roundTripMs"] is None
            else f"{row['roundTripMs']:.1f} ms",
            "retransmits": UNKNOWN
            if row["retransmitShare"] is None
            else _share(row["retransmitShare"]),
            "limit": row["limit"] or "",
            "limit_text": LIMITS.get(row["limit"] or "", ""),
            "silent": quantities.duration(round(row["silentSeconds"]))
            if row["silentSeconds"] and row["silentSeconds"] >= 1
            else "",
        }
        for row in message["clients"]
    ]
    return {"at": message["at"], "rows": rows}


def rate_text(bytes_per_second: float | None) -> str:
    return UNKNOWN if bytes_per_second is None else quantities.rate(bytes_per_second)


def _share(share: float) -> str:
    return quantities.share(round(share * 1_000_000), 1_000_000)


def _percent(share: float | None) -> float | None:
    """Return a width in percent, for a bar."""
    return None if share is None else round(100 * min(1.0, max(0.0, share)), 1)


def _clock(stamp: str) -> str:
    """Return an ISO time as pages show it; the day only where it is another one."""
    local = timezone.localtime(datetime.fromisoformat(stamp))
    is_today = local.date() == timezone.localtime(datetime.now(UTC)).date()
    return date_format(local, "H:i:s" if is_today else "j M H:i")
