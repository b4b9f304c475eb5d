"""Connections for reading, held: to take one out of a pool and to put it back costs more than a small statement."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import Pool, PoolConnectionProxy

from schema._once import PATIENCE, ReadingConnection, plain
from store.pool import DAY
from store.together import Row

LARGEST_KEPT = 50_000
"""The longest statement that is worth keeping, here and prepared in PostgreSQL, in characters."""

MOST_WORN = 100_000
"""Statements for which a connection is good; one that is asked once counts for as many as wear it as much.

PostgreSQL remembers each list of names that an object ever had for as long as a connection lasts, and looks through
them for each statement that it has not seen before: 12 µs longer after a thousand others, 300 µs after twenty-five
thousand.
"""
ONCE = 50

SPARE = 2
"""Connections that are never held, for whoever wants one for longer than a statement."""

Held: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"


class ReadingPool(Pool):
    """A pool that keeps the connections of `fetchrow` and `fetchrows` at hand. One on which anything went wrong goes
    back, to be looked after or replaced.
    """

    def __init__(self, url: str, *, size: int, **options: Any) -> None:
        super().__init__(url, max_size=size, **options)
        self._most = max(1, size - SPARE)
        self._taken = 0
        self._at_hand: list[Held] = []
        self._worn: dict[Held, int] = {}
        self._turns: deque[asyncio.Future[Held | None]] = deque()

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._answered(PoolConnectionProxy.fetchrow, query, *args, **options)

    async def fetchrows(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """All rows, on a connection at hand."""
        found: list[asyncpg.Record] = await self._answered(PoolConnectionProxy.fetch, query, *args)
        return found

    async def once(self, query: str, values: Sequence[Any]) -> Row | asyncpg.Record | None:
        """The first row of a statement that is not expected again."""
        if not plain(values):
            row: asyncpg.Record | None = await self.fetchrow(query, *values)
            return row
        found: Row | None = await self._answered(_once, query, values, wears=ONCE)
        return found

    async def _answered(self, method: Callable[..., Awaitable[Any]], *args: Any, wears: int = 1, **options: Any) -> Any:
        connection = await self._take()
        try:
            found = await method(connection, *args, **options)
        except BaseException:
            await self._put_back(connection)
            raise
        worn = self._worn[connection] = self._worn.get(connection, 0) + wears
        if self._most and worn < MOST_WORN:
            self._keep(connection)
        else:
            await self._put_back(connection, worn_out=worn >= MOST_WORN)
        return found

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        row = await self.fetchrow(query, *args, **options)
        return None if row is None else row[0]

    def get_idle_size(self) -> int:
        return super().get_idle_size() + len(self._at_hand)

    async def close(self) -> None:
        self._most = 0
        while self._at_hand:
            await self._put_back(self._at_hand.pop())
        await super().close()

    # ── Whose turn it is ──

    async def _take(self) -> Held:
        while True:
            while self._at_hand:
                connection = self._at_hand.pop()
                if not _is_gone(connection):
                    return connection
                await self._put_back(connection)
            if self._taken < max(1, self._most):
                self._taken += 1
                try:
                    return await self.acquire()
                except BaseException:
                    self._taken -= 1
                    self._call(None)
                    raise
            turn: asyncio.Future[Held | None] = asyncio.get_running_loop().create_future()
            self._turns.append(turn)
            try:
                given = await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._handed_back(turn.result())
                raise
            if given is not None:
                return given

    def _keep(self, connection: Held) -> None:
        if not self._call(connection):
            self._at_hand.append(connection)

    def _handed_back(self, connection: Held | None) -> None:
        if connection is not None:
            self._keep(connection)
        else:
            self._call(None)

    def _call(self, connection: Held | None) -> bool:
        """Hand this to whoever has waited longest; None says that there may be one to be had. False if nobody waits."""
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(connection)
                return True
        return False

    async def _put_back(self, connection: Held, *, worn_out: bool = False) -> None:
        self._taken -= 1
        self._worn.pop(connection, None)
        self._call(None)
        if worn_out:
            connection.terminate()  # the pool makes another when one is wanted
        await self.release(connection)


def _once(connection: Held, query: str, values: Sequence[Any]) -> Awaitable[Row | None]:
    asked: Awaitable[Row | None] = connection.once(query, values)  # type: ignore[attr-defined]
    return asked


def _is_gone(connection: Held) -> bool:
    """Whether PostgreSQL has closed it; the pool may have noticed before us, and taken it back."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


async def reading_pool(url: str, *, size: int = 10) -> ReadingPool:
    """Connections for reading: statements of any length stay prepared, JSON arrives as the bytes that are sent on."""

    async def ready(connection: Any) -> None:
        await connection.execute("SET jit = off")
        await connection.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")

    return await ReadingPool(
        url,
        size=size,
        min_size=1,
        max_queries=50_000,
        init=ready,
        setup=None,
        loop=None,
        connection_class=ReadingConnection,
        record_class=asyncpg.Record,
        max_inactive_connection_lifetime=DAY,
        statement_cache_size=1_000,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=LARGEST_KEPT,
        command_timeout=PATIENCE,
        server_settings={"application_name": "meritbook reads", "timezone": "UTC"},
    )
