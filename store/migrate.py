"""Brings the tables of the log to the version that this program knows."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).parent / "migrations"
TRIES = 5


class NewerDatabase(Exception):
    """The database was migrated by a version of the program that this one does not know."""


async def migrate(url: str) -> None:
    """Upgrade the database at `url` to the newest revision, in one transaction; nothing to do is quickly done.

    Processes that start together take turns: they lock the table that holds the revision, so that it holds behind a
    transaction-level pooler too.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=partial(asyncpg.connect, url), poolclass=NullPool
    )
    try:
        await _ensure_version_table(engine)
        async with engine.begin() as connection:
            await connection.execute(text("LOCK TABLE store.alembic_version IN SHARE ROW EXCLUSIVE MODE"))
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def newest() -> str | None:
    """The revision that this program brings a database to."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()


async def _ensure_version_table(engine: AsyncEngine) -> None:
    """`IF NOT EXISTS` can still collide with a process that creates it at the same time: then it is there."""
    for tries_left in reversed(range(TRIES)):
        try:
            async with engine.begin() as connection:
                await connection.execute(text("CREATE SCHEMA IF NOT EXISTS store"))
                await connection.execute(
                    text("CREATE TABLE IF NOT EXISTS store.alembic_version (version_num varchar(32) PRIMARY KEY)")
                )
        except DBAPIError:
            if not tries_left:
                raise
        else:
            return


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        known = ", ".join(ScriptDirectory.from_config(config).get_heads()) or "none"
        raise NewerDatabase(f"The database is at a revision that is not known here (newest known: {known}).") from error
