"""A row of the operator's to the source that reads it."""

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from bandwidth.models import BandwidthSource
from bandwidth.sampling import Watched
from bandwidth.sources import Reading, Source, SourceProblem
from bandwidth.sources.disk import DiskSource
from bandwidth.sources.docker import DockerSource
from bandwidth.sources.exporters import CADVISOR, GLANCES, NETDATA, NODE, ExporterSource
from bandwidth.sources.glances import GlancesSource
from bandwidth.sources.host import HostSource
from bandwidth.sources.http import Asked
from bandwidth.sources.nginx import AccountingLog, StubStatus, Zones
from bandwidth.sources.prometheus import PrometheusSource
from bandwidth.sources.sockets import SocketsSource, ports_in

Kind = BandwidthSource.Kind
EXPORTERS = {
    Kind.NODE_EXPORTER: NODE,
    Kind.CADVISOR: CADVISOR,
    Kind.NETDATA: NETDATA,
    Kind.GLANCES_EXPORTER: GLANCES,
}


def opened(row: BandwidthSource) -> Source:
    """Return the source of ``row``. Raises SourceProblem where it makes no sense."""
    if row.kind == Kind.HOST:
        wanted = row.wanted or settings.LANCACHE_INTERFACE
        names = tuple(name.strip() for name in wanted.split(",") if name.strip())
        return HostSource(names, settings.HOST_PROC)
    if row.kind == Kind.DISK:
        return DiskSource(row.address)
    if row.kind == Kind.SOCKETS:
        return SocketsSource(ports_in(row.wanted), row.timeout_ms / 1000)
    if not row.address:
        raise SourceProblem("it needs an address")
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


def watched(known: Iterable[Watched] = ()) -> list[Watched]:
    """Return every enabled row's source, those of ``known`` that are as they were.

    A row that makes no sense says so itself when it is read.
    """
    as_before = {one.settings: one for one in known}
    found = []
    for row in BandwidthSource.objects.filter(enabled=True):
        settings_ = tuple(getattr(row, field.attname) for field in row._meta.fields)
        if settings_ in as_before:
            found.append(as_before[settings_])
            continue
        try:
            source: Source = opened(row)
        except SourceProblem as problem:
            source = Unusable(str(problem))
        towards = row.to_clients == BandwidthSource.Direction.TRANSMIT
        timeout = row.timeout_ms / 1000
        found.append(Watched(row.pk, row.name, source, timeout, towards, settings_))
    return found


class Unusable(Source):
    """Stands for a source that can't be opened, and says so when it is read."""

    def __init__(self, problem: str) -> None:
        self._problem = problem

    async def read(self) -> Reading:
        raise SourceProblem(self._problem)
