"""Bringing read models to the head: new ones, changed ones, and those that a process of another version left behind.

A read model that stands at the head is written by every commit. One that is behind is brought up in pages, each a
transaction, and joins the head under its lock. A rebuild fills bare tables beside, completes them, and swaps; and so
do read models that have all of a long history before them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog
from asyncpg import Pool
from sqlalchemy import MetaData
from sqlalchemy.schema import CreateIndex, CreateTable

from projections._derived import FUNCTIONS, derived, filled, triggers
from projections._fold import POSTGRESQL, ReadModels
from projections._kernel import ReadModel
from store.batch import Session, Statement, lock, transaction
from store.keys import Keys
from store.log import PAGE, read_after
from store.recorded import Recorded
from store.streams import Querying

LOOK_EVERY = 0.5
"""Seconds between looks whether a process of another version has left our read models behind."""

Progress = Callable[[int, int], None]
"""Told the position that was reached, and that of the head."""

logger = structlog.get_logger(__name__)


async def ensure(pool: Pool, read_models: ReadModels) -> None:
    """Create the tables that are not there yet; they are behind, unless nothing has happened so far."""
    async with pool.acquire() as connection, transaction(connection):
        head = await lock(connection)
        rows = await connection.fetch("SELECT table_name FROM store.behind")
        missing = read_models.tables - head.live - {row["table_name"] for row in rows}
        for function in FUNCTIONS:
            await connection.execute(function)
        for name in sorted(missing):
            await _create(connection, read_models.models[name])
        await connection.execute(
            "INSERT INTO store.behind (table_name, position) SELECT unnest($1::text[]), 0", sorted(missing)
        )


async def catch_up(pool: Pool, keys: Keys, read_models: ReadModels, progress: Progress | None = None) -> None:
    """Bring every read model that is behind to the head. Several processes may do so at once."""
    await _build_new(pool, keys, read_models, progress)
    while await _catch_up_some(pool, keys, read_models, progress):
        pass


async def keep_up(pool: Pool, keys: Keys, read_models: ReadModels) -> None:
    """Catch up whenever there is need. Ends by being cancelled."""
    while True:
        try:
            await catch_up(pool, keys, read_models)
        except Exception:
            logger.exception("read models can't catch up")
        await asyncio.sleep(LOOK_EVERY)


async def _catch_up_some(pool: Pool, keys: Keys, read_models: ReadModels, progress: Progress | None) -> bool:
    """One page further with those that are furthest behind; False if none is."""
    async with pool.acquire() as connection:
        async with transaction(connection):
            position, names = await _furthest_behind(connection, read_models)
            if not names:
                return False
            reached = await _advance(connection, keys, read_models, names, position)
            await connection.execute(
                "UPDATE store.behind SET position = $2 WHERE table_name = ANY($1)", list(names), reached
            )
        if not await _is_far(connection, reached, progress):
            await _join(connection, keys, read_models)
    return True


async def _is_far(connection: Session | Pool, reached: int, progress: Progress | None) -> bool:
    """Whether the head is more than a page away."""
    head: int = await connection.fetchval("SELECT position FROM store.head")
    if progress:
        progress(reached, head)
    return head - reached > PAGE


async def _join(connection: Session, keys: Keys, read_models: ReadModels) -> None:
    """The last stretch, under the lock of the head; whoever locks both locks the head first."""
    async with transaction(connection):
        head = await lock(connection)
        position, names = await _furthest_behind(connection, read_models)
        if not names or position + PAGE < head.position:
            return
        while position < head.position:
            position = await _advance(connection, keys, read_models, names, position)
        await connection.execute("UPDATE store.head SET live = $1", sorted(head.live | names))
        await connection.execute("DELETE FROM store.behind WHERE table_name = ANY($1)", list(names))


async def _furthest_behind(connection: Session, read_models: ReadModels) -> tuple[int, frozenset[str]]:
    """Those that are furthest behind, held for us, and the position that they stand at."""
    rows = await connection.fetch(
        "SELECT table_name, position FROM store.behind WHERE table_name = ANY($1)"
        " ORDER BY position, table_name FOR UPDATE",
        list(read_models.tables),
    )
    position = min((row["position"] for row in rows), default=0)
    return position, frozenset(row["table_name"] for row in rows if row["position"] == position)


async def _advance(
    connection: Session, keys: Keys, read_models: ReadModels, names: frozenset[str], position: int
) -> int:
    """Take one page of facts in; the position that was reached. It ends where a commit does."""
    page = await _page(connection, keys, position)
    await _write(connection, read_models.fold(page, names))
    return page[-1].position if page else position


async def _page(connection: Querying, keys: Keys, position: int) -> list[Recorded]:
    page = await read_after(connection, keys, position, PAGE)
    if len(page) == PAGE:
        ends = [n for n in range(1, PAGE) if page[n].recorded_at != page[n - 1].recorded_at]
        page = page[: ends[-1] if ends else PAGE]
    return page


async def _write(connection: Session, statements: Iterable[Statement]) -> None:
    for statement in statements:
        await connection.execute(statement.sql, *statement.arguments)


# ── Beside and swap ──


async def rebuild(pool: Pool, keys: Keys, read_models: ReadModels, progress: Progress | None = None) -> None:
    """Build these read models again from the log, beside the live ones, and swap when they stand at the head.

    Commands and queries go on meanwhile. One rebuild at a time: another waits for it.
    """
    async with _alone(pool):
        await _rebuild(pool, keys, read_models, progress)


async def _build_new(pool: Pool, keys: Keys, read_models: ReadModels, progress: Progress | None) -> None:
    """Read models that have all of a long history before them are built beside, which is quicker."""
    if await _new(pool, read_models):
        async with _alone(pool):
            if names := await _new(pool, read_models):
                chosen = [model for name, model in read_models.models.items() if name in names]
                await _rebuild(pool, keys, ReadModels(chosen), progress)


async def _new(pool: Pool, read_models: ReadModels) -> frozenset[str]:
    rows = await pool.fetch(
        "SELECT table_name FROM store.behind, store.head"
        " WHERE table_name = ANY($1) AND behind.position = 0 AND head.position > $2",
        list(read_models.tables),
        PAGE,
    )
    return frozenset(row["table_name"] for row in rows)


@asynccontextmanager
async def _alone(pool: Pool) -> AsyncIterator[None]:
    """One at a time, in all processes."""
    async with pool.acquire() as holder, transaction(holder):
        await holder.execute("INSERT INTO store.followers VALUES ('rebuild', 0) ON CONFLICT DO NOTHING")
        await holder.execute("SELECT 1 FROM store.followers WHERE name = 'rebuild' FOR UPDATE")
        yield


async def _rebuild(pool: Pool, keys: Keys, read_models: ReadModels, progress: Progress | None) -> None:
    beside = ReadModels([_beside(model) for model in read_models.models.values()])
    async with pool.acquire() as connection:
        await connection.execute("DROP SCHEMA IF EXISTS read_beside CASCADE; CREATE SCHEMA read_beside")
        for model in beside.models.values():
            await _create_bare(connection, model)
        reached = await _write_all(pool, connection, keys, beside, progress)
        for model in beside.models.values():
            await _complete(connection, model)
        far = True
        while far:
            async with transaction(connection):
                reached = await _advance(connection, keys, beside, beside.tables, reached)
            far = await _is_far(connection, reached, progress)
        async with transaction(connection):
            head = await lock(connection)
            while reached < head.position:
                reached = await _advance(connection, keys, beside, beside.tables, reached)
            await connection.execute("DELETE FROM store.behind WHERE table_name = ANY($1)", list(beside.tables))
            await _swap(connection, beside.models.values())
            await connection.execute("UPDATE store.head SET live = $1", sorted(head.live | beside.tables))
            await connection.execute("DROP SCHEMA read_beside")


async def _write_all(pool: Pool, connection: Session, keys: Keys, beside: ReadModels, progress: Progress | None) -> int:
    """All that has happened, into tables that nobody reads yet; while PostgreSQL writes a page, the next is read."""
    reached, far = 0, True
    writing = asyncio.ensure_future(_write_unsynced(connection, []))
    try:
        while far:
            page = await _page(pool, keys, reached)
            statements = list(beside.fold(page, beside.tables))
            await writing
            writing = asyncio.ensure_future(_write_unsynced(connection, statements))
            reached = page[-1].position if page else reached
            far = await _is_far(pool, reached, progress)
    finally:
        await writing
    return reached


async def _write_unsynced(connection: Session, statements: list[Statement]) -> None:
    """What a crash takes back is begun anew."""
    async with transaction(connection):
        await connection.execute("SET LOCAL synchronous_commit = off")
        await _write(connection, statements)


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


async def _create(connection: Session, model: ReadModel) -> None:
    await _create_bare(connection, model)
    await _complete(connection, model)


async def _create_bare(connection: Session, model: ReadModel) -> None:
    """The tables alone, which are written more quickly."""
    for table in (model.table, *derived(model)):
        await connection.execute(str(CreateTable(table).compile(dialect=POSTGRESQL)))


async def _complete(connection: Session, model: ReadModel) -> None:
    """What is derived from the rows that are there, and whatever keeps it so."""
    for statement in filled(model):
        await connection.execute(statement)
    for table in (model.table, *derived(model)):
        for index in table.indexes:
            await connection.execute(str(CreateIndex(index).compile(dialect=POSTGRESQL)))
    assert model.table.schema is not None
    for trigger in triggers(model, model.table.schema):
        await connection.execute(trigger)
