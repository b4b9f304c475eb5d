from __future__ import annotations

import asyncio
import sys

import asyncpg
import pytest

from store.migrate import NewerDatabase, migrate

MIGRATE = "import asyncio, sys; from store.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"


async def revision(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval("SELECT string_agg(version_num, ',') FROM store.alembic_version"))
    finally:
        await connection.close()


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = await revision(database_url)
    await migrate(database_url)
    assert await revision(database_url) == before


async def test_processes_that_start_together_migrate_once(fresh_database_url: str, database_url: str) -> None:
    starts = [await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, fresh_database_url) for _ in range(4)]
    assert [await each.wait() for each in starts] == [0, 0, 0, 0]
    assert await revision(fresh_database_url) == await revision(database_url)


async def test_a_database_of_a_newer_program_is_left_alone(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE store.alembic_version SET version_num = 'from the future'")
    await connection.close()
    with pytest.raises(NewerDatabase):
        await migrate(database_url)
