from __future__ import annotations

import asyncio

import pytest

from schema._shared import Shared


class Asked:
    """Counts the questions; each answer is which one it was, and takes a moment."""

    def __init__(self) -> None:
        self.times = 0
        self.fails = False
        self.begun = asyncio.Event()

    async def __call__(self) -> int:
        self.times += 1
        now = self.times
        self.begun.set()
        await asyncio.sleep(0.01)
        if self.fails:
            raise ConnectionError
        return now


async def test_whoever_comes_together_shares_an_answer() -> None:
    asked = Asked()
    shared = Shared(asked)
    assert await asyncio.gather(*(shared.get() for _ in range(5))) == [1] * 5


async def test_nobody_gets_an_answer_to_a_question_that_was_asked_before_they_came() -> None:
    asked = Asked()
    shared = Shared(asked)
    first = asyncio.create_task(shared.get())
    await asked.begun.wait()
    later = [asyncio.create_task(shared.get()) for _ in range(3)]
    assert await first == 1
    assert await asyncio.gather(*later) == [2] * 3


async def test_who_goes_away_takes_nobodys_answer_along() -> None:
    shared = Shared(Asked())
    gone, here = asyncio.create_task(shared.get()), asyncio.create_task(shared.get())
    await asyncio.sleep(0)
    gone.cancel()
    assert await here == 1


async def test_a_question_that_fails_is_asked_again() -> None:
    asked = Asked()
    shared = Shared(asked)
    asked.fails = True
    with pytest.raises(ConnectionError):
        await shared.get()
    asked.fails = False
    assert await shared.get() == 2
