"""Connections to PostgreSQL, held ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import count, islice
from typing import Any, ClassVar, cast

import asyncpg
from asyncpg import ConnectionDoesNotExistError
from asyncpg.connection import LoggedQuery
from asyncpg.exceptions import (
    InsufficientResourcesError,
    OperatorInterventionError,
    PostgresSystemError,
    ReadOnlySQLTransactionError,
    TransactionRollbackError,
)

from store.together import SYNC, Answers, execute, parse

Texts = tuple[str | None, ...]
"""The values of a row, as PostgreSQL writes them."""

DAY = 86_400.0
PATIENCE = 60.0
"""Seconds that a statement may take, unless said otherwise."""

LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    InsufficientResourcesError,
    OperatorInterventionError,
    PostgresSystemError,
    ReadOnlySQLTransactionError,
    TransactionRollbackError,
)
"""What asyncpg raises when PostgreSQL is not there, or can't now: nothing is wrong with what was asked."""


class Connection(asyncpg.Connection):
    """Goes back into the pool as it is, for we leave nothing behind in a session; and can ask many things at once."""

    listener: ClassVar[Callable[[LoggedQuery], None] | None] = None
    """Told of every statement of connections that are made from then on."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._prepared: dict[str, bytes] = {}
        self._numbers = count(1)
        if Connection.listener is not None:
            self.add_query_logger(Connection.listener)

    def get_reset_query(self) -> str:
        return ""

    async def together(self, statements: Iterable[tuple[str, Sequence[Any]]]) -> list[list[Texts]]:
        """Send these statements in one round trip; the rows of each, with values as text.

        Raises what went wrong first; those after it were not carried out. What is sent before this is answered is
        carried out after it.
        """
        if self.is_closed():
            raise ConnectionDoesNotExistError("The connection is closed.")
        sent, new = [], dict[str, bytes]()
        for sql, arguments in statements:
            name = self._prepared.get(sql) or new.get(sql)
            if name is None:
                name = new[sql] = b"together_%d" % next(self._numbers)
                sent.append(parse(name, sql))
            sent.append(execute(name, arguments))
        transport: asyncio.Transport = self._transport  # type: ignore[attr-defined]  # of asyncpg's own
        bundle = Answers.on(transport).expect()
        transport.write(b"".join((*sent, SYNC)))
        try:
            async with asyncio.timeout(PATIENCE):
                await bundle.all
        except (TimeoutError, asyncio.CancelledError):
            self.terminate()
            raise
        finally:
            self._prepared.update(islice(new.items(), bundle.prepared))
        return [[tuple(map(_text, row)) for row in rows] for rows in bundle.rows[:-1]]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


async def connect(url: str, *, patience: float | None = PATIENCE, name: str = "meritbook") -> Connection:
    """One connection, made as those of a pool are."""
    return cast(Connection, await asyncpg.connect(url, **_options(patience, name)))


async def pool(
    url: str,
    *,
    size: int = 10,
    least: int = 1,
    patience: float | None = PATIENCE,
    name: str = "meritbook",
) -> asyncpg.Pool[asyncpg.Record]:
    """A pool of `least` to `size` connections to the database at `url`; a statement may take `patience` seconds.

    Prepared statements are held as long as their connection. A connection that PostgreSQL lost is replaced when
    next asked for. Only settings that a transaction-level pooler understands are sent; jsonb arrives as text.
    """
    return await asyncpg.create_pool(
        url, min_size=least, max_size=size, max_inactive_connection_lifetime=DAY, **_options(patience, name)
    )


def _options(patience: float | None, name: str) -> dict[str, Any]:
    return {
        "timeout": 10.0,
        "command_timeout": patience,
        "connection_class": Connection,
        "statement_cache_size": 1_000,
        "max_cached_statement_lifetime": 0,
        "server_settings": {"application_name": name, "timezone": "UTC"},
    }
