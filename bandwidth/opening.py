"""A row of the operator's to the source that reads it."""

from collections.abc import Iterable

from django.conf import settings

from bandwidth.models import BandwidthSource
from bandwidth.sampling import Watched
from bandwidth.sources import Reading, Source, SourceProblem
from bandwidth.sources.disk import DiskSource
from bandwidth.sources.host import HostSource
from bandwidth.sources.sockets import SocketsSource, ports_in

Kind = BandwidthSource.Kind


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
    # Most ask no server: what that takes is a fifth of the sampler's memory.
    from bandwidth import servers

    return servers.opened(row)


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
