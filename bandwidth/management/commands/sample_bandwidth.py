"""Samples bandwidth until it is told to stop."""

import asyncio
import signal
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from bandwidth import clients, opening, storing
from bandwidth.broadcasting import Broadcast
from bandwidth.rollup import AnyRow
from bandwidth.sampling import Sampler, Watched

# How often the operator's sources are looked up again.
LOOK_SECONDS = 5


class Command(BaseCommand):
    help = "Read every bandwidth source at each interval, publish and store it."
    # They would load every page, 30 MB, into a process that has none. `up` runs them.
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(sample(settings.BANDWIDTH_SAMPLE_INTERVAL / 1000))


async def sample(interval: float) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    broadcast = Broadcast(settings.REDIS_URL, interval)
    sampler = Sampler([], interval, broadcast, _store)
    looking = asyncio.create_task(_look(sampler, stopping))
    await sampler.run(stopping)
    await looking
    await broadcast.close()


async def _look(sampler: Sampler, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        # Without a database it is watched what was watched before.
        with suppress(DatabaseError):
            await sampler.watch(await _watched(sampler.watched))
            sampler.called = await _called(sampler.addresses())
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK_SECONDS)


@sync_to_async
def _watched(known: list[Watched]) -> list[Watched]:
    close_old_connections()
    return opening.watched(known)


@sync_to_async
def _called(addresses: Collection[str]) -> dict[str, str]:
    close_old_connections()
    found = clients.called(addresses)
    return {address: one.name for address, one in found.items() if not one.is_hidden}


@sync_to_async
def _store(rows: Sequence[AnyRow]) -> None:
    close_old_connections()
    storing.store(rows)
