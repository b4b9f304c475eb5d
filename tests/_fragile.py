"""Connections that break when they are told to: at any step, in any way, and come back or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any

import asyncpg

from store.pool import Connection, Texts


class How(Enum):
    """When a connection breaks, as seen from the statement that it breaks at."""

    BEFORE = "PostgreSQL never gets the statement"
    DURING = "PostgreSQL gets the statement, and nobody its answer"
    AFTER = "the answer arrives just before"
    KILLED = "PostgreSQL ends it"


Break = tuple[str, int, How]


@dataclass
class Weather:
    """What comes over the connections of one process.

    A break is how many statements, or of those that begin so, are let through after the last one, and how it breaks.
    """

    url: str
    breaks: list[Break] = field(default_factory=list)
    away: bool = False
    """Whether nothing can be connected to any more, once a connection has broken."""
    broken: int = 0

    async def connect(self) -> Fragile:
        if self.away and self.broken:
            raise ConnectionRefusedError("PostgreSQL is away")
        connection: Fragile = await asyncpg.connect(
            self.url, connection_class=Fragile, statement_cache_size=1_000, server_settings={"timezone": "UTC"}
        )
        connection.weather = self
        return connection

    def clear(self) -> None:
        self.breaks, self.away, self.broken = [], False, 0

    def next(self, statement: str) -> How | None:
        if not self.breaks or not statement.startswith(self.breaks[0][0]):
            return None
        (beginning, left, how), *later = self.breaks
        self.breaks = [(beginning, left - 1, how), *later] if left else later
        self.broken += not left
        return None if left else how


class Fragile(Connection):
    """Counts its statements, those of transactions too."""

    weather: Weather

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._turn = asyncio.Lock()

    async def execute(self, *arguments: Any, **options: Any) -> Any:
        return await self._through(arguments[0], lambda: super(Fragile, self).execute(*arguments, **options))

    async def fetch(self, *arguments: Any, **options: Any) -> Any:
        return await self._through(arguments[0], lambda: super(Fragile, self).fetch(*arguments, **options))

    async def fetchrow(self, *arguments: Any, **options: Any) -> Any:
        return await self._through(arguments[0], lambda: super(Fragile, self).fetchrow(*arguments, **options))

    async def fetchval(self, *arguments: Any, **options: Any) -> Any:
        return await self._through(arguments[0], lambda: super(Fragile, self).fetchval(*arguments, **options))

    async def copy_records_to_table(self, *arguments: Any, **options: Any) -> Any:
        return await self._through("COPY", lambda: super(Fragile, self).copy_records_to_table(*arguments, **options))

    async def together(self, statements: Iterable[tuple[str, Sequence[Any]]]) -> list[list[Texts]]:
        """The statements before one that breaks are sent together, and so are those after it; nothing in between."""
        async with self._turn:
            return await self._apart(statements)

    async def _apart(self, statements: Iterable[tuple[str, Sequence[Any]]]) -> list[list[Texts]]:
        rows: list[list[Texts]] = []
        waiting: list[tuple[str, Sequence[Any]]] = []
        for each in statements:
            how = None if self.is_closed() else self.weather.next(each[0])
            if how is not None:
                rows += await super().together(waiting)
                rows += await self._broken(how, partial(super().together, [each]))
                waiting = []
            else:
                waiting.append(each)
        return rows + await super().together(waiting)

    async def _through(self, statement: str, say: Callable[[], Awaitable[Any]]) -> Any:
        return await self._broken(None if self.is_closed() else self.weather.next(statement), say)

    async def _broken(self, how: How | None, say: Callable[[], Awaitable[Any]]) -> Any:
        match how:
            case How.BEFORE:
                self.terminate()
            case How.DURING:
                said = asyncio.ensure_future(say())
                await asyncio.sleep(0)
                self.terminate()
                return await said
            case How.AFTER:
                await say()
                self.terminate()
                raise ConnectionResetError("the connection broke")
            case How.KILLED:
                killer = await asyncpg.connect(self.weather.url)
                await killer.execute("SELECT pg_terminate_backend($1, 5000)", self.get_server_pid())
                await killer.close()
        return await say()
