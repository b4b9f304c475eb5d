"""Connections to PostgreSQL, held ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import asyncpg
from asyncpg.connection import LoggedQuery
from asyncpg.exceptions import (
    InsufficientResourcesError,
    OperatorInterventionError,
    PostgresSystemError,
    ReadOnlySQLTransactionError,
    TransactionRollbackError,
)

DAY = 86_400.0

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
    """Goes back into the pool as it is: we leave nothing behind in a session, and a reset costs a round trip."""

    listener: ClassVar[Callable[[LoggedQuery], None] | None] = None
    """Told of every statement of connections that are made from then on."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        if Connection.listener is not None:
            self.add_query_logger(Connection.listener)

    def get_reset_query(self) -> str:
        return ""


async def connect(
    url: str, *, patience: float | None = 60.0, name: str = "meritbook"
) -> asyncpg.Connection[asyncpg.Record]:
    """One connection, made as those of a pool are."""
    return await asyncpg.connect(url, **_options(patience, name))


async def pool(
    url: str,
    *,
    size: int = 10,
    least: int = 1,
    patience: float | None = 60.0,
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
