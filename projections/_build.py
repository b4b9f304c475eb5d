"""Bringing read models to the head: new ones, changed ones, and those that a process of another version left behind.

A read model that stands at the head is written by every commit. One that is behind is brought up in pages, each a
transaction, and joins the head under its lock. One that has all of a long history before it is built beside.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from asyncpg import Pool

from projections import _page
from projections._ahead import Ahead
from projections._beside import alone, build, plainly
from projections._derived import derived
from projections._fold import ReadModels
from projections._page import JOINED, Progress, is_far, wholly, write
from projections._tables import create, drop
from store.batch import Session
from store.commit import lock, transaction
from store.keys import Keys

__all__ = ["Progress", "catch_up", "ensure", "keep_up", "rebuild"]

LOOK_EVERY = 0.5
"""Seconds between looks whether a process of another version has left our read models behind."""

LEFT_FOR = timedelta(days=14)
"""A version that has not run for so long is not expected back. If it comes, it builds its read models again."""

logger = structlog.get_logger(__name__)


async def ensure(pool: Pool, read_models: ReadModels) -> None:
    """Create the tables that are not there yet; they are behind, unless nothing has happened so far.

    Those that no process has kept up for long are dropped: each was one of a version that is gone.
    """
    async with pool.acquire() as connection, transaction(connection):
        head = await lock(connection)
        await _drop_left(connection, read_models)
        rows = await connection.fetch("SELECT table_name FROM store.behind")
        missing = read_models.tables - head.live - {row["table_name"] for row in rows}
        for name in sorted(missing):
            await create(connection, read_models.models[name])
        await connection.execute(
            "INSERT INTO store.behind (table_name, position) SELECT unnest($1::text[]), 0", sorted(missing)
        )


async def _drop_left(connection: Session, read_models: ReadModels) -> None:
    left = await connection.fetch(
        "DELETE FROM store.behind WHERE table_name <> ALL($1) AND since < now() - $2::interval RETURNING table_name",
        list(read_models.tables),
        LEFT_FOR,
    )
    for row in left:
        await drop(connection, row["table_name"])
        logger.info("a read model of another version was dropped", table=row["table_name"])


async def catch_up(pool: Pool, keys: Keys, read_models: ReadModels, progress: Progress | None = None) -> None:
    """Bring every read model that is behind to the head, before anybody is served. Several processes may do so."""
    with _undisturbed():
        await _catch_up(pool, keys, read_models, progress)


async def keep_up(pool: Pool, keys: Keys, read_models: ReadModels) -> None:
    """Catch up whenever there is need, while others are served. Ends by being cancelled."""
    while True:
        try:
            await _catch_up(pool, keys, read_models, None)
        except Exception:
            logger.exception("read models can't catch up")
        await asyncio.sleep(LOOK_EVERY)


async def rebuild(pool: Pool, keys: Keys, read_models: ReadModels, progress: Progress | None = None) -> None:
    """Build these read models again from the log, beside the live ones, and swap when they stand at the head.

    Commands and queries go on meanwhile. One rebuild at a time: another waits for it.
    """
    with _undisturbed():
        async with alone(pool):
            await build(pool, keys, read_models, progress)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the garbage collector, which would look through millions of facts and rows on their way, and find none.

    Counting references is enough for them: nothing here refers to itself. It is for a process that serves nobody yet.
    """
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()


async def _catch_up(pool: Pool, keys: Keys, read_models: ReadModels, progress: Progress | None) -> None:
    await _build_new(pool, keys, read_models, progress)
    reached: dict[ReadModels, int] = {}

    async def bring(part: ReadModels) -> None:
        def tell(position: int, head: int) -> None:
            reached[part] = position
            if progress:
                progress(min(reached.values()), head)

        async with Ahead(pool, keys, part) as ahead:
            while await _catch_up_some(pool, ahead, part, tell):
                pass

    with plainly():
        async with asyncio.TaskGroup() as tasks:
            for part in _parts(read_models):
                tasks.create_task(bring(part))


def _parts(read_models: ReadModels) -> list[ReadModels]:
    """Those of which PostgreSQL derives more, which is most of its work, apart from the others: two of it work then."""
    models = read_models.models.values()
    parts = ([each for each in models if derived(each)], [each for each in models if not derived(each)])
    return [ReadModels(part) for part in parts if part]


async def _build_new(pool: Pool, keys: Keys, read_models: ReadModels, progress: Progress | None) -> None:
    """Read models that have all of a long history before them are built beside, which is quicker."""
    if await _new(pool, read_models):
        async with alone(pool):
            if names := await _new(pool, read_models):
                chosen = [model for name, model in read_models.models.items() if name in names]
                await build(pool, keys, ReadModels(chosen), progress)


async def _new(pool: Pool, read_models: ReadModels) -> frozenset[str]:
    rows = await pool.fetch(
        "SELECT table_name FROM store.behind, store.head"
        " WHERE table_name = ANY($1) AND behind.position = 0 AND head.position > $2",
        list(read_models.tables),
        _page.PAGE,
    )
    return frozenset(row["table_name"] for row in rows)


async def _catch_up_some(pool: Pool, ahead: Ahead, read_models: ReadModels, progress: Progress | None) -> bool:
    """One page further with those that are furthest behind; False if none is."""
    async with pool.acquire() as connection:
        async with wholly(connection):
            position, names = await _furthest_behind(connection, read_models)
            if not names:
                return False
            page = await ahead.page(connection, position, names)
            await write(connection, page.statements)
            await connection.execute(
                "UPDATE store.behind SET position = $2 WHERE table_name = ANY($1)", list(names), page.end
            )
        if not await is_far(connection, page.end, progress):
            await _join(connection, ahead, read_models)
    return True


async def _join(connection: Session, ahead: Ahead, read_models: ReadModels) -> None:
    """The last stretch, under the lock of the head; whoever locks both locks the head first."""
    await ahead.ready()
    async with wholly(connection):
        head = await lock(connection)
        position, names = await _furthest_behind(connection, read_models)
        if not names or position + _page.PAGE < head.position:
            return
        while position < head.position:
            page = await ahead.page(connection, position, names)
            await write(connection, page.statements)
            position = page.end
        await connection.execute(JOINED, sorted(head.live | names))
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
