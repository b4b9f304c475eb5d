"""Following the log: who follows it looks at once, when woken, and now and then; and again after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from store import follower
from store.follower import follow

NEVER = 3_600.0


async def followed(looks: int, catch_up: Callable[[], Awaitable[None]], *, woken: bool, look_every: float) -> None:
    """Follow until there were so many looks; each but the last records something if that is to wake the next."""
    recorded, enough, count = asyncio.Event(), asyncio.Event(), 0

    @contextmanager
    def news() -> Iterator[asyncio.Event]:
        yield recorded

    async def look() -> None:
        nonlocal count
        count += 1
        if count == looks:
            enough.set()
        elif woken:
            recorded.set()
        await catch_up()

    task = asyncio.create_task(follow("test", news, look, look_every=look_every, pause=0.0))
    await asyncio.wait_for(enough.wait(), 60)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def nothing() -> None:
    pass


async def test_it_looks_at_once() -> None:
    await followed(1, nothing, woken=False, look_every=NEVER)


async def test_what_is_recorded_during_a_look_is_looked_at_next() -> None:
    await followed(3, nothing, woken=True, look_every=NEVER)


async def test_it_looks_by_itself_for_what_others_have_recorded() -> None:
    await followed(3, nothing, woken=False, look_every=0.001)


async def test_it_goes_on_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "AGAIN", 0.0)

    async def fail() -> None:
        raise ConnectionError("away")

    await followed(3, fail, woken=False, look_every=0.001)
