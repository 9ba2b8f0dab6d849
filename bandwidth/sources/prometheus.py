"""A Prometheus server: expressions of the operator's, one for each direction.

    node_network_receive_bytes_total{instance="cache:9100",device="eth0"}

They must give counters, not rates; every series of an answer is one interface.
"""

import json
from typing import Any

from bandwidth.sources import Counter, Reading, SourceProblem
from bandwidth.sources.http import Asked, ServerSource

# What tells series apart, from the most to the least telling.
NAMES = ("interface", "device", "name", "instance", "job")


class PrometheusSource(ServerSource):
    def __init__(self, asked: Asked, received: str, transmitted: str) -> None:
        super().__init__(asked)
        self._received = received
        self._transmitted = transmitted

    async def read(self) -> Reading:
        received = await self._series(self._received)
        transmitted = await self._series(self._transmitted)
        both = [
            Counter(name, received.get(name), transmitted.get(name))
            for name in sorted(received.keys() | transmitted.keys())
        ]
        if not both:
            raise SourceProblem("neither expression gives a series now")
        return Reading(both)

    async def _series(self, expression: str) -> dict[str, int]:
        if not expression:
            return {}
        text = await self._asked.text("/api/v1/query", query=expression)
        try:
            return series_in(json.loads(text))
        except ValueError as error:
            raise SourceProblem(f"{expression}: {error}") from error


def series_in(answer: Any) -> dict[str, int]:
    """Return name -> value of an instant vector. Raises ValueError."""
    if not isinstance(answer, dict):
        raise ValueError("no answer of Prometheus'")
    if answer.get("status") != "success":
        raise ValueError(str(answer.get("error", "no success")))
    data = answer.get("data", {})
    if data.get("resultType") != "vector":
        raise ValueError(f"gives a {data.get('resultType')}, no vector")
    try:
        return {
            _name(one["metric"]): int(float(one["value"][1])) for one in data["result"]
        }
    except (KeyError, IndexError, TypeError, OverflowError) as error:
        raise ValueError(f"gives no numbers ({error!r})") from error


def _name(labels: dict[str, str]) -> str:
    return "/".join(labels[name] for name in NAMES if labels.get(name)) or "total"
