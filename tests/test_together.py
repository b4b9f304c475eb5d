"""Objects by their ids, many in one statement: each gets their own, whatever goes wrong for another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from projections.employees import employees
from schema._held import ReadingPool, reading_pool
from schema._together import Together, for_many
from tests._api import Api, gid
from tests.test_answers import EMPLOYEE, serving

ECHO = "SELECT (SELECT x.id FROM (SELECT $2::UUID AS id) x WHERE x.id = $1::UUID) AS f0"
BY_ID = "SELECT (SELECT t.name FROM numbers AS t WHERE t.id = $1::UUID) AS f0"
BROKEN = "SELECT (SELECT t.name || (1 / t.n)::text FROM numbers AS t WHERE t.id = $1::UUID) AS f0"


@pytest.fixture
async def pool(server_url: str, database_url: str) -> AsyncIterator[ReadingPool]:
    async with await reading_pool(database_url) as pool:
        await pool.execute("CREATE TABLE numbers (id uuid PRIMARY KEY, n int, name text)")
        await pool.executemany(
            "INSERT INTO numbers VALUES ($1, $2, $3)", [(UUID(int=n), n, f"number {n}") for n in range(200)]
        )
        yield pool


async def test_everybody_gets_their_own(pool: ReadingPool) -> None:
    together = Together(pool)
    asked = [UUID(int=n * 7 % 250) for n in range(300)]
    rows = await asyncio.gather(*(together.row(BY_ID, [id]) for id in asked))
    assert [row and row["f0"] for row in rows] == [f"number {id.int}" if id.int < 200 else None for id in asked]


async def test_many_who_wait_are_few_statements_and_who_comes_alone_is_one(
    pool: ReadingPool, database_url: str, asked: list[str]
) -> None:
    async with await reading_pool(database_url) as another:
        together = Together(another)
        await together.row(BY_ID, [UUID(int=1)])
        await asyncio.sleep(0)  # then the listener has been told
        assert [each for each in asked if "numbers" in each] == [BY_ID]
        await asyncio.gather(*(together.row(BY_ID, [UUID(int=n)]) for n in range(60)))
        await asyncio.sleep(0)
        assert asked.count(for_many(BY_ID) or "") == 1
        assert asked.count(BY_ID) == 2  # the first of them did not know that others come


async def test_where_several_were_answered_those_who_come_next_go_together_from_the_first(
    pool: ReadingPool, database_url: str, asked: list[str]
) -> None:
    async with await reading_pool(database_url) as another:
        together = Together(another)
        for _ in range(3):
            rows = await asyncio.gather(*(together.row(BY_ID, [UUID(int=n)]) for n in range(30)))
            assert [row and row["f0"] for row in rows] == [f"number {n}" for n in range(30)]
        await asyncio.sleep(0)
        assert asked.count(BY_ID) == 1
        assert asked.count(for_many(BY_ID) or "") == 3


WAITING = """SELECT count(*), pg_sleep(0.01) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE NOT l.granted AND d.datname = current_database()"""


async def test_one_that_is_slow_does_not_hold_up_whoever_comes_after_it(pool: ReadingPool) -> None:
    together = Together(pool)
    async with pool.acquire() as other, other.transaction():
        await other.execute("LOCK TABLE numbers")  # so the first waits
        first = asyncio.create_task(together.row(BY_ID, [UUID(int=1)]))
        while await pool.fetchval(WAITING) < 1:
            pass
        others = [asyncio.create_task(together.row(BY_ID, [UUID(int=n)])) for n in (2, 3)]
        while await pool.fetchval(WAITING) < 2:
            pass
        assert not any(each.done() for each in (first, *others))
    rows = await asyncio.gather(first, *others)
    assert [row and row["f0"] for row in rows] == ["number 1", "number 2", "number 3"]


async def test_nobody_is_answered_by_what_was_asked_before_they_came(pool: ReadingPool) -> None:
    together, last = Together(pool), 0

    async def read() -> None:
        while last < 30:
            known = last
            row = await together.row(BY_ID, [UUID(int=5)])
            assert row is not None
            assert int(row["f0"].split()[-1]) >= known

    async def write() -> None:
        nonlocal last
        for n in range(1, 31):
            await pool.execute("UPDATE numbers SET name = $1 WHERE n = 5", f"version {n}")
            last = n

    await pool.execute("UPDATE numbers SET name = 'version 0' WHERE n = 5")
    await asyncio.gather(write(), *(read() for _ in range(20)))


async def test_what_goes_wrong_for_one_goes_wrong_for_nobody_else(pool: ReadingPool) -> None:
    together = Together(pool)
    answers = await asyncio.gather(*(together.row(BROKEN, [UUID(int=n)]) for n in range(20)), return_exceptions=True)
    assert isinstance(answers[0], asyncpg.DivisionByZeroError)
    wrong = await asyncio.gather(*(together.row(BROKEN, [UUID(int=n % 5)]) for n in range(20)), return_exceptions=True)
    assert [isinstance(each, asyncpg.DivisionByZeroError) for each in wrong] == [n % 5 == 0 for n in range(20)]


async def test_who_goes_away_takes_nobodys_answer_along(pool: ReadingPool) -> None:
    together = Together(pool)
    tasks = [asyncio.create_task(together.row(BY_ID, [UUID(int=n)])) for n in range(200)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [row["f0"] for row in answers[1::2] if not isinstance(row, BaseException) and row] == [
        f"number {n}" for n in range(1, 200, 2)
    ]
    assert await together.row(BY_ID, [UUID(int=3)])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT (SELECT t.name FROM numbers AS t WHERE t.id = $1::UUID AND t.name = $2::VARCHAR) AS f0",
        "SELECT (SELECT t.name FROM numbers AS t WHERE t.id = $1::UUID LIMIT 1) AS f0",
        "SELECT (SELECT json_agg(t.name) FROM numbers AS t WHERE t.id = $1::UUID) AS f0",
        "SELECT $1::UUID AS f0",
        ECHO,
    ],
)
def test_whatever_does_more_than_look_ids_up_is_asked_by_itself(sql: str) -> None:
    assert for_many(sql) is None


def test_what_asks_of_a_row_who_is_above_it_is_asked_together() -> None:
    shown = "CASE WHEN ($1::UUID = ANY (t.line)) THEN t.n END"
    many = for_many(f"SELECT (SELECT {shown} FROM numbers AS t WHERE t.id = $2::UUID) AS f0")
    assert many is not None
    assert "v.p1 = ANY (t.line)" in many


@pytest.mark.parametrize("answers_mb", [0, 64])
async def test_over_http_each_person_is_shown_as_they_are(api: Api, answers_mb: float) -> None:
    people = [await api.hire(f"Person {chr(65 + n)}") for n in range(20)]
    boss = await api.clerk("employee.edit")
    async with serving(api, answers_mb=answers_mb) as server:
        for _ in range(3):
            answers = await asyncio.gather(
                *(server.ask(boss, EMPLOYEE, id=gid("Employee", id)) for id in people for _ in range(2))
            )
            assert [f"Person {chr(65 + n // 2)}".encode() in each for n, each in enumerate(answers)] == [True] * 40
    assert await api.organisation.pool.fetchval(f"SELECT count(*) FROM {employees.table}") == 21
