"""How long an operation may take: one timer for all that are under way, for nearly all end long before it."""

from __future__ import annotations

import asyncio
from types import TracebackType


class TimeLimit:
    """So many seconds for each operation.

    `with limit.deadline():` raises TimeoutError when they are over, as `asyncio.timeout` does.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.under_way: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def deadline(self) -> Deadline:
        return Deadline(self)

    def begun(self, deadline: Deadline, loop: asyncio.AbstractEventLoop) -> float:
        """When it has to be done."""
        at = loop.time() + self._seconds
        self.under_way.add(deadline)
        if self._timer is None or self._loop is not loop:
            self._loop, self._timer = loop, loop.call_at(at, self._look)
        return at

    def _look(self) -> None:
        """End what has taken too long; look again when the next will have."""
        assert self._loop is not None
        now = self._loop.time()
        for each in [each for each in self.under_way if each.at <= now]:
            self.under_way.discard(each)
            each.expire()
        first = min((each.at for each in self.under_way), default=None)
        self._timer = None if first is None else self._loop.call_at(first, self._look)


class Deadline:
    """When one operation has to be done. It holds for the task that enters it."""

    __slots__ = ("_cancelling", "_expired", "_limit", "_task", "at")

    def __init__(self, limit: TimeLimit) -> None:
        self._limit, self._expired = limit, False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self.at = self._limit.begun(self, loop)

    def expire(self) -> None:
        self._expired = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._limit.under_way.discard(self)
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
