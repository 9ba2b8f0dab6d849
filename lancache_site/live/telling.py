"""A message as an audience may hear it: no hidden client, no address on a kiosk. Pure.

What is left of the message has the same shape.
"""

from collections.abc import Mapping
from typing import Any

from downloads.clients.showing import Shown
from lancache_site.live.audience import Audience

Message = dict[str, Any]
ROWS = {"downloads": "downloads", "sockets": "clients"}  # type -> where its rows are
NAMELESS = "a client without a name"
FAULTY = "it can't be read now"


def addresses_in(message: Message) -> set[str]:
    """Return the addresses whose clients have to be known to tell of it."""
    return {row["client"] for row in message.get(ROWS.get(message["type"], ""), [])}


def told(message: Message, to: Audience, known: Mapping[str, Shown]) -> Message:
    kind = message["type"]
    if kind == "sample":
        return _sample_for_kiosk(message) if to.is_kiosk else message
    if kind not in ROWS:
        return message
    rows = [
        _row(row, known[row["client"]], to)
        for row in message[ROWS[kind]]
        if not known[row["client"]].hidden
    ]
    return {**message, ROWS[kind]: rows}


def _row(row: Message, client: Shown, to: Audience) -> Message:
    told = {**row, "client": client.address, "clientName": client.name}
    if to.is_kiosk:
        told.pop("url", None)
        if not to.sees_addresses:
            told["client"] = None
            told["clientName"] = client.name or NAMELESS
    return told


def _sample_for_kiosk(sample: Message) -> Message:
    """Leave out what is for the operator: hints, paths, other hosts' addresses."""
    sources = [
        {
            "source": one["source"],
            "problem": one["problem"] and FAULTY,
            "remark": "",
        }
        for one in sample.get("sources", [])
    ]
    return {**sample, "sources": sources, "hints": [], "disks": []}
