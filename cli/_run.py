"""How a command runs: with its settings read and Ctrl-C heard, and with what goes wrong told in a line."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import uvloop

import logs
import server
from demo.importer import Occupied
from domain._kernel import Refused
from operations.terminal import out, progress
from projections._build import Progress
from settings import BadSetting, Settings
from store.command import Unavailable
from store.embedded import CannotStart
from store.migrate import NewerDatabase
from vault import BadKey

NOT_OURS = (BadSetting, BadKey, CannotStart, NewerDatabase, Occupied, Refused, Unavailable)
"""What only whoever started the program can mend: told in a line, without a traceback."""

Opening = Callable[[Settings, Progress], AbstractAsyncContextManager[server.Organisation]]


def run(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """Do it; Ctrl-C and SIGTERM end it in good order, and what only the caller can mend is told in a line."""
    logs.configure()

    async def until_stopped() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
        loop.set_exception_handler(logs.unhandled)
        settings = Settings.read(os.environ)
        logs.configure(settings.log_level)
        await work(settings)

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(until_stopped())
    except NOT_OURS as error:
        sys.exit(f"meritbook: {error}")
    except (KeyboardInterrupt, asyncio.CancelledError):
        out.print("Stopped.")


@asynccontextmanager
async def opened(settings: Settings, opening: Opening = server.opened) -> AsyncIterator[server.Organisation]:
    """The organisation, with its read models up to date."""
    async with AsyncExitStack() as stack:
        with progress("Bringing read models up to date") as tell:
            it = await stack.enter_async_context(opening(settings, tell))
        yield it
