"""How long an operation may take: those that take too long end, at their time, and nobody else."""

from __future__ import annotations

import asyncio

import pytest

from schema._time_limit import TimeLimit


async def test_what_takes_too_long_ends_and_what_does_not_goes_on() -> None:
    limit = TimeLimit(0.05)

    async def taking(seconds: float) -> str:
        with limit.deadline():
            await asyncio.sleep(seconds)
        return "done"

    found = await asyncio.gather(taking(60), taking(0), taking(60), return_exceptions=True)
    assert [type(each) for each in found] == [TimeoutError, str, TimeoutError]


async def test_each_has_its_time_from_when_it_began() -> None:
    limit, loop = TimeLimit(0.3), asyncio.get_running_loop()

    async def taking_for_ever() -> float:
        began = loop.time()
        with pytest.raises(TimeoutError), limit.deadline():
            await asyncio.sleep(60)
        return loop.time() - began

    first = asyncio.create_task(taking_for_ever())
    await asyncio.sleep(0.2)
    second = asyncio.create_task(taking_for_ever())
    assert min(await first, await second) >= 0.29


async def test_it_begins_anew_after_a_time_in_which_nothing_was_under_way() -> None:
    limit = TimeLimit(0.02)
    for _ in range(2):
        with limit.deadline():
            pass
        await asyncio.sleep(0.05)
        with pytest.raises(TimeoutError), limit.deadline():
            await asyncio.sleep(60)


async def test_who_is_cancelled_meanwhile_is_cancelled() -> None:
    limit = TimeLimit(60)

    async def cancelled() -> None:
        with limit.deadline():
            await asyncio.sleep(60)

    task = asyncio.create_task(cancelled())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_goes_wrong_in_the_meantime_is_told_as_it_is() -> None:
    with pytest.raises(ValueError, match="mine"), TimeLimit(60).deadline():
        raise ValueError("mine")


def test_it_holds_in_another_loop_too() -> None:
    limit = TimeLimit(0.02)

    async def taking_for_ever() -> None:
        with limit.deadline():
            await asyncio.sleep(60)

    for _ in range(2):
        with pytest.raises(TimeoutError):
            asyncio.run(taking_for_ever())
