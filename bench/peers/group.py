"""The limit: the same rows of the same table, in group commits, and nothing else. A program of its own, as we are.

No decision, no reading, no encryption, no claims, no idempotency keys, no read models, no positions in order.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import count
from typing import Any, Self
from uuid import uuid4

import asyncpg
import uvloop

from bench.rounds import Work
from bench.writers import obey, write
from server import settle

BATCH = 256
CONNECTIONS = 2

COLUMNS = """topic, data, effective, recorded_at, actor, on_behalf_of, reason, command_id, correlation_id,
    causation_position, leaf"""

SAMPLE = (
    "DROP SCHEMA IF EXISTS bench CASCADE",
    "CREATE SCHEMA bench",
    f"""
    CREATE TABLE bench.sample AS
    SELECT row_number() OVER ()::int AS n, {COLUMNS}
    FROM (SELECT * FROM (SELECT * FROM store.log ORDER BY position DESC LIMIT 5000) ORDER BY stream_id LIMIT 100)
    """,
    "ALTER TABLE bench.sample ADD PRIMARY KEY (n)",
    "ANALYZE bench.sample",
)
"""A hundred of the last facts, as those who only insert rows insert them: as the first of a stream of its own."""

TABLES = (
    "DROP TABLE IF EXISTS bench.log",
    "CREATE TABLE bench.log (LIKE store.log INCLUDING ALL)",
)

INSERT = """
INSERT INTO bench.log SELECT * FROM unnest(
    $1::bigint[], $2::uuid[], $3::int[], $4::text[], $5::bytea[], $6::date[], $7::timestamptz[],
    $8::uuid[], $9::uuid[], $10::text[], $11::uuid[], $12::uuid[], $13::bigint[], $14::bytea[])
"""

Row = tuple[Any, ...]


class GroupCommit:
    """Rows that wait are inserted together, by one statement on whichever connection is free."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._rows: Sequence[Row] = ()
        self._positions = count(1)
        self._waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        connections = [await asyncpg.connect(self._url) for _ in range(CONNECTIONS)]
        for connection in connections:
            self._stack.push_async_callback(connection.close)
        for statement in TABLES:
            await connections[0].execute(statement)
        found = await connections[0].fetch(f"SELECT {COLUMNS} FROM bench.sample")
        self._rows = [tuple(row) for row in found]
        self._tasks = [asyncio.create_task(self._write(connection)) for connection in connections]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._stack.aclose()

    async def one(self) -> None:
        position = next(self._positions)
        row = self._rows[position % len(self._rows)]
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(((position, uuid4(), 1, *row), done))
        self._wake.set()
        await done

    async def _write(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        while True:
            await self._wake.wait()
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            if not self._waiting:
                self._wake.clear()
            if batch:
                columns = [list(column) for column in zip(*(row for row, _ in batch), strict=True)]
                await connection.execute(INSERT, *columns)
                for _, done in batch:
                    done.set_result(None)


async def main() -> None:
    async with GroupCommit(os.environ["DATABASE_URL"]) as it:
        settle()

        async def do(writers: int, seconds: float) -> Work:
            return await write(it.one, writers, seconds)

        await obey(do)


if __name__ == "__main__":
    uvloop.run(main())
