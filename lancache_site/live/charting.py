"""What the page's charts are drawn from, as JSON; in bytes per second, null = unknown.

{"v": 1, "type": "chart", "whole": whether it is the start of a line or goes on, "now":
 the server's clock in epoch seconds, "at": [the samples' epoch seconds], "lines":
 [{"source", "interface", "download": [one for each sample], "upload": [likewise]}]}
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from bandwidth.history import Line, Peak, Range, Way
from bandwidth.messages import VERSION
from bandwidth.models import BandwidthSource
from downloads import quantities
from lancache_site.live.telling import Message

Direction = BandwidthSource.Direction


def live(samples: Sequence[Message], now: float, whole: bool) -> Message:
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for place, sample in enumerate(samples):
        for one in sample["interfaces"]:
            if one["downloadBytesPerSecond"] is None and not whole:
                continue
            key = (one["source"], one["interface"])
            line = lines.setdefault(
                key,
                {
                    "source": key[0],
                    "interface": key[1],
                    "download": [None] * len(samples),
                    "upload": [None] * len(samples),
                },
            )
            line["download"][place] = _whole_number(one["downloadBytesPerSecond"])
            line["upload"][place] = _whole_number(one["uploadBytesPerSecond"])
    return {
        "v": VERSION,
        "type": "chart",
        "whole": whole,
        "now": round(now, 3),
        "at": [sample["at"] for sample in samples],
        "lines": [line for line in lines.values() if _tells(line)],
    }


def _tells(line: dict[str, Any]) -> bool:
    """Whether there is anything to draw: some count requests only."""
    return any(rate is not None for rate in line["download"])


def _whole_number(rate: float | None) -> int | None:
    return None if rate is None else round(rate)


def past(start: int, over: Range, lines: Sequence[Line], names: dict[int, Any]) -> Any:
    """Return a range as JSON: as "chart", with "start" and "step" instead of "at",
    "downloadMost" and "uploadMost" beside the means, and "peaks" with a text of each.
    Who asks for it adds a "note" on what the logs tell of it, or "".

    ``names``: (name, which way is to the clients) by the primary key of a source.
    """
    drawn = []
    for line in lines:
        name, to_clients = names[line.source]
        down = line.ways[to_clients]
        up = next(way for key, way in line.ways.items() if key != to_clients)
        drawn.append(
            {
                "source": name,
                "interface": line.interface,
                "download": down.mean,
                "downloadMost": down.most,
                "upload": up.mean,
                "uploadMost": up.most,
                "peaks": {"download": _peak(down), "upload": _peak(up)},
            }
        )
    return {
        "v": VERSION, "type": "history", "start": start, "step": over.step,
        "count": over.span // over.step, "lines": drawn,
    }  # fmt: skip


def _peak(way: Way) -> dict[str, Any] | None:
    if way.peak is None:
        return None
    return {
        "at": way.peak.at,
        "bytesPerSecond": way.peak.bytes_per_second,
        "rate": quantities.rate(way.peak.bytes_per_second),
        "moment": _moment(way.peak),
    }


def _moment(peak: Peak) -> str:
    local = timezone.localtime(datetime.fromtimestamp(peak.at, UTC))
    return date_format(local, "D j M, H:i:s" if peak.is_exact else "D j M, H:i")
