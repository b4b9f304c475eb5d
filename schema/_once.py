"""A statement that is asked for the first time, and most likely the last: one round trip, and nothing of it is kept.

asyncpg prepares a statement, waits, asks for its types, and then carries it out; with a document that nobody has sent
before, that took a sixth of all the time there was. PostgreSQL itself needs none of it: Parse, Bind and Execute go
together, for a statement without a name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import ConnectionDoesNotExistError, connect_utils

from store.pool import Connection
from store.together import SYNC, Answers, Row, execute, parse

PATIENCE = 30.0
"""How many seconds a read may take."""

ENDING = 10.0
"""Seconds in which PostgreSQL is to take that a statement is to end; one that is not there does not take it."""


def plain(values: Sequence[Any]) -> bool:
    """Whether all of them are such as are the same in PostgreSQL's words as in ours."""
    return all(value is None or isinstance(value, str | int | UUID) for value in values)


class ReadingConnection(Connection):
    """Can ask once."""

    async def once(self, sql: str, values: Sequence[Any]) -> Row | None:
        """The first row, its values as PostgreSQL writes them. The values given must be plain."""
        if self._query_loggers:  # type: ignore[attr-defined]  # somebody traces statements, which asyncpg tells
            row = await self.fetchrow(sql, *values)
            return None if row is None else [_said(value) for value in row]
        if self.is_closed():
            raise ConnectionDoesNotExistError("The connection is closed.")
        transport: asyncio.Transport = self._transport  # type: ignore[attr-defined]  # of asyncpg's own
        said = [str(value) if isinstance(value, UUID) else value for value in values]
        sent = parse(b"", sql) + execute(b"", said) + SYNC  # what can't be said must leave the connection as it is
        answer = Answers.on(transport).expect()
        transport.write(sent)
        try:
            async with asyncio.timeout(PATIENCE):
                await answer.all
        except (TimeoutError, asyncio.CancelledError):
            self._break_off()
            raise
        return next(iter(answer.rows[0]), None)

    def _break_off(self) -> None:
        """PostgreSQL ends the statement; nobody waits for what it says to that, so the connection is of no more use."""
        if self.is_closed():
            return
        protocol = self._protocol  # type: ignore[attr-defined]
        ending = _end_statement(
            loop=self._loop,  # type: ignore[attr-defined]
            addr=self._addr,  # type: ignore[attr-defined]
            params=self._params,  # type: ignore[attr-defined]
            backend_pid=protocol.backend_pid,
            backend_secret=protocol.backend_secret,
        )
        _ending.add(task := asyncio.get_running_loop().create_task(ending))
        task.add_done_callback(_ended)
        self.terminate()


def _said(value: Any) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else str(value).encode()


async def _end_statement(**of: Any) -> None:
    async with asyncio.timeout(ENDING):
        await connect_utils._cancel(**of)  # type: ignore[attr-defined]  # noqa: SLF001 - as asyncpg itself does


_ending: set[asyncio.Task[Any]] = set()


def _ended(task: asyncio.Task[Any]) -> None:
    _ending.discard(task)
    if not task.cancelled():
        task.exception()  # if PostgreSQL can't be reached, there is nothing to be ended
