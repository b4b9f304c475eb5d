"""How long an operation may take: one timer for all that are under way, for nearly all end long before it."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Patience:
    """So many seconds for each. `with patience.one():` raises TimeoutError when they are over, as `asyncio.timeout`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.under_way: set[One] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def one(self) -> One:
        return One(self)

    def begun(self, one: One) -> None:
        loop = asyncio.get_running_loop()
        one.until = loop.time() + self._seconds
        self.under_way.add(one)
        if self._timer is None or self._loop is not loop:
            self._loop, self._timer = loop, loop.call_at(one.until, self._look)

    def _look(self) -> None:
        """End what has taken too long; look again when the next will have."""
        assert self._loop is not None
        now = self._loop.time()
        for each in [each for each in self.under_way if each.until <= now]:
            self.under_way.discard(each)
            each.end()
        until = min((each.until for each in self.under_way), default=None)
        self._timer = None if until is None else self._loop.call_at(until, self._look)


class One:
    """One operation, for as long as it is under way."""

    __slots__ = ("_cancelling", "_late", "_patience", "_task", "until")

    def __init__(self, patience: Patience) -> None:
        self._patience, self._late, self.until = patience, False, 0.0

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._patience.begun(self)

    def end(self) -> None:
        self._late = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._patience.under_way.discard(self)
        if self._late and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
