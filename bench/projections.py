"""Read models: catching up from nothing and rebuilding beside, in facts a second; beside COPY of the same rows.

And one read model alone, beside the library's ProjectionRunner with the same row of the same facts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from time import perf_counter, process_time
from typing import Any

import asyncpg

from bench.calibration import Calibration
from bench.library import library
from bench.meter import Meter
from bench.peers._program import Program
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
CATCH_UP, REBUILD, COPIED = "catch-up from nothing", "rebuild beside", "COPY of the same rows"
BEHIND, BEHIND_ALL, RUNNER = "one read model, catching up", "all read models, catching up", "ProjectionRunner"
FEW, MANY = 300_000, 1_000_000
"""Facts up to which the whole history is taken in three times, and twice."""

LATE, LIBRARY_EVENTS = 20_000, 2_000
"""Facts that are caught up with, by us and by the library."""

LIKE = 3
"""How often."""

PATIENCE = 600.0

NOTHING = (
    "UPDATE store.head SET live = '{}'",
    "DELETE FROM store.behind",
    "DROP SCHEMA read CASCADE",
    "CREATE SCHEMA read",
)


class DifferentRows(Exception):
    """What was built is not what was there: then it makes no sense to compare how quickly."""


Taken = tuple[int, float, float]
"""Facts taken in, in how many seconds, and with how many of processor time."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Does something once in a round, however long that takes."""

    name: str
    once: Callable[[], Awaitable[Taken]]
    meter: Meter | None = field(default=None)

    async def run(self, seconds: float) -> Work:  # noqa: ARG002  # it takes as long as it takes
        facts, taken, used = await self.once()
        return Work(facts, taken, taken, taken, used)


def late(program: Program, *said: Any) -> Callable[[], Awaitable[Taken]]:
    """What a program is told to take in, of what is new."""

    async def once() -> Taken:
        facts, taken, used = await program.ask(*said)
        return facts, taken, used

    return once


async def rebuilt(connections: asyncpg.Pool[asyncpg.Record], keys: Keys, read_models: ReadModels) -> Taken:
    """The whole history, beside what there is, and in its place."""
    facts = await connections.fetchval("SELECT position FROM store.head")
    start, used = perf_counter(), process_time()
    await rebuild(connections, keys, read_models)
    return facts, perf_counter() - start, process_time() - used


async def measure(place: Place, calibration: Calibration, tell: Tell) -> Result:
    result = Result("projections", place.size, calibration)
    async with place.copy(COPY) as database:
        await _whole(place, database, result, tell)
        await _alike(place, database, result, tell)
    return result


async def _whole(place: Place, database: str, result: Result, tell: Tell) -> None:
    """The whole history; what comes of it is what the commits had written."""
    async with await pool(place.url(database), patience=None) as connections:
        settle()
        read_models = ReadModels()
        keys = Keys(connections, LocalKms(Vault.open(place.keys).people))
        facts = await connections.fetchval("SELECT position FROM store.head")
        wanted = await _rows(connections, read_models)
        meter = place.meter()

        async def same() -> None:
            if (found := await _rows(connections, read_models)) != wanted:
                different = sorted(name for name in wanted if wanted[name] != found.get(name))
                raise DifferentRows(f"{', '.join(different)}: not the rows that the commits had written.")

        async def from_nothing() -> Taken:
            for statement in NOTHING:
                await connections.execute(statement)
            start, used = perf_counter(), process_time()
            await ensure(connections, read_models)
            await catch_up(connections, keys, read_models)
            return facts, perf_counter() - start, process_time() - used

        async def copied() -> Taken:
            async with connections.acquire() as connection:
                return facts, *await _copied(connection, read_models)

        contenders = [
            Whole(CATCH_UP, from_nothing, meter),
            Whole(REBUILD, partial(rebuilt, connections, keys, read_models), meter),
            Whole(COPIED, copied),
        ]
        rounds = min(place.size.rounds, 3 if facts < FEW else 2 if facts < MANY else 1)
        figures = await interleaved(
            contenders, result.calibration, rounds=rounds, seconds=0, tell=tell, warm_up=0, after_round=same
        )
    result.tables[f"{facts:,} facts"] = figures
    result.facts["rows, derived ones included"] = sum(count for count, _ in wanted.values())
    result.bars.append(Bar.ratio("rebuild, of COPY of the same rows", 0.5, figures[REBUILD], figures[COPIED]))


async def _rows(connection: asyncpg.Pool[asyncpg.Record], read_models: ReadModels) -> dict[str, tuple[Any, ...]]:
    """How many rows each read model has, and what they come to in any order.

    Of ranks those that count somebody: a bucket that commits have emptied stays, and is not built anew.
    """
    found = {}
    for model in read_models.models.values():
        for table in (model.table, *derived(model)):
            which = "WHERE n <> 0" if table is model.ranks else ""
            row = await connection.fetchrow(
                f'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM read."{table.name}" t {which}',
                timeout=PATIENCE,
            )
            assert row is not None
            found[table.name] = tuple(row)
    return found


async def _copied(
    connection: asyncpg.pool.PoolConnectionProxy[asyncpg.Record], read_models: ReadModels
) -> tuple[float, float]:
    """The rows of all read tables into bare tables, which then get the same indexes; reading them does not count."""
    taken = used = 0.0
    await connection.execute("DROP SCHEMA IF EXISTS copied CASCADE; CREATE SCHEMA copied")
    for model in read_models.models.values():
        for table in (model.table, *derived(model)):
            plain = [column.name for column in table.columns if column.computed is None]
            rows = BytesIO()
            await connection.copy_from_table(
                table.name, schema_name="read", columns=plain, output=rows, format="binary"
            )
            rows.seek(0)
            indexes = await connection.fetch(
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'read' AND tablename = $1", table.name
            )
            start, used_before = perf_counter(), process_time()
            await connection.execute(
                f'CREATE TABLE copied."{table.name}" (LIKE read."{table.name}" INCLUDING GENERATED INCLUDING DEFAULTS)'
            )
            await connection.copy_to_table(
                table.name, schema_name="copied", columns=plain, source=rows, format="binary"
            )
            for (index,) in indexes:
                await connection.execute(index.replace(" ON read.", " ON copied."))
            taken += perf_counter() - start
            used += process_time() - used_before
    await connection.execute("DROP SCHEMA copied CASCADE")
    return taken, used


# ── Like with like ──


async def _alike(place: Place, database: str, result: Result, tell: Tell) -> None:
    """Scores that nobody has taken in yet; one row each, of the same columns, with the same indexes."""
    async with (
        place.program("bench.late", database) as ours,
        _empty(place) as empty,
        library(place, empty, result) as program,
    ):
        contenders = [Whole(BEHIND, late(ours, LATE, "scores")), Whole(BEHIND_ALL, late(ours, LATE))]
        if program is not None:
            contenders.append(Whole(RUNNER, late(program, LIBRARY_EVENTS)))
        figures = await interleaved(contenders, result.calibration, rounds=LIKE, seconds=0, tell=tell, warm_up=0)
    result.tables[f"facts that are new: {LATE:,}, and {LIBRARY_EVENTS:,} by the library"] = figures
    if RUNNER in figures:
        result.bars += [
            Bar.ratio(f"catch-up of one read model, of {RUNNER} with the same", 20, figures[BEHIND], figures[RUNNER]),
            Bar.ratio(f"catch-up of all, of {RUNNER} with one", 20, figures[BEHIND_ALL], figures[RUNNER]),
        ]


@asynccontextmanager
async def _empty(place: Place) -> AsyncIterator[str]:
    drop = f'DROP DATABASE IF EXISTS "{EMPTY}" WITH (FORCE)'
    await place.say(drop, f'CREATE DATABASE "{EMPTY}"')
    try:
        yield EMPTY
    finally:
        await place.say(drop)
