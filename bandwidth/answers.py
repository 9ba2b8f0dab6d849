"""What a source answers when the operator tests it, in words."""

import asyncio

from humanize import naturalsize

from bandwidth.models import BandwidthSource
from bandwidth.opening import opened
from bandwidth.sources import Connection, Counter, Disk, SourceProblem

TOLD = 20  # interfaces, or clients, that a test names


async def answer(row: BandwidthSource) -> str:
    source = opened(row)
    try:
        async with asyncio.timeout(row.timeout_ms / 1000):
            reading = await source.read()
    except TimeoutError as error:
        raise SourceProblem(f"no answer within {row.timeout_ms} ms") from error
    finally:
        await source.close()
    told = [_told(one) for one in reading.counters[:TOLD]]
    told += [_told_of_disk(disk) for disk in reading.disks]
    if reading.connections is not None:
        told += _told_of_clients(reading.connections)
    return "; ".join([*told, *filter(None, [reading.remark])]) or "it has no counter"


async def rivals(row: BandwidthSource) -> list[Counter]:
    """Return what it could watch instead of what it watches."""
    source = opened(row)
    try:
        await source.read()
        return await source.rivals()
    finally:
        await source.close()


def _told(one: Counter) -> str:
    parts = []
    if one.received is not None and one.transmitted is not None:
        parts.append(f"{one.received:,} bytes received")
        parts.append(f"{one.transmitted:,} transmitted")
    if one.requests is not None:
        parts.append(f"{one.requests:,} requests")
    if one.connections is not None:
        parts.append(f"{one.connections:,} connections open")
    return f"{one.name}: {', '.join(parts)}"


def _told_of_disk(disk: Disk) -> str:
    parts = [f"{naturalsize(disk.free)} free of {naturalsize(disk.size)}"]
    if disk.read is not None and disk.written is not None:
        parts.append(f"{disk.read:,} bytes read")
        parts.append(f"{disk.written:,} written")
    if disk.busy_ms is not None:
        parts.append(f"busy for {disk.busy_ms / 1000:,.0f} s since the start")
    on = f" on {disk.device}" if disk.device else ""
    return f"{disk.path}{on}: {', '.join(parts)}"


def _told_of_clients(connections: list[Connection]) -> list[str]:
    by_client: dict[str, list[Connection]] = {}
    for one in connections:
        by_client.setdefault(one.client, []).append(one)
    told = [f"{len(connections):,} connections of {len(by_client):,} clients"]
    for client, its in list(by_client.items())[:TOLD]:
        acked = sum(one.bytes_acked for one in its)
        told.append(f"{client}: {len(its):,}, which have carried {acked:,} bytes")
    return told
