"""Read models: catching up from nothing and rebuilding beside, in facts a second.

Beside COPY of the rows that come out of it, indexes and derived tables included, and the library's ProjectionRunner.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from time import perf_counter

import asyncpg
import psutil

from bench.calibration import Calibration
from bench.library import library
from bench.meter import Meter
from bench.place import Place
from bench.result import Bar, Result
from bench.rounds import Tell, Work, interleaved
from projections._build import catch_up, ensure, rebuild
from projections._derived import derived
from projections._fold import ReadModels
from server import settle
from store.keys import Keys, LocalKms
from store.pool import pool
from vault import Vault

COPY, EMPTY = "bench_projections", "bench_library"
CATCH_UP, REBUILD, COPIED, RUNNER = "catch-up", "rebuild beside", "COPY of the same rows", "ProjectionRunner"
LIBRARY_EVENTS = 2_000

NOTHING = (
    "UPDATE store.head SET live = '{}'",
    "DELETE FROM store.behind",
    "DROP SCHEMA read CASCADE",
    "CREATE SCHEMA read",
)


@dataclass(frozen=True, slots=True)
class Whole:
    """Takes in the whole history each time, however long that takes."""

    name: str
    facts: int
    once: Callable[[], Awaitable[float]]
    meter: Meter | None = field(default=None)

    async def run(self, seconds: float) -> Work:  # noqa: ARG002  # it takes as long as it takes
        taken = await self.once()
        return Work(self.facts, taken, [taken])


async def measure(place: Place, calibration: Calibration, tell: Tell) -> Result:
    result = Result("projections", place.size, calibration)
    async with place.copy(COPY) as database, await pool(place.url(database), patience=None) as connections:
        settle()
        read_models = ReadModels()
        keys = Keys(connections, LocalKms(Vault.open(place.keys).people))
        facts = await connections.fetchval("SELECT position FROM store.head")
        meter = place.meter(psutil.Process())

        async def from_nothing() -> float:
            for statement in NOTHING:
                await connections.execute(statement)
            start = perf_counter()
            await ensure(connections, read_models)
            await catch_up(connections, keys, read_models)
            return perf_counter() - start

        async def beside() -> float:
            start = perf_counter()
            await rebuild(connections, keys, read_models)
            return perf_counter() - start

        async def copied() -> float:
            async with connections.acquire() as connection:
                return await _copied(connection, read_models)

        contenders = [
            Whole(CATCH_UP, facts, from_nothing, meter),
            Whole(REBUILD, facts, beside, meter),
            Whole(COPIED, facts, copied, meter),
        ]
        rounds = min(3, place.size.rounds)
        figures = await interleaved(contenders, calibration, rounds=rounds, seconds=0, tell=tell)
    result.tables[f"{facts:,} facts"] = figures
    result.facts["facts"] = facts
    result.bars.append(Bar.ratio("rebuild, of COPY of the same rows", 0.5, figures[REBUILD], figures[COPIED]))
    async with _empty(place) as database, library(place, database, result) as program:
        if program is not None:
            tell("the library's ProjectionRunner")
            seconds = await program.ask(LIBRARY_EVENTS)
            rate = LIBRARY_EVENTS / seconds
            result.facts[f"{RUNNER}, events a second"] = rate
            found = figures[CATCH_UP].rate / rate
            result.bars.append(Bar(what=f"catch-up, of {RUNNER}", wanted=20, found=found))
    return result


async def _copied(connection: asyncpg.pool.PoolConnectionProxy[asyncpg.Record], read_models: ReadModels) -> float:
    """The rows of all read tables into empty tables with the same indexes; reading them does not count."""
    taken = 0.0
    await connection.execute("DROP SCHEMA IF EXISTS copied CASCADE; CREATE SCHEMA copied")
    for model in read_models.models.values():
        for table in (model.table, *derived(model)):
            await connection.execute(f'CREATE TABLE copied."{table.name}" (LIKE read."{table.name}" INCLUDING ALL)')
            plain = [column.name for column in table.columns if column.computed is None]
            rows = BytesIO()
            await connection.copy_from_table(
                table.name, schema_name="read", columns=plain, output=rows, format="binary"
            )
            rows.seek(0)
            start = perf_counter()
            await connection.copy_to_table(
                table.name, schema_name="copied", columns=plain, source=rows, format="binary"
            )
            taken += perf_counter() - start
    await connection.execute("DROP SCHEMA copied CASCADE")
    return taken


@asynccontextmanager
async def _empty(place: Place) -> AsyncIterator[str]:
    drop = f'DROP DATABASE IF EXISTS "{EMPTY}" WITH (FORCE)'
    await place.say(drop, f'CREATE DATABASE "{EMPTY}"')
    try:
        yield EMPTY
    finally:
        await asyncio.sleep(0)
        await place.say(drop)
