"""Trying again, while PostgreSQL is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from asyncpg import InterfaceError

from store.command import Command, Unavailable
from store.pool import LOST

TRY_FOR = 30.0
"""Seconds that commands wait, before they are told that it is away."""

logger = structlog.get_logger(__name__)


async def retry(attempt: Callable[[], Awaitable[None]]) -> None:
    """Try until PostgreSQL is there. Raises what was raised last, when that takes too long."""
    deadline = asyncio.get_running_loop().time() + TRY_FOR
    pause = 0.05
    while True:
        try:
            await attempt()
        except (InterfaceError, *LOST):
            if asyncio.get_running_loop().time() > deadline:
                raise
        else:
            return
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)


def give_up(commands: list[Command], error: BaseException) -> None:
    """Tell them that it is away."""
    logger.error("commands were given up", commands=len(commands), exc_info=error)
    for command in commands:
        unavailable = Unavailable("The store is away; nothing is known to be recorded.")
        unavailable.__cause__ = error
        command.resolve(unavailable)
