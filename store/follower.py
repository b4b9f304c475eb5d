"""Following the log: whoever keeps something by it takes in what is new, again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress

import structlog

AGAIN = 1.0
"""Seconds until a PostgreSQL that is away is asked again."""

logger = structlog.get_logger(__name__)


async def follow(
    name: str,
    news: Callable[[], AbstractContextManager[asyncio.Event]],
    catch_up: Callable[[], Awaitable[None]],
    *,
    look_every: float,
    pause: float,
) -> None:
    """Let `catch_up` take in all that there is, whenever there may be more. Ends by being cancelled.

    `news` wakes it for what this process records; what others have recorded, it looks for every so many seconds. The
    `pause` is between two looks at least, so that under load one look is for many commits. What goes wrong is logged
    under the follower's name, and tried again: a PostgreSQL that is away is waited for.
    """
    with news() as recorded:
        while True:
            recorded.clear()
            try:
                await catch_up()
            except Exception:
                logger.exception("the log can't be followed", follower=name)
                await asyncio.sleep(AGAIN)
            with suppress(TimeoutError):
                async with asyncio.timeout(look_every):  # `wait_for` of Python 3.11 can lose a cancellation
                    await recorded.wait()
            await asyncio.sleep(pause)
