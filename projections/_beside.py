"""Building read models anew beside the live ones, from all that has happened, and swapping them in.

Commands and queries go on meanwhile. While PostgreSQL takes rows in, the next facts are read and folded; a row that
many facts touch is written a few times at most. What a table needs beside its rows and their keys it gets at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from asyncpg import LockNotAvailableError, Pool
from sqlalchemy import MetaData

from projections._derived import derived, keepers
from projections._filling import Filling
from projections._fold import ReadModels
from projections._kernel import ReadModel
from projections._page import FEW, JOINED, Progress, advance, is_far, page_after, wholly
from store.batch import Session
from store.commit import lock, transaction
from store.keys import Keys

ROWS = 200_000
"""How many rows of a read model are held in memory while they change again and again. If they don't, an eighth."""

LANES = 3
"""Connections that write at a time."""

ROOMY = """
    SET LOCAL synchronous_commit = off;
    SET LOCAL work_mem = '64MB';
    SET LOCAL maintenance_work_mem = '256MB'"""
"""What a crash takes back is begun anew; and there is much to sort."""

PATIENCE = 100
"""Milliseconds that commands wait, while the new tables wait for a reader of an old one."""

PAUSE = 0.2
"""Seconds until that is tried again."""


@asynccontextmanager
async def alone(pool: Pool) -> AsyncIterator[None]:
    """One at a time, in all processes, however long it takes and whatever the database's own default is."""
    async with pool.acquire() as holder, transaction(holder):
        await holder.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
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
        with plainly():
            reached = await _fill(pool, keys, beside, fillings, progress)
        while not await _join(connection, keys, read_models, beside, reached):
            far = True
            while far:
                async with wholly(connection):
                    reached = await advance(connection, keys, beside, beside.tables, reached)
                far = await is_far(connection, reached, progress)


async def _join(connection: Session, keys: Keys, read_models: ReadModels, beside: ReadModels, reached: int) -> bool:
    """The last stretch and the swap, under the lock of the head; False if there is too much to do for that.

    Nobody can write meanwhile, so whoever is reading long is not waited for: it is tried again.
    """
    try:
        async with wholly(connection):
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
    folded = {model: filling.folded for model, filling in fillings.items()}
    lanes, waiting = asyncio.Semaphore(LANES), asyncio.Semaphore(LANES)

    @asynccontextmanager
    async def lane() -> AsyncIterator[Session]:
        async with lanes, pool.acquire() as connection, transaction(connection):
            await connection.execute(ROOMY)
            yield connection

    async with asyncio.TaskGroup() as tasks:
        coming = tasks.create_task(page_after(pool, keys, 0, without))
        reached, head = 0, 1
        while reached < head:
            facts, reached, head = await coming
            if progress:
                progress(reached, head)
            if reached < head:
                coming = tasks.create_task(page_after(pool, keys, reached, without))
            for at in range(0, len(facts), FEW):
                beside.take_in(facts[at : at + FEW], folded, checked=False)
                await asyncio.sleep(0)
            for filling in fillings.values():
                if len(filling.folded) > (ROWS if filling.folded.again else ROWS // 8):
                    await waiting.acquire()
                    writing = tasks.create_task(filling.write(lane, filling.folded.taken()))
                    writing.add_done_callback(lambda _: waiting.release())
        for filling in sorted(fillings.values(), key=lambda each: each.written + len(each.folded), reverse=True):
            tasks.create_task(filling.finish(lane, filling.folded.taken()))
    return reached


@contextmanager
def plainly() -> Iterator[None]:
    """Of what goes wrong in several tasks, what went wrong first."""
    try:
        yield
    except ExceptionGroup as several:
        first: Exception = several
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first from None


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
