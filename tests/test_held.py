"""Connections that are held for reading: shared out in turn, looked after when something goes wrong, given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from schema import _held
from schema._held import ReadingPool, reading_pool

WHICH = "SELECT pg_backend_pid() FROM pg_sleep(0.01)"


@pytest.fixture
async def held(server_url: str) -> AsyncIterator[ReadingPool]:
    async with await reading_pool(server_url, size=4) as pool:
        yield pool


async def test_one_after_the_other_are_answered_on_one_connection(held: ReadingPool) -> None:
    assert len({await held.fetchval(WHICH) for _ in range(5)}) == 1


async def test_many_at_once_wait_for_their_turn_on_a_few(held: ReadingPool) -> None:
    assert len(set(await asyncio.gather(*(held.fetchval(WHICH) for _ in range(20))))) == 2


async def test_whoever_wants_one_for_longer_finds_one(held: ReadingPool) -> None:
    await asyncio.gather(*(held.fetchval(WHICH) for _ in range(20)))
    async with held.acquire() as one, held.acquire() as other:
        assert await one.fetchval(WHICH) != await other.fetchval(WHICH)


async def test_a_mistake_costs_nobody_a_connection(held: ReadingPool) -> None:
    for _ in range(6):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await held.fetchval("SELECT 1 / 0")
    assert len(set(await asyncio.gather(*(held.fetchval(WHICH) for _ in range(20))))) == 2


async def test_who_gives_up_takes_nobodys_turn_along(held: ReadingPool) -> None:
    waiting = [asyncio.create_task(held.fetchval(WHICH)) for _ in range(20)]
    await asyncio.sleep(0.015)
    for task in waiting[::2]:
        task.cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(answer, int) for answer in answers[1::2])
    assert await held.fetchval("SELECT 7") == 7


async def test_a_connection_is_replaced_when_it_is_worn_out(held: ReadingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_held, "MOST_WORN", 3 * _held.ONCE)
    found = [await held.once("SELECT pg_backend_pid()", []) for _ in range(7)]
    backends = [each[0] for each in found if each is not None]
    assert [backends.count(each) for each in dict.fromkeys(backends)] == [3, 3, 1]
    assert await held.fetchval(WHICH) == int(backends[-1] or 0)


async def test_a_connection_that_is_lost_is_replaced(held: ReadingPool, server_url: str) -> None:
    lost = await held.fetchval(WHICH)
    other = await asyncpg.connect(server_url)
    await other.execute("SELECT pg_terminate_backend($1)", lost)
    async with asyncio.timeout(60):
        while await other.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", lost):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await other.close()
    await asyncio.sleep(0.1)
    assert await held.fetchval(WHICH) != lost


async def test_closing_waits_for_what_is_under_way(server_url: str) -> None:
    pool = await reading_pool(server_url, size=3)
    under_way = asyncio.create_task(pool.fetchval("SELECT 7 FROM pg_sleep(0.1)"))
    await asyncio.sleep(0.03)
    await asyncio.wait_for(pool.close(), 60)
    assert await under_way == 7
    with pytest.raises(asyncpg.InterfaceError):
        await pool.fetchval("SELECT 7")
