"""Building read models anew beside the live ones, from all that has happened, and swapping them in.

Commands and queries go on meanwhile. While PostgreSQL takes rows in, the next facts are read and folded; a row that
many facts touch is written a few times at most. What a table needs beside its rows and their keys it gets at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from asyncpg import LockNotAvailableError, Pool
from sqlalchemy import MetaData
from sqlalchemy.schema import CreateIndex, CreateTable

from projections._derived import derived, filled, keepers
from projections._fold import Batch, ReadModels, Rows
from projections._kernel import Add, Change, Put, ReadModel
from projections._page import JOINED, Progress, advance, is_far, page_after
from projections._statements import POSTGRESQL, Group, grouped, rows, sql
from store.batch import Session, lock, transaction
from store.keys import Keys

ROWS = 100_000
"""How many changed rows of a read model are held in memory before they are written."""

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
    async with pool.acquire() as connection:
        await connection.execute("DROP SCHEMA IF EXISTS read_beside CASCADE; CREATE SCHEMA read_beside")
        for model in beside.models.values():
            await create_bare(connection, model)
        reached = await _write_all(pool, connection, keys, beside, progress)
        await _complete_all(pool, beside)
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


async def _write_all(pool: Pool, connection: Session, keys: Keys, beside: ReadModels, progress: Progress | None) -> int:
    """All that has happened, into tables that nobody reads yet."""
    reached, far = 0, True
    batch, fresh = Batch(beside, beside.tables), {*beside.models.values()}
    without = beside.unconcerning(beside.tables)
    coming = asyncio.ensure_future(page_after(pool, keys, reached, without))
    writing = asyncio.ensure_future(asyncio.sleep(0))
    try:
        while far:
            facts, reached = await coming
            if far := await is_far(pool, reached, progress):
                coming = asyncio.ensure_future(page_after(pool, keys, reached, without))
            batch.take(facts)
            if ready := [folded for folded in batch if len(folded) >= ROWS or (folded and not far)]:
                await writing
                taken = [(folded.model, folded.taken()) for folded in ready]
                writing = asyncio.ensure_future(_write_unsynced(connection, taken, fresh))
    finally:
        coming.cancel()
        await asyncio.wait([coming])
        await writing
    return reached


async def _write_unsynced(
    connection: Session, taken: Iterable[tuple[ReadModel, list[Rows]]], fresh: set[ReadModel]
) -> None:
    """What a crash takes back is begun anew."""
    async with transaction(connection):
        await connection.execute("SET LOCAL synchronous_commit = off")
        for model, layers in taken:
            for layer in layers:
                for group, changes in grouped(model, layer.values()).items():
                    await _write(connection, model, group, changes, fresh=model in fresh)
                fresh.discard(model)


async def _write(connection: Session, model: ReadModel, group: Group, changes: list[Change], *, fresh: bool) -> None:
    """By COPY: into a fresh table itself, where there is nothing to patch or drop; else by way of another."""
    kind, columns = group
    names = [*model.keys, *columns]
    told = rows(model, columns, changes)
    table = model.table
    if not fresh:
        listed = ", ".join(f'"{name}"' for name in names)
        alike = f'SELECT {listed} FROM "{table.schema}"."{table.name}" WITH NO DATA'
        await connection.execute(f"CREATE TEMPORARY TABLE staged ON COMMIT DROP AS {alike}")
        await connection.copy_records_to_table("staged", columns=names, records=told)
        await connection.execute(sql(model, kind, columns, "staged"))
        await connection.execute("DROP TABLE staged")
    elif kind in (Put, Add):
        await connection.copy_records_to_table(table.name, schema_name=table.schema, columns=names, records=told)


async def _complete_all(pool: Pool, beside: ReadModels) -> None:
    """Two at a time. PostgreSQL is told what is in them, for it plans badly with tables that it has not looked at."""
    models = iter(beside.models.values())

    async def lane() -> None:
        async with pool.acquire() as connection:
            for model in models:
                await complete(connection, model)
                await connection.execute(f"ANALYZE {', '.join(map(str, (model.table, *derived(model))))}")

    lanes = [asyncio.ensure_future(lane()) for _ in range(2)]
    await asyncio.wait(lanes)
    for each in lanes:
        each.result()


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


# ── Tables ──


async def create(connection: Session, model: ReadModel) -> None:
    await create_bare(connection, model)
    await complete(connection, model)


async def create_bare(connection: Session, model: ReadModel) -> None:
    """The tables alone, which are written more quickly."""
    for table in (model.table, *derived(model)):
        await connection.execute(str(CreateTable(table).compile(dialect=POSTGRESQL)))


async def complete(connection: Session, model: ReadModel) -> None:
    """What is derived from the rows that are there, and whatever keeps it so."""
    for statement in filled(model):
        await connection.execute(statement)
    for table in (model.table, *derived(model)):
        for index in table.indexes:
            await connection.execute(str(CreateIndex(index).compile(dialect=POSTGRESQL)))
    for statement in keepers(model):
        await connection.execute(statement)


async def drop(connection: Session, name: str) -> None:
    """The tables of a read model that this program may know nothing of, and what keeps them."""
    for table in (name, f"{name}_tree", f"{name}_rank"):
        await connection.execute(f'DROP TABLE IF EXISTS read."{table}"')
    functions = await connection.fetch(
        "SELECT oid::regprocedure::text AS function FROM pg_proc"
        " WHERE pronamespace = 'read'::regnamespace AND starts_with(proname, $1)",
        f"{name}_keep_",
    )
    for row in functions:
        await connection.execute(f"DROP FUNCTION {row['function']}")
