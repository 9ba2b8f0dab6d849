"""glances' own web server: /api/4/network, and /api/3/network of older versions.

Version 4 tells counters as `bytes_recv_gauge` and `bytes_sent_gauge` (`bytes_recv` is
what came since the last refresh), version 3 as `cumulative_rx` and `cumulative_tx`. The
first answer after its start is all zero. `speed` is the kernel's Mbit/s times 2**20.
"""

import json
from typing import Any

from bandwidth.links import MEGABIT
from bandwidth.sources import Counter, Reading, SourceProblem
from bandwidth.sources.exporters import chosen
from bandwidth.sources.http import Asked, ServerSource

KEYS = (("bytes_recv_gauge", "bytes_sent_gauge"), ("cumulative_rx", "cumulative_tx"))


class GlancesSource(ServerSource):
    def __init__(self, asked: Asked, wanted: str = "") -> None:
        super().__init__(asked)
        self._wanted = wanted
        self._path = ""

    async def read(self) -> Reading:
        if self._path:
            return await self._read(self._path)
        try:
            reading = await self._read("/api/4/network")
            self._path = "/api/4/network"
        except SourceProblem as newer:
            try:
                reading = await self._read("/api/3/network")
            except SourceProblem:
                raise newer from None
            self._path = "/api/3/network"
        return reading

    async def _read(self, path: str) -> Reading:
        text = await self._asked.text(path)
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise SourceProblem(f"{self._asked.address} answers no JSON") from error
        return Reading(chosen(counters_in(answer), self._wanted))


def counters_in(answer: Any) -> list[Counter]:
    """Return the counters of each interface. Raises SourceProblem."""
    found = []
    for one in answer if isinstance(answer, list) else []:
        for received, transmitted in KEYS:
            if isinstance(one, dict) and received in one and transmitted in one:
                megabits = int(one.get("speed") or 0) >> 20
                found.append(
                    Counter(
                        str(one.get("interface_name", "")),
                        int(one[received]),
                        int(one[transmitted]),
                        megabits * MEGABIT if megabits > 0 else None,
                    )
                )
    if not found or not any(one.received or one.transmitted for one in found):
        raise SourceProblem("it tells no counters of an interface (yet)")
    return found
