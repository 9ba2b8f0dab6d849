"""What nginx itself counts: by zone where a module does it, else requests only.

    stub_status         /nginx_status (LANCache serves it on :8080): no bytes at all
    VTS                 /status/format/json: serverZones.NAME.{inBytes,outBytes}
    NGINX Plus          /api/9/http/server_zones: NAME.{received,sent}
    traffic-accounting  a log: `..|accounting_id:ID|requests:N|bytes_in:N|bytes_out:N`
                        every interval, of that interval

VTS, NGINX Plus and traffic-accounting by their documentation: none is in Debian.
"""

import json
import re
from pathlib import Path
from typing import Any

from bandwidth.sources import Counter, Reading, Source, SourceProblem
from bandwidth.sources.exporters import chosen
from bandwidth.sources.http import Asked, ServerSource

_STUB = re.compile(
    r"Active connections: (\d+)\s+server accepts handled requests\s+\d+ \d+ (\d+)"
)
_ACCOUNTED = re.compile(
    rb"\|accounting_id:([^|]{1,200})\|requests:(\d+)\|bytes_in:(\d+)\|bytes_out:(\d+)"
)
AT_ONCE = 1 << 20


class StubStatus(ServerSource):
    async def read(self) -> Reading:
        found = _STUB.search(await self._asked.text())
        if not found:
            raise SourceProblem(f"{self._asked.address} answers no stub_status")
        counter = Counter("nginx", connections=int(found[1]), requests=int(found[2]))
        return Reading([counter], "nginx counts no bytes here")


class Zones(ServerSource):
    """VTS or NGINX Plus; ``wanted`` names a zone, or is ""."""

    def __init__(self, asked: Asked, wanted: str = "") -> None:
        super().__init__(asked)
        self._wanted = wanted

    async def read(self) -> Reading:
        try:
            answer = json.loads(await self._asked.text())
        except ValueError as error:
            raise SourceProblem(f"{self._asked.address} answers no JSON") from error
        return Reading(chosen(zones_in(answer), self._wanted))


def zones_in(answer: Any) -> list[Counter]:
    """Return the counters of each zone of either module. Raises SourceProblem."""
    if not isinstance(answer, dict):
        raise SourceProblem("it tells no zones")
    received, sent, requests = "received", "sent", "requests"
    zones = answer
    if "serverZones" in answer:
        received, sent, requests = "inBytes", "outBytes", "requestCounter"
        zones = answer["serverZones"]
    found = [
        Counter(
            # VTS calls the sum of all by a star.
            "all" if name == "*" else name,
            int(zone[received]),
            int(zone[sent]),
            requests=int(zone[requests]) if requests in zone else None,
        )
        for name, zone in zones.items()
        if isinstance(zone, dict) and received in zone and sent in zone
    ]
    if not found:
        raise SourceProblem("it tells no zones")
    return found


class AccountingLog(Source):
    """Adds up what the module has logged since this began to read; from its end."""

    def __init__(self, path: Path, wanted: str = "") -> None:
        self._path = path
        self._wanted = wanted
        self._position: int | None = None
        self._inode = 0
        self._totals: dict[str, list[int]] = {}

    async def read(self) -> Reading:
        try:
            lines = self._new_lines()
        except OSError as error:
            raise SourceProblem(f"{self._path}: {error.strerror}") from error
        for name, *numbers in _ACCOUNTED.findall(lines):
            totals = self._totals.setdefault(name.decode("utf-8", "replace"), [0, 0, 0])
            for place, number in enumerate(numbers):
                totals[place] += int(number)
        counters = [
            Counter(name, received, sent, requests=requests)
            for name, (requests, received, sent) in self._totals.items()
        ]
        return Reading(chosen(counters, self._wanted) if counters else [])

    def _new_lines(self) -> bytes:
        with self._path.open("rb") as file:
            inode = self._path.stat().st_ino
            end = file.seek(0, 2)
            if self._position is None:
                self._position = end
            elif inode != self._inode or end < self._position:
                self._position = 0
            self._inode = inode
            file.seek(self._position)
            data = file.read(AT_ONCE)
        whole = data[: data.rfind(b"\n") + 1]
        self._position += len(whole)
        return whole
