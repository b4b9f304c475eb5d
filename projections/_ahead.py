"""The next page of the log is taken in while PostgreSQL writes this one: neither waits for the other.

What is taken in ahead is used only if its turn comes: if the read models that it is for stand where it begins, which
whoever writes it holds them to. Else, if another process was quicker or something went wrong, it is as if nothing had
been done. What is recorded never changes, so it does not matter when it is read.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

from asyncpg import Pool

from projections._fold import ReadModels
from projections._page import Taken, taken
from store.batch import Session
from store.keys import Keys

PATIENCE = 2.0
"""Seconds that are waited for what is taken in ahead: it needs a connection, and whoever has them may wait likewise."""


class Ahead(AbstractAsyncContextManager["Ahead"]):
    """Of one who catches up."""

    def __init__(self, pool: Pool, keys: Keys, read_models: ReadModels) -> None:
        self._pool = pool
        self._keys = keys
        self._read_models = read_models
        self._place: tuple[int, frozenset[str]] | None = None
        self._coming: asyncio.Task[Taken] | None = None

    async def __aexit__(self, *_: object) -> None:
        await self._forget()

    async def page(self, connection: Session, position: int, names: frozenset[str]) -> Taken:
        """What follows a position in these read models; the page after that is begun."""
        await self.ready()
        coming = self._coming if self._place == (position, names) else None
        if coming is not None and coming.done() and coming.exception() is None:
            found = coming.result()
        else:
            await self._forget()
            found = await taken(connection, self._keys, self._read_models, names, position)
        if found.end < found.head:
            self._place = (found.end, names)
            self._coming = asyncio.create_task(taken(self._pool, self._keys, self._read_models, names, found.end))
        return found

    async def ready(self) -> None:
        """Whoever is to hold a lock meanwhile waits before that."""
        if self._coming is not None:
            await asyncio.wait([self._coming], timeout=PATIENCE)

    async def _forget(self) -> None:
        coming, self._coming = self._coming, None
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
