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

from asyncpg import ConnectionDoesNotExistError, PostgresError, connect_utils

from store.pool import Connection
from store.together import SYNC, execute, parse

PATIENCE = 30.0
"""How many seconds a read may take."""

ENDING = 10.0
"""Seconds in which PostgreSQL is to take that a statement is to end; one that is not there does not take it."""

HEAD = 5
"""Bytes of a message of PostgreSQL's before what it says: its kind and its length."""

Found = Sequence[bytes | None]


def plain(values: Sequence[Any]) -> bool:
    """Whether all of them are such as are the same in PostgreSQL's words as in ours."""
    return all(value is None or isinstance(value, str | int | UUID) for value in values)


class ReadingConnection(Connection):
    """Can ask once."""

    async def once(self, sql: str, values: Sequence[Any]) -> Found | None:
        """The first row, its values as PostgreSQL writes them. The values given must be plain."""
        if self._query_loggers:  # type: ignore[attr-defined]  # somebody traces statements, which asyncpg tells
            row = await self.fetchrow(sql, *values)
            return None if row is None else [_said(value) for value in row]
        if self.is_closed():
            raise ConnectionDoesNotExistError("The connection is closed.")
        transport: asyncio.Transport = self._transport  # type: ignore[attr-defined]  # of asyncpg's own
        said = [str(value) if isinstance(value, UUID) else value for value in values]
        sent = parse(b"", sql) + execute(b"", said) + SYNC  # what can't be said must leave the connection as it is
        answer = Answer(transport)
        transport.write(sent)
        try:
            async with asyncio.timeout(PATIENCE):
                return await answer.found
        except (TimeoutError, asyncio.CancelledError):
            self._break_off()
            raise

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


class Answer(asyncio.Protocol):
    """Takes the place of asyncpg's protocol until PostgreSQL is ready for more: what was found, or what went wrong."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.found: asyncio.Future[Found | None] = asyncio.get_running_loop().create_future()
        self._row: Found | None = None
        self._error: Exception | None = None
        self._received = b""
        self._answered = False
        self._transport = transport
        self._usual: Any = transport.get_protocol()
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        received, at = self._received + data, 0
        while not self._answered and len(received) >= at + HEAD:
            end = at + 1 + int.from_bytes(received[at + 1 : at + HEAD])
            if len(received) < end:
                break
            kind, body, at = received[at : at + 1], received[at + HEAD : end], end
            if kind == b"D" and self._row is None:
                self._row = _row(body)
            elif kind == b"E":
                self._error = _error(body)
            elif kind == b"Z":
                self._answered = True
                self._transport.set_protocol(self._usual)
                self._end()
        self._received = received[at:]
        if self._answered and self._received:  # said unasked, after the answer; there may be more to come of it
            self._usual.data_received(self._received)

    def connection_lost(self, error: Exception | None) -> None:
        self._usual.connection_lost(error)
        self._error = self._error or ConnectionDoesNotExistError("The connection was closed before all was answered.")
        self._end()

    def pause_writing(self) -> None:
        self._usual.pause_writing()

    def resume_writing(self) -> None:
        self._usual.resume_writing()

    def _end(self) -> None:
        if self.found.done():
            return  # nobody waits any more
        if self._error is None:
            self.found.set_result(self._row)
        else:
            self.found.set_exception(self._error)


def _row(body: bytes) -> Found:
    values: list[bytes | None] = []
    at = 2
    for _ in range(int.from_bytes(body[:2])):
        length = int.from_bytes(body[at : at + 4], signed=True)
        at += 4
        values.append(None if length < 0 else body[at : at + length])
        at += max(length, 0)
    return values


def _error(body: bytes) -> PostgresError:
    fields = [field.decode(errors="replace") for field in body.split(b"\0") if field]
    error: PostgresError = PostgresError.new({field[0]: field[1:] for field in fields})
    return error


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
