"""Read models: whoever builds them, when, and whatever breaks meanwhile, they are what the log comes to."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Column, Text

from domain._kernel import Refused
from projections import _ahead, _beside, _page
from projections._build import catch_up, ensure, keep_up, rebuild
from projections._fold import ReadModels, Undigested
from projections._kernel import Change, ReadModel, read_model
from store.careful import NotRecorded
from store.log import Log
from store.pool import pool as open_pool
from store.recorded import Recorded
from tests import _ledger_next
from tests._fragile import Fragile, How, Weather
from tests._ledger import MODELS, Account, accounts, by, nicknames, open_log, rows, turnover
from tests._naive import folded

Pool = asyncpg.Pool
IDS = [UUID(int=100 + n) for n in range(12)]
NEXT = _ledger_next.MODELS
ALL = [*MODELS, _ledger_next.accounts]


async def something(log: Log, dice: random.Random, times: int) -> None:
    """Commands at random, many at once, many of them refused."""
    while times > 0:
        await asyncio.gather(*(anything(log, dice) for _ in range(min(times, 40))))  # a commit fits in a page
        times -= 40


async def anything(log: Log, dice: random.Random) -> None:
    id, other, number = dice.choice(IDS), dice.choice(IDS), str(dice.randrange(14))
    branch, nickname = dice.choice(["north", "south"]), dice.choice([None, "x", "y", "z"])
    commands: list[tuple[Any, dict[str, Any]]] = [
        (Account.open, {"number": number, "branch": branch, "parent_id": dice.choice([None, other])}),
        (Account.renumber, {"number": number}),
        (Account.deposit, {"amount": Decimal(dice.randrange(1, 900)), "times": dice.randrange(1, 3)}),
        (Account.withdraw, {"amount": Decimal(dice.randrange(1, 900)), "with_help_of": other}),
        (Account.move, {"parent_id": dice.choice([None, other])}),
        (Account.nickname_it, {"nickname": nickname}),
        (Account.close, {}),
    ]
    command, given = dice.choices(commands, weights=(8, 2, 8, 4, 4, 2, 1))[0]
    with suppress(Refused, NotRecorded):
        await log.run(Account, id, command, origin=by(), **given)


async def are_right(pool: Pool, log: Log, models: list[ReadModel]) -> None:
    """They stand at the head, row by row what the log comes to."""
    facts = [recorded async for recorded in log.everything()]
    live = set(await pool.fetchval("SELECT live FROM store.head"))
    assert {model.table.name for model in models} <= live
    assert await pool.fetchval("SELECT count(*) FROM store.behind WHERE table_name = ANY($1)", list(live)) == 0
    for model in models:
        assert await rows(pool, model) == folded(model, facts), model.name
    assert facts


@asynccontextmanager
async def going_on(log: Log, seed: int = 1) -> AsyncIterator[None]:
    """Commands, while something else happens."""
    stop = asyncio.Event()

    async def go_on() -> None:
        dice = random.Random(seed)
        while not stop.is_set():
            await something(log, dice, 10)
            await asyncio.sleep(0.01)

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        stop.set()
        await task


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_page, "PAGE", 7)
    monkeypatch.setattr(_beside, "ROWS", 5)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_page, "PAGE", 100)
    monkeypatch.setattr(_beside, "ROWS", 80)


async def test_rebuilt_from_the_log_they_are_what_they_were(database_url: str, pool: Pool) -> None:
    async with open_log(database_url) as log, open_log(database_url) as other:
        dice = random.Random(7)
        for _ in range(4):
            await asyncio.gather(something(log, dice, 60), something(other, dice, 60))
        before = {model.name: await rows(pool, model) for model in MODELS}
        await are_right(pool, log, MODELS)
        await rebuild(pool, log.keys, ReadModels(MODELS))
        assert {model.name: await rows(pool, model) for model in MODELS} == before
        assert all(before[model.name][model.table.name] for model in MODELS)
        await something(log, dice, 50)
        await are_right(pool, log, MODELS)


@pytest.mark.parametrize("held", [0, 20, 1_000])
async def test_however_few_rows_a_rebuild_holds_they_are_what_they_were(
    database_url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(_page, "PAGE", 40)
    monkeypatch.setattr(_beside, "ROWS", held)
    async with open_log(database_url) as log:
        await something(log, random.Random(11), 240)
        before = await found_by(pool)
        await rebuild(pool, log.keys, ReadModels(MODELS))
        await are_right(pool, log, MODELS)
        assert await found_by(pool) == before
        await something(log, random.Random(12), 40)
        await are_right(pool, log, MODELS)


async def found_by(pool: Pool) -> list[asyncpg.Record]:
    """The rules and indexes of all tables, by whatever name, and how PostgreSQL cleans up behind them."""
    return [
        *await pool.fetch(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'read'::regnamespace ORDER BY 1, 2"
        ),
        *await pool.fetch(
            "SELECT tablename, regexp_replace(indexdef, ' INDEX .* USING ', ' ') FROM pg_indexes"
            " WHERE schemaname = 'read' ORDER BY 1, 2"
        ),
        *await pool.fetch(
            "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'read'::regnamespace AND relkind = 'r'"
            " ORDER BY 1"
        ),
    ]


async def test_of_a_row_that_is_told_again_and_again_a_rebuild_keeps_the_last(
    database_url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_page, "PAGE", 7)
    monkeypatch.setattr(_beside, "ROWS", 0)
    async with open_log(database_url) as log:
        for id in IDS[:3]:
            await log.run(Account, id, Account.open, number=str(id), origin=by())
        for n in range(40):
            await log.run(Account, IDS[n % 3], Account.nickname_it, nickname=f"N-{n}", origin=by())
        await rebuild(pool, log.keys, ReadModels([nicknames]))
        await are_right(pool, log, MODELS)


@pytest.mark.usefixtures("pages")
async def test_a_new_one_catches_up_while_commands_go_on(database_url: str, pool: Pool) -> None:
    async with open_log(database_url) as log:
        await something(log, random.Random(1), 1_200)
        async with going_on(log):
            new = ReadModels(NEXT)
            await ensure(pool, new)
            reached: list[int] = []
            await catch_up(pool, log.keys, new, lambda position, _: reached.append(position))
        assert reached == sorted(reached)
        assert len(reached) > 1
        await catch_up(pool, log.keys, new)  # the log's own commits left it behind again
        await are_right(pool, log, ALL)


async def test_two_versions_side_by_side_both_end_right(database_url: str, pool: Pool) -> None:
    async with open_log(database_url) as old, open_log(database_url, models=NEXT) as new:
        keeping = [
            asyncio.create_task(keep_up(pool, log.keys, ReadModels(models)))
            for log, models in ((old, MODELS), (new, NEXT))
        ]
        async with going_on(old, 1), going_on(new, 2):
            await asyncio.sleep(1.2)
        async with asyncio.timeout(60):
            while await pool.fetchval("SELECT count(*) FROM store.behind"):  # noqa: ASYNC110  # it is in PostgreSQL
                await asyncio.sleep(0.05)
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        await are_right(pool, old, ALL)


@pytest.mark.usefixtures("pages")
async def test_a_rebuild_beside_disturbs_neither_commands_nor_queries(database_url: str, pool: Pool) -> None:
    async with open_log(database_url) as log:
        await something(log, random.Random(3), 800)
        seen: list[int] = []
        done = asyncio.Event()

        async def read() -> None:
            while not done.is_set():
                row = await pool.fetchrow(f"SELECT sum(facts) AS n FROM read.{turnover.table.name}")
                assert row is not None
                seen.append(row["n"])

        reading = asyncio.create_task(read())
        async with going_on(log):
            for _ in range(3):
                await rebuild(pool, log.keys, ReadModels(MODELS))
        done.set()
        await reading
        assert seen == sorted(seen)
        assert len(seen) > 10
        await are_right(pool, log, MODELS)


async def test_whoever_reads_for_long_keeps_a_rebuild_waiting_and_no_commands(database_url: str, pool: Pool) -> None:
    async with open_log(database_url) as log:
        await something(log, random.Random(4), 60)
        async with pool.acquire() as reader:
            reading = reader.transaction()
            await reading.start()
            await reader.fetch(f"SELECT * FROM read.{turnover.table.name}")
            rebuilding = asyncio.create_task(rebuild(pool, log.keys, ReadModels(MODELS)))
            slowest = 0.0
            for n in range(60):
                began = perf_counter()
                await log.run(Account, UUID(int=500 + n), Account.open, number=f"R-{n}", origin=by())
                slowest = max(slowest, perf_counter() - began)
                await asyncio.sleep(0.01)
            assert not rebuilding.done()
            assert slowest < 10  # it would wait for the reader for ever
            await reading.rollback()
        async with asyncio.timeout(60):
            await rebuilding
        await are_right(pool, log, MODELS)


async def test_whoever_builds_is_alone_until_it_is_done_whatever_the_databases_own_patience_is(
    database_url: str, pool: Pool
) -> None:
    database = await pool.fetchval("SELECT quote_ident(current_database())")
    await pool.execute(f"ALTER DATABASE {database} SET idle_in_transaction_session_timeout = '50ms'")
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as connections, _beside.alone(connections):
        await asyncio.sleep(0.3)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await pool.execute("SET lock_timeout = '50ms'; INSERT INTO store.followers VALUES ('rebuild', 0)")


@pytest.mark.usefixtures("pages")
async def test_rebuilding_and_catching_up_at_once_never_wait_for_each_other_in_a_circle(
    database_url: str, pool: Pool
) -> None:
    async with open_log(database_url) as log, open_log(database_url, models=NEXT) as new:
        async with going_on(log, 1), going_on(new, 2):
            for _ in range(3):
                await asyncio.gather(
                    rebuild(pool, log.keys, ReadModels(MODELS)),
                    catch_up(pool, log.keys, ReadModels(MODELS)),
                    catch_up(pool, log.keys, ReadModels(NEXT)),
                )
        await catch_up(pool, log.keys, ReadModels(ALL))
        await are_right(pool, log, ALL)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("build", [catch_up, rebuild])
@pytest.mark.parametrize("how", [How.BEFORE, How.AFTER])
async def test_whichever_step_breaks_nothing_is_lost_or_counted_twice(
    database_url: str, pool: Pool, build: Any, how: How
) -> None:
    weather = Weather(database_url)

    async def connect(*_: Any, **__: Any) -> Any:
        return await weather.connect()

    async with open_log(database_url) as log:
        await something(log, random.Random(5), 60)
        new, at = ReadModels(NEXT), 0
        await ensure(pool, new)
        async with asyncpg.create_pool(
            database_url, min_size=0, max_size=4, connect=connect, connection_class=Fragile, reset=_nothing
        ) as fragile:
            while True:
                weather.clear()
                weather.breaks = [("", at, how)]
                with suppress(OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
                    await build(fragile, log.keys, new)
                if not weather.broken:
                    break
                at += 1 + at // 12
                if not at % 4:
                    await something(log, random.Random(at), 3)
        assert at > 8
        await catch_up(pool, log.keys, ReadModels(ALL))
        await are_right(pool, log, ALL)


async def _nothing(_: Any) -> None:
    """Nothing is left behind in a session."""


@pytest.mark.parametrize("build", [catch_up, rebuild])
async def test_a_fact_that_cannot_be_taken_in_stops_it_and_is_none_of_the_readers_business(
    database_url: str, pool: Pool, build: Any
) -> None:
    """It says which fact; and the garbage collector, which is not wanted meanwhile, is back."""
    async with open_log(database_url) as log:
        await something(log, random.Random(13), 60)
        await left_behind(pool, turnover)
        before = await rows(pool, turnover)
        looked = set()

        def project(_: Recorded) -> Iterator[Change]:
            looked.add(gc.isenabled())
            raise RuntimeError("a fault in a projection")

        with pytest.raises(Undigested, match=f"{turnover.table.name} can't take in fact 1 of the log, a ledger.opened"):
            await build(pool, log.keys, ReadModels([replace(turnover, project=project)]))
        assert looked == {False}
        assert gc.isenabled()
        assert await rows(pool, turnover) == before
        await catch_up(pool, log.keys, ReadModels(MODELS))
        await are_right(pool, log, MODELS)


async def test_what_postgresql_does_not_take_is_not_half_there(database_url: str, pool: Pool) -> None:
    async with open_log(database_url) as log:
        await something(log, random.Random(19), 60)
        await left_behind(pool, turnover)

        def project(recorded: Recorded) -> Iterator[Change]:
            yield turnover.put(str(recorded.position), facts=1, amount=1 if recorded.position < 4 else "much")

        for _ in range(2):  # the connection goes back into the pool as it was
            with pytest.raises(asyncpg.PostgresError, match="numeric"):
                await catch_up(pool, log.keys, ReadModels([replace(turnover, project=project)]))
            assert not any((await rows(pool, turnover)).values())
        await catch_up(pool, log.keys, ReadModels(MODELS))
        await are_right(pool, log, MODELS)


async def test_whoever_gives_up_while_postgresql_writes_a_page_has_given_up(database_url: str, pool: Pool) -> None:
    table, waiting = (
        f"read.{turnover.table.name}",
        "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = $1::regclass",
    )
    async with open_log(database_url) as log:
        await something(log, random.Random(20), 60)
        await left_behind(pool, turnover)
        async with pool.acquire() as other, other.transaction():
            await other.execute(f"LOCK TABLE {table}")
            keeping = asyncio.create_task(keep_up(pool, log.keys, ReadModels(MODELS)))
            async with asyncio.timeout(60):
                while not await other.fetchval(waiting, table):  # noqa: ASYNC110  # it is in PostgreSQL
                    await asyncio.sleep(0.01)
                keeping.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await keeping
        await catch_up(pool, log.keys, ReadModels(MODELS))
        await are_right(pool, log, MODELS)


@pytest.mark.usefixtures("small_pages")
async def test_however_often_catching_up_is_cut_short_and_whoever_else_does_it_nothing_is_counted_twice(
    database_url: str, pool: Pool
) -> None:
    async with open_log(database_url) as log:
        await something(log, random.Random(14), 120)
        await ensure(pool, ReadModels(NEXT))
        dice = random.Random(15)

        async def some() -> None:
            """Catches up a little, by connections of its own, and is gone."""
            async with await open_pool(database_url, size=3) as connections:
                with suppress(TimeoutError):
                    async with asyncio.timeout(dice.random() / 5):
                        await catch_up(connections, log.keys, ReadModels(NEXT))

        async with going_on(log, 16):
            for _ in range(6):
                await asyncio.gather(some(), some())
        await catch_up(pool, log.keys, ReadModels(ALL))
        await are_right(pool, log, ALL)


@pytest.mark.usefixtures("small_pages")
async def test_whoever_has_no_connection_to_read_ahead_catches_up_all_the_same(
    database_url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_ahead, "PATIENCE", 0.05)
    async with open_log(database_url) as log:
        await something(log, random.Random(17), 20)
    async with open_log(database_url, models=[]) as other:
        await something(other, random.Random(18), 60)
        await other.keys.of(IDS)
        async with await open_pool(database_url, size=1) as one, asyncio.timeout(60):
            await catch_up(one, other.keys, ReadModels(MODELS))
        await are_right(pool, other, MODELS)


async def left_behind(pool: Pool, model: ReadModel) -> None:
    """As by a version that does not know it, from the beginning."""
    await pool.execute("UPDATE store.head SET live = array_remove(live, $1)", model.table.name)
    await pool.execute("INSERT INTO store.behind (table_name, position) VALUES ($1, 0)", model.table.name)
    await pool.execute(f"TRUNCATE read.{model.table.name}")


async def test_names_that_change_hands_within_a_page_do_not_stop_it(database_url: str, pool: Pool) -> None:
    async with open_log(database_url, models=[accounts]) as log:
        a, b, c = IDS[:3]
        for n, id in enumerate((a, b, c)):
            await log.run(Account, id, Account.open, number=str(n), origin=by())
        for id, nickname in ((b, "y"), (a, "x"), (a, None), (b, "x"), (a, "y"), (c, "z"), (b, None), (c, "x")):
            await log.run(Account, id, Account.nickname_it, nickname=nickname, origin=by())
        later = ReadModels([nicknames, turnover])
        await ensure(pool, later)
        await catch_up(pool, log.keys, later)
        await catch_up(pool, log.keys, ReadModels(MODELS))
        await are_right(pool, log, MODELS)


def test_what_is_unique_in_a_read_model_is_deferred() -> None:
    for column in (Column("n", Text, unique=True), Column("n", Text, unique=True, index=True)):
        with pytest.raises(ValueError, match="deferred"):
            read_model(f"not_deferred_{column.index}", column)


async def test_one_that_is_behind_is_not_written_by_commits_until_it_stands_at_the_head(
    database_url: str, pool: Pool
) -> None:
    async with open_log(database_url) as log:
        await log.run(Account, IDS[0], Account.open, number="1", origin=by())
        await ensure(pool, ReadModels(NEXT))
        await log.run(Account, IDS[1], Account.open, number="2", origin=by())
        assert await pool.fetchval(f"SELECT count(*) FROM read.{_ledger_next.accounts.table.name}") == 0
        await are_right(pool, log, MODELS)
        async with open_log(database_url, models=NEXT) as new:  # catches up when it opens
            await new.run(Account, IDS[2], Account.open, number="3", origin=by())
            await are_right(pool, log, NEXT)
            behind = await pool.fetch("SELECT table_name, position FROM store.behind")
            assert [tuple(row.values()) for row in behind] == [(accounts.table.name, 2)]


async def test_what_a_version_left_that_is_gone_for_long_is_dropped_and_built_again_if_it_comes_back(
    database_url: str, pool: Pool
) -> None:
    relations = "SELECT relname FROM pg_class WHERE starts_with(relname, $1) AND relkind = 'r' ORDER BY relname"
    functions = "SELECT proname FROM pg_proc WHERE starts_with(proname, $1)"
    gone, kept = _ledger_next.accounts.table.name, accounts.table.name
    async with open_log(database_url, models=NEXT) as new:
        await new.run(Account, IDS[0], Account.open, number="1", origin=by())
    async with open_log(database_url) as log:
        await log.run(Account, IDS[1], Account.open, number="2", origin=by())
        await pool.execute("UPDATE store.behind SET since = now() - interval '13 days'")
        await ensure(pool, ReadModels(MODELS))
        assert [row["relname"] for row in await pool.fetch(relations, gone)] == [gone, f"{gone}_rank", f"{gone}_tree"]
        await pool.execute("UPDATE store.behind SET since = now() - interval '15 days'")
        await ensure(pool, ReadModels(MODELS))
        for question in (relations, functions):
            assert not await pool.fetch(question, gone)
            assert await pool.fetch(question, kept)
        async with open_log(database_url, models=NEXT) as new:
            await are_right(pool, new, NEXT)
