"""A task that is begun at once: whoever knows asyncio's finds it to be one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

import pytest

from schema._light import LightTask
from schema._time_limit import TimeLimit

WHO: ContextVar[str] = ContextVar("who", default="nobody")


class Began:
    """A task that is begun, and what it has told since."""

    def __init__(self, work: Callable[[list[Any]], Coroutine[Any, Any, None]]) -> None:
        self.told: list[Any] = []
        self.ended = asyncio.Event()
        self.task = LightTask(work(self.told), asyncio.get_running_loop(), lambda _: self.ended.set())
        asyncio.get_running_loop().call_soon(self.task.begin)

    async def end(self) -> list[Any]:
        async with asyncio.timeout(60):
            await self.ended.wait()
        assert self.task.done()
        return self.told


async def test_it_goes_as_far_as_it_goes_at_once() -> None:
    async def work(told: list[Any]) -> None:
        told.append("begun")
        await asyncio.sleep(0)
        told.append("ended")

    it = Began(work)
    await asyncio.sleep(0)
    assert it.told == ["begun"]
    assert await it.end() == ["begun", "ended"]


async def test_what_it_waits_for_it_gets_whatever_it_is() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def failing() -> None:
        raise ValueError("theirs")

    async def work(told: list[Any]) -> None:
        told.append(await future)
        told.append(await asyncio.create_task(asyncio.sleep(0, "a task")))
        told += await asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0, 2))
        with pytest.raises(ValueError, match="theirs"):
            await asyncio.create_task(failing())
        async with asyncio.TaskGroup() as group:
            one = group.create_task(asyncio.sleep(0, "of a group"))
        told.append(one.result())

    it = Began(work)
    future.set_result("a future")
    assert await it.end() == ["a future", "a task", 1, 2, "of a group"]


async def test_it_is_the_current_task_for_as_long_as_it_takes_a_step() -> None:
    ours = asyncio.current_task()

    async def work(told: list[Any]) -> None:
        told.append(asyncio.current_task())
        await asyncio.sleep(0)
        told.append(asyncio.current_task())

    it = Began(work)
    assert await it.end() == [it.task, it.task]
    assert asyncio.current_task() is ours


async def test_what_it_says_of_itself_nobody_else_hears() -> None:
    async def work(told: list[Any]) -> None:
        WHO.set("me")
        await asyncio.sleep(0)
        told.append(WHO.get())

    it = Began(work)
    assert await it.end() == ["me"]
    assert WHO.get() == "nobody"


@pytest.mark.parametrize("limit", [lambda: asyncio.timeout(0.01), lambda: None])
async def test_its_time_can_be_limited(limit: Callable[[], Any]) -> None:
    async def work(told: list[Any]) -> None:
        try:
            if limit() is None:
                with TimeLimit(0.01).deadline():
                    await asyncio.sleep(60)
            async with limit():
                await asyncio.sleep(60)
        except TimeoutError:
            told.append("too late")
        await asyncio.sleep(0)
        told.append("and on")

    assert await Began(work).end() == ["too late", "and on"]


async def test_who_cancels_it_while_it_waits_ends_what_it_waits_for() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work(told: list[Any]) -> None:
        try:
            await future
        finally:
            told.append("tidied up")

    it = Began(work)
    await asyncio.sleep(0)
    assert it.task.cancel()
    assert it.task.cancelling() == 1
    assert await it.end() == ["tidied up"]
    assert future.cancelled()
    assert not it.task.cancel()


async def test_who_cancels_it_in_the_middle_of_a_step_ends_it_at_the_next() -> None:
    async def work(told: list[Any]) -> None:
        it.task.cancel()
        told.append("still here")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            told.append(it.task.uncancel())
        await asyncio.sleep(0)
        told.append("stayed")

    it = Began(work)
    assert await it.end() == ["still here", 0, "stayed"]


async def test_one_that_is_cancelled_before_it_waits_for_a_turn_ends_too() -> None:
    async def work(told: list[Any]) -> None:
        it.task.cancel()
        try:
            await asyncio.sleep(0)
        finally:
            told.append("ended")

    it = Began(work)
    assert await it.end() == ["ended"]


async def test_what_goes_wrong_is_told_by_the_loop() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    async def work(_: list[Any]) -> None:
        raise ValueError("ours")

    await Began(work).end()
    assert [type(each["exception"]) for each in told] == [ValueError]
