"""A container's own counters, from Docker's API or podman's Docker-compatible one.

    GET /v1.41/containers/NAME/stats?stream=false&one-shot=true

Docker tells `networks.<interface>.{rx,tx}_bytes` as the container sees them, and
nothing at all for a container on the host's network. podman calls the key `network`,
and swaps rx and tx against Docker.
"""

import json
from typing import Any
from urllib.parse import quote

from bandwidth.sources import Counter, Reading, SourceProblem
from bandwidth.sources.http import Asked, ServerSource

VERSION = "/v1.41"


class DockerSource(ServerSource):
    def __init__(self, asked: Asked, container: str) -> None:
        if not container:
            raise SourceProblem("name the container")
        super().__init__(asked)
        self._container = container

    async def read(self) -> Reading:
        path = f"{VERSION}/containers/{quote(self._container, safe='')}/stats"
        text = await self._asked.text(path, **{"stream": "false", "one-shot": "true"})
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise SourceProblem(f"{self._asked.address} answers no JSON") from error
        return Reading(counters_in(answer, self._container))


def counters_in(answer: Any, container: str) -> list[Counter]:
    """Return the counters of each network of a container. Raises SourceProblem."""
    if not isinstance(answer, dict):
        raise SourceProblem(f"{container}: no statistics of a container")
    swapped = "networks" not in answer and "network" in answer
    networks = answer.get("networks") or answer.get("network")
    if not networks:
        raise SourceProblem(
            f"{container} has no counters of its own: it is on the host's network"
            " (or stopped). Watch the host's interface instead"
        )
    try:
        return [
            _counter(f"{container}/{name}", one["rx_bytes"], one["tx_bytes"], swapped)
            for name, one in networks.items()
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SourceProblem(f"{container}: its networks have no bytes") from error


def _counter(name: str, rx: Any, tx: Any, swapped: bool) -> Counter:
    received, transmitted = (int(tx), int(rx)) if swapped else (int(rx), int(tx))
    return Counter(name, received, transmitted)
