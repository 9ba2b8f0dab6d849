"""Work that many listeners ask for at once, done once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
# Units times time zones times what is seen: more than any LAN has.
MOST = 256


class Shared(Generic[T]):
    """For each key the newest answer, and what it answered; for one event loop."""

    def __init__(self) -> None:
        self._newest: dict[Hashable, tuple[str, asyncio.Future[T]]] = {}

    async def get(
        self, key: Hashable, question: str, answer: Callable[[], Awaitable[T]]
    ) -> T:
        """Return the answer to ``question``, which the first who asks works out."""
        held = self._newest.get(key)
        if held is None or held[0] != question or _failed(held[1]):
            if len(self._newest) >= MOST:
                self._newest.clear()
            held = question, asyncio.ensure_future(answer())
            self._newest[key] = held
        if held[1].done():
            return held[1].result()
        # Who leaves meanwhile takes nothing away from the others.
        return await asyncio.shield(held[1])


def _failed(future: asyncio.Future[T]) -> bool:
    return future.done() and (future.cancelled() or future.exception() is not None)
