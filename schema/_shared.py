"""One question for many: whoever comes while it is being asked waits for the next time, with all the others.

So whatever was true before somebody came is seen by them; and however many come, two questions are enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class Shared(Generic[T]):
    """Asks for whoever comes, once at a time. No answer was asked for before somebody who gets it came."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._waiting: list[asyncio.Future[T]] = []
        self._asking: asyncio.Task[None] | None = None

    async def get(self) -> T:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append(answer)
        if self._asking is None:
            self._asking = loop.create_task(self._for_all())
        return await answer

    async def _for_all(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                await _tell(waiting, self._ask)
        finally:
            self._asking = None


class Alike(Generic[K, T]):
    """Asks several questions at a time, but none of them twice: `key` says which are the same."""

    def __init__(self) -> None:
        self._waiting: dict[K, list[asyncio.Future[T]]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def get(self, key: K, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer to `ask`, or to one that was asked under the same key after this was called."""
        if (waiting := self._waiting.get(key)) is not None:
            answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            waiting.append(answer)
            return await answer
        self._waiting[key] = []
        try:
            return await ask()
        finally:
            self._next(key, ask)

    def _next(self, key: K, ask: Callable[[], Awaitable[T]]) -> None:
        if waiting := [each for each in self._waiting.pop(key) if not each.done()]:
            self._waiting[key] = []
            task = asyncio.get_running_loop().create_task(self._for(waiting, key, ask))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _for(self, waiting: list[asyncio.Future[T]], key: K, ask: Callable[[], Awaitable[T]]) -> None:
        try:
            await _tell(waiting, ask)
        finally:
            self._next(key, ask)


async def _tell(waiting: list[asyncio.Future[T]], ask: Callable[[], Awaitable[T]]) -> None:
    """Ask, and give the answer, or what went wrong, to whoever is still waiting."""
    try:
        answer = await ask()
    except Exception as error:  # noqa: BLE001 - it is theirs
        for each in waiting:
            if not each.done():
                each.set_exception(error)
    except BaseException:
        for each in waiting:
            each.cancel()
        raise
    else:
        for each in waiting:
            if not each.done():
                each.set_result(answer)
