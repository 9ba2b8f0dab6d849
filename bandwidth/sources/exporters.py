"""What is told in Prometheus' text format: node_exporter, cAdvisor, netdata, glances.

    node_exporter  node_network_{receive,transmit}_bytes_total{device}
    cAdvisor       container_network_{receive,transmit}_bytes_total{name,interface}
    netdata        netdata_net_net_total{chart="net.IF",dimension="received|sent"}
                   of /api/v1/allmetrics?format=prometheus&source=as-collected
    glances        glances_network_bytes_{recv,sent}_gauge{interface_name}; version 3:
                   cumulative_{rx,tx}; without `_gauge` it is what came of late

Read with the Prometheus project's own parser.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from bandwidth.sources import Counter, Reading, SourceProblem
from bandwidth.sources.http import Asked, ServerSource


@dataclass(frozen=True)
class Exporter:
    """Where an exporter has its counters. ``labels`` name an interface together.

    ``direction``: a label that tells received from sent, where one metric has both.
    """

    path: str
    received: tuple[str, ...]
    transmitted: tuple[str, ...]
    labels: tuple[str, ...]
    direction: str = ""
    speed: str = ""
    query: tuple[tuple[str, str], ...] = ()


NODE = Exporter(
    "/metrics",
    ("node_network_receive_bytes_total",),
    ("node_network_transmit_bytes_total",),
    ("device",),
    speed="node_network_speed_bytes",
)
CADVISOR = Exporter(
    "/metrics",
    ("container_network_receive_bytes_total",),
    ("container_network_transmit_bytes_total",),
    ("name", "interface"),
)
NETDATA = Exporter(
    "/api/v1/allmetrics",
    ("netdata_net_net_total",),
    ("netdata_net_net_total",),
    ("family",),
    direction="dimension",
    query=(("format", "prometheus"), ("source", "as-collected")),
)
GLANCES = Exporter(
    "/metrics",
    ("glances_network_bytes_recv_gauge", "glances_network_cumulative_rx"),
    ("glances_network_bytes_sent_gauge", "glances_network_cumulative_tx"),
    ("interface_name",),
)


class ExporterSource(ServerSource):
    """Reads an exporter; ``wanted`` names one interface, or container, or is ""."""

    def __init__(self, exporter: Exporter, asked: Asked, wanted: str = "") -> None:
        self._exporter = exporter
        super().__init__(asked)
        self._wanted = wanted

    async def read(self) -> Reading:
        exporter = self._exporter
        text = await self._asked.text(exporter.path, **dict(exporter.query))
        try:
            counters = counters_in(text, exporter)
        except ValueError as error:
            raise SourceProblem(
                f"{self._asked.address} answers with no metrics: {error}"
            ) from error
        if not counters:
            raise SourceProblem(
                f"{self._asked.address} has no metric {exporter.received[0]}"
            )
        return Reading(chosen(counters, self._wanted))


def chosen(counters: list[Counter], wanted: str) -> list[Counter]:
    """Return those that ``wanted`` names: by all of a name or one part of it."""
    if not wanted:
        return counters
    found = [one for one in counters if wanted in (one.name, *one.name.split("/"))]
    if not found:
        names = ", ".join(sorted(one.name for one in counters)[:10])
        raise SourceProblem(f"it has no {wanted!r}, but {names}")
    return found


def counters_in(text: str, exporter: Exporter) -> list[Counter]:
    """Return the counters that ``text`` holds. Raises ValueError where it is none."""
    received: dict[str, int] = {}
    transmitted: dict[str, int] = {}
    speeds: dict[str, int] = {}
    for sample in _samples(text):
        name = "/".join(filter(None, map(sample.labels.get, exporter.labels)))
        value = int(sample.value) if sample.value >= 0 else None
        if not name or value is None:
            continue  # -125000 is what node_exporter makes of a speed of -1
        direction = sample.labels.get(exporter.direction, "")
        if sample.name in exporter.received and direction in ("", "received"):
            received.setdefault(name, value)
        if sample.name in exporter.transmitted and direction in ("", "sent"):
            transmitted.setdefault(name, value)
        if sample.name == exporter.speed and value:
            speeds[name] = value
    return [
        Counter(name, received[name], transmitted[name], speeds.get(name))
        for name in received
        if name in transmitted
    ]


def _samples(text: str) -> Iterable[Sample]:
    for family in text_string_to_metric_families(text):
        yield from family.samples
