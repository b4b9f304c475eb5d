"""A task that is begun at once, where it stands.

asyncio's takes its first step in a later turn of the loop, and is written into a register of all tasks when it is made
and out of it at its end: for a small request, that is more than to understand what is asked. This one is as asyncio
would have it from others' tasks (https://docs.python.org/3/library/asyncio-extending.html): whoever asks for the
current task gets it, and can cancel it.
"""

from __future__ import annotations

import asyncio
from asyncio import _enter_task, _leave_task
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any


class LightTask:
    """Carries out a coroutine that answers nothing; `ended` is called when that is done."""

    __slots__ = ("_cancelling", "_context", "_coroutine", "_ended", "_is_done", "_is_to_end", "_loop", "_waits_for")

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, None],
        loop: asyncio.AbstractEventLoop,
        ended: Callable[[LightTask], None],
    ) -> None:
        self._coroutine, self._loop, self._ended = coroutine, loop, ended
        self._context = copy_context()
        self._waits_for: asyncio.Future[Any] | None = None
        self._cancelling = 0
        self._is_done = self._is_to_end = False

    def begin(self) -> None:
        """Go as far as it goes without waiting. No other task may be in the middle of a step."""
        self._context.run(self._step)

    # ── What others ask of a task ──

    def done(self) -> bool:
        return self._is_done

    def cancel(self, msg: Any = None) -> bool:
        if self._is_done:
            return False
        self._cancelling += 1
        if self._waits_for is None or not self._waits_for.cancel(msg=msg):
            self._is_to_end = True
        return True

    def cancelling(self) -> int:
        return self._cancelling

    def uncancel(self) -> int:
        self._cancelling = max(0, self._cancelling - 1)
        return self._cancelling

    # ── Its steps ──

    def _step(self, _: object = None) -> None:
        """On to the next that has to be waited for. What that has come to, or that it failed, it tells by itself."""
        self._waits_for = None
        end = None
        if self._is_to_end:
            self._is_to_end, end = False, asyncio.CancelledError()
        loop = self._loop
        _enter_task(loop, self)  # type: ignore[arg-type]  # others may stand for a task
        try:
            waits_for = self._coroutine.send(None) if end is None else self._coroutine.throw(end)
        except (StopIteration, asyncio.CancelledError):
            self._end()
        except (KeyboardInterrupt, SystemExit):
            self._end()
            raise
        except BaseException as error:  # noqa: BLE001 - nobody waits for it, so the loop tells it
            self._end()
            loop.call_exception_handler({"message": "A request failed.", "exception": error})
        else:
            self._wait(waits_for)
        finally:
            _leave_task(loop, self)  # type: ignore[arg-type]

    def _end(self) -> None:
        self._is_done = True
        self._ended(self)

    def _wait(self, waits_for: Any) -> None:
        if waits_for is None:
            self._loop.call_soon(self._step, context=self._context)
            return
        waits_for._asyncio_future_blocking = False  # noqa: SLF001 - so whoever waits for a future says that he does
        waits_for.add_done_callback(self._step, context=self._context)
        self._waits_for = waits_for
        if self._is_to_end and waits_for.cancel():
            self._is_to_end = False
