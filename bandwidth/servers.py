"""A row of the operator's to the source that asks a server, or reads its file."""

from pathlib import Path

from bandwidth.models import BandwidthSource
from bandwidth.sources import Source
from bandwidth.sources.docker import DockerSource
from bandwidth.sources.exporters import CADVISOR, GLANCES, NETDATA, NODE, ExporterSource
from bandwidth.sources.glances import GlancesSource
from bandwidth.sources.http import Asked
from bandwidth.sources.nginx import AccountingLog, StubStatus, Zones
from bandwidth.sources.prometheus import PrometheusSource

Kind = BandwidthSource.Kind
EXPORTERS = {
    Kind.NODE_EXPORTER: NODE,
    Kind.CADVISOR: CADVISOR,
    Kind.NETDATA: NETDATA,
    Kind.GLANCES_EXPORTER: GLANCES,
}


def opened(row: BandwidthSource) -> Source:
    """Return the source of ``row``. Raises SourceProblem where it makes no sense."""
    if row.kind == Kind.NGINX_ACCOUNTING:
        return AccountingLog(Path(row.address), row.wanted)
    asked = Asked(row.address, row.timeout_ms / 1000)
    match row.kind:
        case Kind.DOCKER:
            return DockerSource(asked, row.wanted)
        case Kind.GLANCES:
            return GlancesSource(asked, row.wanted)
        case Kind.PROMETHEUS:
            return PrometheusSource(
                asked, row.received_expression, row.transmitted_expression
            )
        case Kind.STUB_STATUS:
            return StubStatus(asked)
        case Kind.NGINX_ZONES:
            return Zones(asked, row.wanted)
    return ExporterSource(EXPORTERS[Kind(row.kind)], asked, row.wanted)
