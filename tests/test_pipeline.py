"""Commits that follow each other on one connection, each sent before the one before it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from inspect import isawaitable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from store.batch import Head, Prepared, prepare
from store.careful import NotRecorded, settle
from store.claims import Wishes
from store.command import Command, Decided, Outcome
from store.commit import BEGIN, COMMIT, LOCK, ROLLBACK, as_expected, statements
from store.log import Log
from store.pool import Connection, connect
from store.streams import Folded, Stream
from tests._ledger import Account, Closed, Overdrawn, by, open_log, opened, run, turnover

ONE = Decimal(1)
CROWD = 120


@pytest.fixture
async def log(database_url: str) -> AsyncIterator[Log]:
    async with open_log(database_url) as log:
        yield log


@pytest.fixture
async def other(database_url: str, log: Log) -> AsyncIterator[Log]:
    """The same log, as another process has it."""
    async with open_log(database_url) as it:
        yield it


async def at_once(*commands: Any) -> list[Any]:
    return await asyncio.gather(*commands, return_exceptions=True)


async def until(so: Callable[[], Any]) -> None:
    while True:
        found = so()
        if await found if isawaitable(found) else found:
            return
        await asyncio.sleep(0.01)


def commits(log: Log) -> list[int]:
    """From now on, how many facts each commit recorded."""
    seen: list[int] = []

    def see(prepared: Prepared) -> None:
        assert prepared.after.position == prepared.head.position + len(prepared.rows)
        seen.append(len(prepared.rows))

    log.watchers.append(see)
    return seen


async def test_what_a_crowd_asks_is_recorded_in_several_commits_in_the_order_in_which_it_came(log: Log) -> None:
    ids = [await opened(log) for _ in range(3)]
    seen = commits(log)
    outcomes = await asyncio.gather(*(run(log, ids[n % 3], Account.deposit, amount=ONE) for n in range(CROWD)))
    assert [outcome.position for outcome in outcomes] == list(range(4, CROWD + 4))
    assert len(seen) > 1
    assert sum(seen) == CROWD
    assert log.meter.taken_back == 0
    for id in ids:
        assert [fact.version for fact in await log.stream(id)] == list(range(1, CROWD // 3 + 2))


async def test_a_commit_behind_one_that_fails_at_its_very_end_is_taken_back_with_it(log: Log) -> None:
    """What is unique in a read model is looked at when the transaction ends."""
    names = [await opened(log) for _ in range(2)]
    for _ in range(3):
        await run(log, names[0], Account.nickname_it, nickname=str(uuid4()))
        new = [uuid4() for _ in range(CROWD // 4)]
        answers = await at_once(
            run(log, names[0], Account.nickname_it, nickname=f"x {new[0]}"),
            run(log, names[1], Account.nickname_it, nickname=f"x {new[0]}"),
            *(run(log, id, Account.open, number=str(id)) for id in new),
            *(run(log, id, Account.deposit, amount=ONE) for id in new),
            *(run(log, id, Account.deposit, amount=ONE) for id in reversed(new)),
        )
        assert [n for n, answer in enumerate(answers) if not isinstance(answer, Outcome)] == [1]
        assert isinstance(answers[1], NotRecorded)
        for id in new:
            assert [fact.version for fact in await log.stream(id)] == [1, 2, 3]
    assert log.meter.taken_back >= 3


async def test_what_is_only_remembered_leaves_the_log_as_the_next_commit_expects_it(log: Log) -> None:
    id = await opened(log)
    await run(log, id, Account.deposit, amount=ONE)
    for _ in range(3):
        await run(log, id, Account.nickname_it, nickname=None, keyed=True)
        await run(log, id, Account.deposit, amount=ONE)
    assert log.meter.taken_back == 0


async def test_whoever_else_writes_a_process_goes_on_where_the_log_ends(log: Log, other: Log) -> None:
    shared, ids = await opened(log), [await opened(log) for _ in range(10)]
    for turn in range(6):
        writing = (log, other) if turn % 2 else (log,)
        outcomes = await at_once(
            *(run(each, id, Account.deposit, amount=ONE) for each in writing for id in ids for _ in range(5)),
            run(other, shared, Account.deposit, amount=ONE),
        )
        assert all(isinstance(outcome, Outcome) for outcome in outcomes), outcomes
        assert (await run(log, shared, Account.deposit, amount=ONE)).version == 2 * turn + 3
    facts = [fact async for fact in log.everything()]
    assert [fact.position for fact in facts] == list(range(1, len(facts) + 1))
    assert len(facts) == 11 + 6 * 2 + 3 * 50 + 3 * 100


@pytest.fixture
async def connection(database_url: str, log: Log) -> AsyncIterator[Connection]:
    it = await connect(database_url)
    yield it
    await it.close()


async def test_what_waits_for_its_commit_is_not_forgotten_for_what_others_recorded(
    log: Log, other: Log, connection: Connection
) -> None:
    """It is heard of late what they have moved, when something is decided upon that, and more upon it."""
    one, two, apart, slow = [await opened(log) for _ in range(3)] + [uuid4()]
    await run(log, slow, Account.open, number="slow", branch="slow")
    await run(log, slow, Account.deposit, amount=ONE)
    for id in (one, two):
        await run(other, id, Account.deposit, amount=Decimal(50))
    with pytest.raises(Overdrawn):
        await run(log, one, Account.withdraw, amount=Decimal(1_000), with_help_of=two)
    connections, waiting = log._pool, log._writer._deciding  # noqa: SLF001
    seen = commits(log)

    async def stuck() -> bool:
        return bool(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    async with connection.transaction():
        await connection.execute(f"SELECT FROM {turnover.table} WHERE branch = 'slow' FOR UPDATE")
        held = [await connections.acquire() for _ in range(connections.get_max_size())]
        first = asyncio.create_task(run(log, apart, Account.deposit, amount=ONE))
        await until(lambda: seen)
        second = asyncio.create_task(run(log, slow, Account.deposit, amount=ONE))
        await until(stuck)
        third = asyncio.create_task(run(log, one, Account.withdraw, amount=Decimal(60), with_help_of=two))
        await until(lambda: waiting.decided)
        for each in held:
            await connections.release(each)
        await first
        fourth = asyncio.create_task(run(log, two, Account.withdraw, amount=Decimal(60), with_help_of=one))
        await until(lambda: waiting.decided[1:])

    answers = await at_once(second, third, fourth)
    assert [type(answer) for answer in answers] == [Outcome, Outcome, Overdrawn]


def decided(id: UUID, version: int) -> Decided:
    """A command that rests on this version of a stream."""
    command = Command(
        stream=Stream(Account, id),
        decide=Account.close,
        arguments={},
        origin=by(),
        expected_version=None,
        keyed=False,
        asked={},
        answer=asyncio.get_running_loop().create_future(),
    )
    return Decided(command=command, after=Folded(Account(), version), seen={id: version})


async def test_a_commit_that_expects_something_else_of_the_log_is_not_carried_out(
    log: Log, connection: Connection, pool: asyncpg.Pool
) -> None:
    seen: list[Head] = []
    log.watchers.append(lambda prepared: seen.append(prepared.after))
    id = await opened(log)
    await run(log, id, Account.deposit, amount=ONE)
    now = datetime.now(UTC)
    first, last = seen
    rests_on = [decided(id, 2)]
    assert await connection.together([as_expected(last, rests_on)]) == [[("1",)]]
    assert await connection.together([as_expected(last, [])]) == [[("1",)]]
    for head, batch in (
        (first, rests_on),
        (last._replace(position=3), rests_on),
        (last._replace(leaf=first.leaf), rests_on),
        (last._replace(recorded_at=last.recorded_at + timedelta(microseconds=1)), rests_on),
        (last._replace(leaf=None), rests_on),
        (last._replace(live=frozenset(list(last.live)[1:])), rests_on),
        (last._replace(live=last.live | {"another"}), rests_on),
        (last._replace(live=frozenset([*list(last.live)[1:], "another"])), rests_on),
        (last, [decided(id, 1)]),
        (Head(2, now, frozenset()), []),
    ):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.together([as_expected(head, batch)])
    await pool.execute("UPDATE store.head SET position = 3")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.together([as_expected(last, rests_on)])


async def test_a_commit_that_comes_when_it_was_looked_for_already_is_not_carried_out(
    log: Log, connection: Connection
) -> None:
    seen: list[Head] = []
    log.watchers.append(lambda prepared: seen.append(prepared.after))
    id = await opened(log)
    batch = [decided(id, 1)]
    batch[0].facts, batch[0].after = (Closed(),), Folded(Account(), 2)
    prepared = prepare(batch, seen[0], datetime.now(UTC), {}, log._writer.projector)  # noqa: SLF001
    late = [BEGIN, LOCK, as_expected(seen[0], batch), *statements(prepared, batch, Wishes()), COMMIT]
    await settle(log._writer, connection, [], [prepared])  # noqa: SLF001
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.together(late)
    await connection.together([ROLLBACK])
    assert (await run(log, id, Account.deposit, amount=ONE)).version == 2
