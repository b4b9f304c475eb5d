"""Building read models anew beside the live ones, from all that has happened, and swapping them in.

Commands and queries go on meanwhile. While PostgreSQL takes rows in, the next facts are read and folded; a row that
many facts touch is written a few times at most. What a table needs beside its rows and their keys it gets at the end.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from asyncpg import LockNotAvailableError, Pool
from sqlalchemy import MetaData

from projections._derived import derived, keepers
from projections._filling import Filling
from projections._fold import Folded, ReadModels, Rows
from projections._kernel import ReadModel
from projections._page import JOINED, Progress, advance, is_far, page_after
from store.batch import Session, lock, transaction
from store.keys import Keys
from store.recorded import Recorded

ROWS = 200_000
"""How many rows of a read model are held in memory while they change again and again. If they don't, an eighth."""

FEW = 500
"""Facts that are folded at a time; then it is looked at what PostgreSQL says."""

LANES = 3
"""Tables that are written at a time."""

PATIENCE = 100
"""Milliseconds that commands wait, while the new tables wait for a reader of an old one."""

PAUSE = 0.2
"""Seconds until that is tried again."""


@asynccontextmanager
async def alone(pool: Pool) -> AsyncIterator[None]:
    """One at a time, in all processes."""
    async with pool.acquire() as holder, transaction(holder):
        await holder.execute("INSERT INTO store.followers VALUES ('rebuild', 0) ON CONFLICT DO NOTHING")
        await holder.execute("SELECT 1 FROM store.followers WHERE name = 'rebuild' FOR UPDATE")
        yield


async def build(pool: Pool, keys: Keys, read_models: ReadModels, progress: Progress | None) -> None:
    """Build these, and swap when they stand at the head. Whoever calls it is alone."""
    beside = ReadModels([_beside(model) for model in read_models.models.values()])
    fillings = {model: Filling(model) for model in beside.models.values()}
    async with pool.acquire() as connection:
        await connection.execute("DROP SCHEMA IF EXISTS read_beside CASCADE; CREATE SCHEMA read_beside")
        for filling in fillings.values():
            await filling.create(connection)
        try:
            reached = await _fill(pool, keys, beside, fillings, progress)
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        while not await _join(connection, keys, read_models, beside, reached):
            far = True
            while far:
                async with transaction(connection):
                    reached = await advance(connection, keys, beside, beside.tables, reached)
                far = await is_far(connection, reached, progress)


async def _join(connection: Session, keys: Keys, read_models: ReadModels, beside: ReadModels, reached: int) -> bool:
    """The last stretch and the swap, under the lock of the head; False if there is too much to do for that.

    Nobody can write meanwhile, so whoever is reading long is not waited for: it is tried again.
    """
    try:
        async with transaction(connection):
            head = await lock(connection)
            if await is_far(connection, reached, None):
                return False
            while reached < head.position:
                reached = await advance(connection, keys, beside, beside.tables, reached)
            await connection.execute("DELETE FROM store.behind WHERE table_name = ANY($1)", list(beside.tables))
            await connection.execute(f"SET LOCAL lock_timeout = {PATIENCE}")
            await _swap(connection, read_models.models.values())
            await connection.execute(JOINED, sorted(head.live | beside.tables))
            await connection.execute("DROP SCHEMA read_beside CASCADE")
    except LockNotAvailableError:
        await asyncio.sleep(PAUSE)
        return False
    return True


async def _fill(
    pool: Pool, keys: Keys, beside: ReadModels, fillings: Mapping[ReadModel, Filling], progress: Progress | None
) -> int:
    """All that has happened, into tables that nobody reads yet; where that ends."""
    without = beside.unconcerning(beside.tables)
    reached, far, free = 0, True, asyncio.Semaphore(LANES)
    async with asyncio.TaskGroup() as tasks:

        async def begin(work: Callable[[Pool, Sequence[Rows]], Coroutine[Any, Any, None]], of: Folded) -> None:
            await free.acquire()
            tasks.create_task(work(pool, of.taken())).add_done_callback(lambda _: free.release())

        coming = tasks.create_task(page_after(pool, keys, reached, without))
        while far:
            facts, reached = await coming
            if far := await is_far(pool, reached, progress):
                coming = tasks.create_task(page_after(pool, keys, reached, without))
            for at in range(0, len(facts), FEW):
                _fold(beside, fillings, facts[at : at + FEW])
                await asyncio.sleep(0)
            for filling in fillings.values():
                if far and len(filling.folded) >= (ROWS if filling.folded.again else ROWS // 8):
                    await begin(filling.write, filling.folded)
        for filling in sorted(fillings.values(), key=lambda each: each.written + len(each.folded), reverse=True):
            await begin(filling.finish, filling.folded)
    return reached


def _fold(beside: ReadModels, fillings: Mapping[ReadModel, Filling], facts: Iterable[Recorded]) -> None:
    concerning: dict[ReadModel, list[Recorded]] = defaultdict(list)
    for fact in facts:
        for model in beside.concerned(type(fact.fact)):
            concerning[model].append(fact)
    for model, its in concerning.items():
        fillings[model].folded.take(its, checked=False)


def _beside(model: ReadModel) -> ReadModel:
    elsewhere = MetaData(schema="read_beside")
    return replace(
        model,
        table=model.table.to_metadata(elsewhere, schema="read_beside"),
        closure=model.closure.to_metadata(elsewhere, schema="read_beside") if model.closure is not None else None,
        ranks=model.ranks.to_metadata(elsewhere, schema="read_beside") if model.ranks is not None else None,
    )


async def _swap(connection: Session, models: Iterable[ReadModel]) -> None:
    for model in models:
        for table in (model.table, *derived(model)):
            await connection.execute(f'DROP TABLE IF EXISTS read."{table.name}"')
            await connection.execute(f'ALTER TABLE read_beside."{table.name}" SET SCHEMA read')
        for statement in keepers(model):
            await connection.execute(statement)
