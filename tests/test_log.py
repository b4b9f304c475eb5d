"""The log: what is recorded, in which order, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from cryptography.exceptions import InvalidTag
from eventsourcing.application import Repository
from eventsourcing.persistence import EventStore
from eventsourcing.popo import POPOApplicationRecorder

from domain._kernel import Conflict, IdempotencyMismatch, InvalidTransition, Look, NotFound
from store.careful import NotRecorded
from store.codec import FactMapper, PersonErased
from store.command import Outcome
from store.log import Log
from store.recorded import Happened, Origin
from store.tree import leaf_hash
from tests._fragile import How, Weather
from tests._ledger import (
    ANNA,
    BO,
    DAY,
    Account,
    Booked,
    Nicknamed,
    NumberTaken,
    Opened,
    Overdrawn,
    Safe,
    by,
    open_log,
    opened,
    run,
)

Pool = asyncpg.Pool
FIVE = Decimal(5)


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


async def history(log: Log) -> list[Any]:
    return [recorded async for recorded in log.everything()]


# ── Order ──


async def test_positions_are_without_gaps_in_the_order_of_commits_whatever_is_refused(log: Log, other: Log) -> None:
    ids = [await opened(log) for _ in range(5)]
    answers = await at_once(
        *(
            run(at, ids[n % 5], Account.deposit, amount=Decimal(n % 3), times=1 + n % 2)
            for n in range(120)
            for at in (log, other)
        )
    )
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert {type(refusal).__name__ for refusal in refused} == {"Invalid"}
    assert len(refused) == 80
    facts = await history(log)
    assert [fact.position for fact in facts] == list(range(1, len(facts) + 1))
    assert len(facts) == 5 + 2 * 120
    for id in ids:
        assert [fact.version for fact in facts if fact.stream_id == id] == list(range(1, 50))
    for answer in answers:
        if isinstance(answer, Outcome):
            assert facts[answer.position - 1].fact == answer.facts[-1]
            assert facts[answer.position - 1].version == answer.version


async def test_the_same_process_asks_in_the_order_that_it_wants(log: Log) -> None:
    id = await opened(log)
    outcomes = await asyncio.gather(
        *(run(log, id, Account.nickname_it, nickname=str(n)) for n in range(200)),
    )
    assert [outcome.version for outcome in outcomes] == list(range(2, 202))
    assert [recorded.fact.nickname for recorded in (await log.stream(id))[1:]] == [str(n) for n in range(200)]


async def test_a_hot_stream_in_two_processes(log: Log, other: Log) -> None:
    id = await opened(log)
    await asyncio.gather(*(run((log, other)[n % 2], id, Account.deposit, amount=FIVE) for n in range(200)))
    facts = await log.stream(id)
    assert [fact.version for fact in facts] == list(range(1, 202))
    assert facts[-1].fact.balance == 1000


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_the_databases_own_isolation_does_not_matter(database_url: str, pool: Pool, isolation: str) -> None:
    database = await pool.fetchval("SELECT quote_ident(current_database())")
    await pool.execute(f"ALTER DATABASE {database} SET default_transaction_isolation = {isolation!r}")
    async with open_log(database_url) as log, open_log(database_url) as other:
        id = await opened(log)
        await asyncio.gather(*(run((log, other)[n % 2], id, Account.deposit, amount=FIVE) for n in range(60)))
        assert [fact.version for fact in await log.stream(id)] == list(range(1, 62))


async def test_a_refusal_records_nothing(log: Log, pool: Pool) -> None:
    id = await opened(log)
    with pytest.raises(Overdrawn):
        await run(log, id, Account.withdraw, amount=FIVE, with_help_of=uuid4())
    with pytest.raises(InvalidTransition):
        await run(log, uuid4(), Account.deposit, amount=FIVE, keyed=True)
    assert await log.head() == 1
    assert await pool.fetchval("SELECT count(*) FROM store.commands") == 0


async def test_a_refusal_costs_the_rest_of_its_batch_nothing(log: Log) -> None:
    id = await opened(log)
    answers = await at_once(*(run(log, id, Account.deposit, amount=Decimal(n % 2)) for n in range(100)))
    assert [isinstance(answer, Outcome) for answer in answers] == [bool(n % 2) for n in range(100)]
    assert await log.head() == 51


async def test_a_rule_with_a_fault_is_told_to_who_asked_and_to_nobody_else(log: Log) -> None:
    id = await opened(log)
    answers = await at_once(
        run(log, id, Account.deposit, amount="much"),
        run(log, id, Account.deposit),
        run(log, id, Account.deposit, amount=FIVE),
    )
    assert [type(answer) for answer in answers] == [TypeError, TypeError, Outcome]


async def test_who_is_told_may_have_gone(log: Log) -> None:
    id = await opened(log)
    gone = asyncio.create_task(run(log, id, Account.deposit, amount=FIVE))
    await asyncio.sleep(0)
    gone.cancel()
    stays = await run(log, id, Account.deposit, amount=FIVE)
    assert stays.version in (2, 3)
    assert [fact.version for fact in await log.stream(id)] == list(range(1, stays.version + 1))


# ── Versions ──


async def test_a_stale_version_is_a_conflict_that_says_the_current_one(log: Log, other: Log) -> None:
    id = await opened(log)
    await run(other, id, Account.deposit, amount=FIVE, expected_version=1)
    for at in (log, other):
        with pytest.raises(Conflict) as conflict:
            await run(at, id, Account.deposit, amount=FIVE, expected_version=1)
        assert conflict.value.current_version == 2
        assert conflict.value.path == ("expectedVersion",)
    assert (await run(log, id, Account.deposit, amount=FIVE, expected_version=2)).version == 3


async def test_of_many_who_expect_the_same_version_one_gets_it(log: Log, other: Log) -> None:
    id = await opened(log)
    answers = await at_once(
        *(run((log, other)[n % 2], id, Account.deposit, amount=FIVE, expected_version=1) for n in range(40))
    )
    assert [answer.version for answer in answers if isinstance(answer, Outcome)] == [2]
    assert {type(answer) for answer in answers} == {Outcome, Conflict}
    assert {answer.current_version for answer in answers if isinstance(answer, Conflict)} == {2}


# ── Idempotency ──


async def test_a_retry_gets_the_first_answer(log: Log, other: Log) -> None:
    id, key = await opened(log), uuid4()
    first = await run(log, id, Account.deposit, amount=FIVE, origin=by(command_id=key), keyed=True)
    await run(log, id, Account.close)  # now it would be refused
    for at in (log, other):
        again = await run(at, id, Account.deposit, amount=FIVE, origin=by(command_id=key), keyed=True)
        assert (again.version, again.position, again.repeated) == (first.version, first.position, True)
    assert (first.repeated, first.version, await log.head()) == (False, 2, 3)


async def test_a_key_is_for_one_input_of_one_person(log: Log, other: Log) -> None:
    id, key = await opened(log), uuid4()
    await run(log, id, Account.deposit, amount=FIVE, origin=by(command_id=key), keyed=True)
    for at in (log, other):
        for id_, actor, given in (
            (id, ANNA, {"amount": Decimal(6)}),
            (id, BO, {"amount": FIVE}),
            (uuid4(), ANNA, {"amount": FIVE}),
            (id, ANNA, {"amount": Decimal(-1)}),  # refused anyway, but that is not the answer
            (id, ANNA, {"amount": FIVE, "expected_version": 2}),
        ):
            with pytest.raises(IdempotencyMismatch):
                await run(at, id_, Account.deposit, origin=by(actor, command_id=key), keyed=True, **given)
    assert await log.head() == 2


@pytest.mark.parametrize("now_refused", [False, True])
async def test_each_use_of_a_key_is_answered_for_its_own_input(log: Log, *, now_refused: bool) -> None:
    id, key = await opened(log), uuid4()
    origin = by(command_id=key)
    await run(log, id, Account.deposit, amount=FIVE, origin=origin, keyed=True)
    if now_refused:
        await run(log, id, Account.close)
    amounts = [FIVE, Decimal(6), FIVE, Decimal(7)]
    answers = await at_once(
        *(run(log, id, Account.deposit, amount=amount, origin=origin, keyed=True) for amount in amounts),
        run(log, uuid4(), Account.deposit, amount=FIVE, origin=origin),  # not a key here: just the command's id
    )
    kinds = [Outcome, IdempotencyMismatch, Outcome, IdempotencyMismatch, InvalidTransition]
    assert [type(answer) for answer in answers] == kinds


async def test_twenty_at_once_with_one_key_are_one_fact(log: Log) -> None:
    id, key = await opened(log), uuid4()
    outcomes = await asyncio.gather(
        *(run(log, id, Account.deposit, amount=FIVE, origin=by(command_id=key), keyed=True) for _ in range(20))
    )
    assert {(outcome.version, outcome.position) for outcome in outcomes} == {(2, 2)}
    assert [outcome.repeated for outcome in outcomes].count(False) == 1
    assert await log.head() == 2


async def test_two_processes_with_one_key_at_once_are_one_fact(log: Log, other: Log) -> None:
    id = await opened(log)
    await run(other, id, Account.nickname_it, nickname="x")
    keys = [uuid4() for _ in range(30)]
    outcomes = await asyncio.gather(
        *(
            run(at, id, Account.deposit, amount=FIVE, origin=by(command_id=key), keyed=True)
            for key in keys
            for at in (log, other)
        )
    )
    assert outcomes[::2] != outcomes[1::2]
    for one, two in zip(outcomes[::2], outcomes[1::2], strict=True):
        assert (one.version, one.position) == (two.version, two.position)
        assert one.repeated is not two.repeated
    assert await log.head() == 32


async def test_a_keyed_command_that_changes_nothing_is_remembered_too(log: Log, other: Log) -> None:
    id, key = await opened(log, owner="Anna"), uuid4()
    first = await run(log, id, Account.change_owner, owner="Anna", origin=by(command_id=key), keyed=True)
    assert (first.version, first.position, first.facts, first.repeated) == (1, 1, (), False)
    await run(log, id, Account.change_owner, owner="Bo")
    again = await run(other, id, Account.change_owner, owner="Anna", origin=by(command_id=key), keyed=True)
    assert (again.version, again.position, again.repeated) == (1, 1, True)
    assert await log.head() == 2


async def test_what_changes_nothing_stands_at_the_facts_that_it_rests_on(log: Log) -> None:
    id = await opened(log)
    changed, same = await asyncio.gather(*(run(log, id, Account.nickname_it, nickname="x") for _ in range(2)))
    assert (same.facts, same.version) == ((), changed.version)
    assert same.position >= changed.position


async def test_a_refused_command_may_be_asked_again_with_its_key(log: Log) -> None:
    id, origin = uuid4(), by(command_id=uuid4())
    with pytest.raises(InvalidTransition):
        await run(log, id, Account.deposit, amount=FIVE, origin=origin, keyed=True)
    await run(log, id, Account.open, number="1")
    outcome = await run(log, id, Account.deposit, amount=FIVE, origin=origin, keyed=True)
    assert (outcome.version, outcome.repeated) == (2, False)


# ── Claims ──


async def test_a_name_is_for_one_stream(log: Log, other: Log) -> None:
    await opened(log, "1")
    for at in (log, other):
        with pytest.raises(NumberTaken):
            await opened(at, "1")
    assert await log.head() == 1


async def test_of_many_who_want_a_name_one_gets_it(log: Log, other: Log) -> None:
    answers = await at_once(*(opened((log, other)[n % 2], str(n % 5)) for n in range(40)))
    assert [isinstance(answer, UUID) for answer in answers].count(True) == 5
    assert {type(answer) for answer in answers} == {UUID, NumberTaken}
    assert sorted(recorded.fact.number for recorded in await history(log)) == list("01234")


async def test_a_name_that_is_given_back_can_be_taken(log: Log, other: Log) -> None:
    id = await opened(log, "1")
    await run(log, id, Account.renumber, number="2")
    await opened(other, "1")
    await run(other, id, Account.close)
    await opened(log, "2")


async def test_names_are_taken_and_given_back_in_one_batch_in_their_order(log: Log, pool: Pool) -> None:
    a, b = await opened(log, "1"), uuid4()
    with pytest.raises(InvalidTransition):
        await run(log, b, Account.close)  # so that both are known, and nothing waits for being read
    answers = await at_once(
        run(log, b, Account.open, number="1"),  # too early
        run(log, a, Account.renumber, number="2"),
        run(log, b, Account.open, number="1"),
        run(log, a, Account.renumber, number="1"),  # too late
        run(log, b, Account.renumber, number="3"),
        run(log, a, Account.renumber, number="1"),
        run(log, a, Account.renumber, number="1"),  # its own
        run(log, uuid4(), Account.open, number="1"),
    )
    kinds = [NumberTaken, Outcome, Outcome, NumberTaken, Outcome, Outcome, Outcome, NumberTaken]
    assert [type(answer) for answer in answers] == kinds
    held = [row["stream_id"] for row in await pool.fetch("SELECT stream_id FROM store.claims")]
    assert sorted(held) == sorted([a, b])
    with pytest.raises(NumberTaken):
        await opened(log, "1")


async def test_a_stream_may_take_its_own_name_again(log: Log) -> None:
    id = await opened(log, "1")
    await asyncio.gather(*(run(log, id, Account.renumber, number="1") for _ in range(3)))
    new = uuid4()
    await asyncio.gather(
        run(log, new, Account.open, number="2"), *(run(log, new, Account.renumber, number="2") for _ in range(3))
    )
    for number in "12":
        with pytest.raises(NumberTaken):
            await opened(log, number)


# ── What was only looked at ──


async def test_what_two_processes_only_looked_at_still_holds_when_they_commit(log: Log, other: Log) -> None:
    pairs = [(await opened(log), await opened(other)) for _ in range(15)]
    for one, two in pairs:
        for id in (one, two):
            await run((log, other)[id == two], id, Account.deposit, amount=Decimal(50))
    sixty = Decimal(60)
    answers = await at_once(
        *(
            command
            for one, two in pairs
            for command in (
                run(log, one, Account.withdraw, amount=sixty, with_help_of=two),
                run(other, two, Account.withdraw, amount=sixty, with_help_of=one),
            )
        )
    )
    for one, two in zip(answers[::2], answers[1::2], strict=True):
        assert sorted([type(one).__name__, type(two).__name__]) == ["Outcome", "Overdrawn"]


async def test_what_a_command_looks_at_counts_with_what_came_before_it_in_the_batch(log: Log) -> None:
    one, two = await opened(log), await opened(log)
    answers = await at_once(
        run(log, one, Account.withdraw, amount=FIVE, with_help_of=two),
        run(log, two, Account.deposit, amount=FIVE),
        run(log, one, Account.withdraw, amount=FIVE, with_help_of=two),
        run(log, two, Account.withdraw, amount=FIVE, with_help_of=one),
    )
    assert [type(answer) for answer in answers] == [Overdrawn, Outcome, Outcome, Overdrawn]


async def test_a_process_that_remembers_wrongly_refuses_nobody(log: Log, other: Log) -> None:
    one, two = await opened(log), await opened(log)
    with pytest.raises(Overdrawn):
        await run(other, one, Account.withdraw, amount=FIVE, with_help_of=two)
    await run(log, two, Account.deposit, amount=FIVE)
    assert (await run(other, one, Account.withdraw, amount=FIVE, with_help_of=two)).version == 2
    await run(log, one, Account.close)
    with pytest.raises(InvalidTransition):
        await run(other, one, Account.deposit, amount=FIVE)


async def test_a_process_that_remembers_wrongly_takes_nothing_for_done(log: Log, other: Log) -> None:
    id = await opened(log)
    await run(other, id, Account.nickname_it, nickname="x")
    await run(log, id, Account.nickname_it, nickname="y")
    assert (await run(other, id, Account.nickname_it, nickname="x")).version == 4
    assert (await run(log, id, Account.nickname_it, nickname="y")).version == 5


async def test_a_stream_of_another_kind_is_not_there(log: Log) -> None:
    id = await opened(log)
    with pytest.raises(NotFound):
        await log.run(Safe, id, Safe.empty, origin=by())
    assert await log.head() == 1


# ── The envelope ──


async def test_everything_about_a_fact_comes_back(log: Log, other: Log) -> None:
    origin = Origin(
        actor=ANNA,
        on_behalf_of=BO,
        reason="as Bo asked · 王伟 · “quoted” \\ \n",
        command_id=uuid4(),
        correlation_id=uuid4(),
        causation_position=1,
    )
    id = await opened(log)
    before = datetime.now(UTC)
    await run(log, id, Account.deposit, amount=Decimal("5.10"), effective=date(2016, 2, 29), origin=origin)
    for at in (log, other):
        first, second = await at.stream(id)
        assert (second.position, second.version, second.stream_id) == (2, 2, id)
        assert second.origin == origin
        assert second.effective == date(2016, 2, 29)
        assert before <= second.recorded_at <= datetime.now(UTC)
        assert second.fact.amount == Decimal("5.10")
        assert str(second.fact.amount) == "5.10"
        assert first.effective == first.recorded_at.date()
        assert first.origin.correlation_id == first.origin.command_id
        assert [first, second] == await at.after(0)


async def test_recorded_at_never_runs_backwards(database_url: str) -> None:
    noon = datetime(2017, 1, 1, 12, tzinfo=UTC)
    clock = (noon + timedelta(seconds=(-1) ** n * n) for n in range(10_000))
    async with open_log(database_url, clock=lambda: next(clock)) as log, open_log(database_url) as ahead:
        id = await opened(log)
        for n in range(3):
            await asyncio.gather(*(run(log, id, Account.deposit, amount=FIVE) for _ in range(300)))
            if n:
                await run(ahead, id, Account.deposit, amount=FIVE)
        instants = [recorded.recorded_at async for recorded in log.everything()]
    assert instants == sorted(instants)
    assert len(set(instants)) > 1


async def test_the_log_is_append_only(log: Log, pool: Pool) -> None:
    await opened(log)
    for statement in ("UPDATE store.log SET reason = 'x'", "DELETE FROM store.log", "TRUNCATE store.log"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
    assert await log.head() == len(await history(log)) == 1


async def test_leaf_hashes_are_those_of_the_rows_as_they_stand(log: Log, pool: Pool) -> None:
    id = await opened(log)
    origin = by(on_behalf_of=BO, reason="\u2028 x", causation_position=1)
    await run(log, id, Account.deposit, amount=FIVE, origin=origin)
    for row in await pool.fetch("SELECT * FROM store.log"):
        _, *columns, leaf = row.values()
        assert leaf_hash(*columns) == leaf


# ── Personal data ──


async def test_personal_fields_are_sealed_where_they_are_stored(log: Log, other: Log, pool: Pool) -> None:
    id = await opened(log, owner="Anna Ångström")
    data = await pool.fetchval("SELECT data FROM store.log")
    assert b"Anna" not in data
    assert str(id).encode() in data  # the number, which is not personal
    for at in (log, other):
        (recorded,) = await at.stream(id)
        assert recorded.fact.owner == "Anna Ångström"


async def test_who_is_erased_leaves_a_history_that_counts_folds_and_verifies(
    database_url: str, log: Log, pool: Pool
) -> None:
    id, bo = await opened(log, owner="Anna"), await opened(log, owner="Bo")
    await run(log, id, Account.deposit, amount=FIVE)
    before = await pool.fetch("SELECT * FROM store.log ORDER BY position")
    await log.keys.erase(id)
    assert [recorded.fact.owner for recorded in (await log.after(0))[:2]] == [None, "Bo"]
    assert (await log.stream(bo))[0].fact.owner == "Bo"
    for answer in await at_once(
        run(log, id, Account.change_owner, owner="Anna again"), run(log, bo, Account.change_owner, owner="Bob")
    ):
        assert isinstance(answer, PersonErased | Outcome)
    async with open_log(database_url) as fresh:  # folds from nothing
        with pytest.raises(PersonErased):
            await run(fresh, id, Account.change_owner, owner="Anna again")
        assert (await run(fresh, id, Account.deposit, amount=FIVE)).version == 3
        assert (await fresh.stream(id))[-1].fact.balance == 10
        assert (await fresh.stream(bo))[-1].fact.owner == "Bob"
    after = await pool.fetch("SELECT * FROM store.log ORDER BY position")
    assert after[: len(before)] == before
    for row in after:
        _, *columns, leaf = row.values()
        assert leaf_hash(*columns) == leaf
    assert b"Anna" not in b"".join(row["data"] for row in after)


async def test_what_is_sealed_for_one_opens_for_no_other(log: Log, pool: Pool) -> None:
    one, two = await opened(log), await opened(log)
    keys = await log.keys.of([one, two])
    assert set(keys) == {one, two}
    data = await pool.fetchval("SELECT data FROM store.log WHERE stream_id = $1", one)
    assert FactMapper(keys).to_domain_event(_stored(one, data)).fact.owner == "Anna"
    with pytest.raises(InvalidTag):
        FactMapper({two: keys[one]}).to_domain_event(_stored(two, data))


def _stored(id: UUID, data: bytes) -> Any:
    from eventsourcing.persistence import StoredEvent

    return StoredEvent(id, 1, "ledger.opened.v2", data)


# ── What can't be shown is not recorded ──

HOW = ["python", "null", "column", "key", "type", "null byte", "claims"]


@pytest.mark.parametrize("how", HOW)
async def test_a_fact_that_a_read_model_cannot_take_in_refuses_its_own_command_only(log: Log, how: str) -> None:
    ids = [await opened(log) for _ in range(20)]
    key = by(command_id=uuid4())
    answers = await at_once(
        run(log, ids[0], Account.deposit, amount=FIVE),
        run(log, ids[18], Account.puzzle, how=how, origin=key, keyed=True),
        *(run(log, id, Account.deposit, amount=FIVE) for id in ids[:10]),
        run(log, ids[19], Account.puzzle, how=how),
        *(run(log, id, Account.deposit, amount=FIVE) for id in ids[10:18]),
        run(log, ids[18], Account.puzzle, how="not at all"),
    )
    failed = [n for n, answer in enumerate(answers) if not isinstance(answer, Outcome)]
    assert failed == [1, 12]
    assert {type(answers[n]) for n in failed} == ({RuntimeError} if how == "claims" else {NotRecorded})
    assert await log.head() == 20 + 20
    with pytest.raises((NotRecorded, RuntimeError)):
        await run(log, ids[18], Account.puzzle, how=how, origin=key, keyed=True)
    assert (await run(log, ids[18], Account.puzzle, how="not at all")).version == 3


async def test_an_envelope_that_cannot_be_stored_refuses_its_own_command_only(log: Log) -> None:
    id = await opened(log)
    answers = await at_once(
        run(log, id, Account.deposit, amount=FIVE),
        run(log, id, Account.deposit, amount=FIVE, origin=by(reason="\0")),
        run(log, id, Account.deposit, amount=FIVE, origin=by(reason="\ud800")),
        run(log, id, Account.nickname_it, nickname="\ud800"),
        run(log, id, Account.deposit, amount=FIVE),
    )
    assert [type(answer) for answer in answers] == [Outcome, NotRecorded, NotRecorded, NotRecorded, Outcome]
    assert await log.head() == 3


async def test_a_row_that_a_unique_index_refuses_refuses_its_own_command_only(log: Log, pool: Pool) -> None:
    a, b, c = [await opened(log) for _ in range(3)]
    answers = await at_once(
        run(log, a, Account.nickname_it, nickname="x"),
        run(log, b, Account.nickname_it, nickname="x"),
        run(log, c, Account.nickname_it, nickname="z"),
    )
    assert [type(answer) for answer in answers] == [Outcome, NotRecorded, Outcome]
    answers = await at_once(
        run(log, a, Account.nickname_it, nickname="y"),
        run(log, b, Account.nickname_it, nickname="x"),
        run(log, c, Account.nickname_it, nickname="y"),
    )
    assert [type(answer) for answer in answers] == [Outcome, Outcome, NotRecorded]
    assert [recorded.fact for recorded in await log.stream(b)][1:] == [Nicknamed(nickname="x")]


async def test_a_read_model_that_is_gone_stops_nobody_for_ever(log: Log, pool: Pool) -> None:
    from tests._ledger import turnover

    id = await opened(log)
    table = f"read.{turnover.table.name}"
    await pool.execute(f"ALTER TABLE {table} RENAME TO hidden")
    answers = await at_once(run(log, id, Account.deposit, amount=FIVE), run(log, id, Account.nickname_it, nickname="x"))
    assert [type(answer) for answer in answers] == [NotRecorded, Outcome]
    await pool.execute(f"ALTER TABLE read.hidden RENAME TO {turnover.table.name}")
    assert (await run(log, id, Account.deposit, amount=FIVE)).version == 3


async def test_what_was_only_going_to_be_is_not_taken_for_what_is(log: Log) -> None:
    """One command waits for its stream to be read, while another begins that stream in a batch that is taken back."""
    for n in range(20):
        id = uuid4()
        first, second, third = await at_once(
            run(log, id, Account.deposit, amount=FIVE),
            run(log, uuid4(), Account.open, number=str(n)),
            run(log, id, Account.open, number=str(n)),
        )
        assert isinstance(third, NumberTaken)
        assert isinstance(first, InvalidTransition), first
        assert second.version == 1
        assert (await run(log, id, Account.open, number=f"another {n}")).version == 1
        assert [fact.version for fact in await log.stream(id)] == [1]


async def test_what_a_stream_is_taken_for_does_not_hide_what_it_is_while_others_wait(log: Log) -> None:
    """Decided one after the other under the lock: what the first makes of a stream is not in the log yet."""

    def look_at(account: Account, *, what: UUID, look: Look) -> Iterator[Any]:
        look(Safe, what)
        yield from account.deposit(amount=FIVE)

    ids = [await opened(log, number=name) for name in ("one", "two")]
    async with asyncio.timeout(60):
        *versions, taken = await at_once(
            run(log, ids[0], Account.deposit, amount=FIVE),
            run(log, ids[1], look_at, what=ids[0]),
            run(log, ids[0], Account.deposit, amount=FIVE),
            run(log, uuid4(), Account.open, number="one"),
        )
    assert isinstance(taken, NumberTaken)
    assert [outcome.version for outcome in versions] == [2, 2, 3]


# ── What breaks ──


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("how", How)
async def test_at_whichever_step_a_connection_breaks_a_command_is_recorded_once(
    database_url: str, how: How, *, keyed: bool
) -> None:
    weather = Weather(database_url)
    async with open_log(database_url, connect_with=weather.connect) as log:
        id = await opened(log)
        version = 1
        for at in range(20):
            weather.clear()
            weather.breaks = [("", at, how)]
            outcomes = await asyncio.gather(*(run(log, id, Account.deposit, amount=FIVE, keyed=keyed) for _ in "ab"))
            assert sorted(outcome.version for outcome in outcomes) == [version + 1, version + 2]
            version += 2
            if not weather.broken:
                break
        assert at > 4
        facts = await log.stream(id)
        assert [fact.version for fact in facts] == list(range(1, version + 1))
        assert len({fact.origin.command_id for fact in facts}) == version


@pytest.mark.parametrize("then", How)
async def test_a_commit_that_is_tried_again_and_not_heard_of_either_is_recorded_once(
    database_url: str, then: How
) -> None:
    weather = Weather(database_url)
    async with open_log(database_url, connect_with=weather.connect) as log:
        id = await opened(log)
        for n, clearing_up in enumerate((0, 1), start=1):
            # The first commit never arrives; then either the look whether it did breaks, or the commit after that.
            weather.breaks = [("COMMIT", 0, How.BEFORE), ("COMMIT", clearing_up, then)]
            assert (await run(log, id, Account.deposit, amount=FIVE)).version == n + 1
            assert weather.broken == 2 * n
        assert [fact.version for fact in await log.stream(id)] == [1, 2, 3]


async def test_what_is_acknowledged_is_on_disk_whatever_the_database_s_own_default_is(
    database_url: str, pool: Pool
) -> None:
    await pool.execute("CREATE TABLE public.waited (setting text)")
    await pool.execute(
        "CREATE FUNCTION public.tell() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO waited VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$"
    )
    await pool.execute("CREATE TRIGGER tell AFTER INSERT ON store.log EXECUTE FUNCTION public.tell()")
    for default, kept in (("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")):
        name = await pool.fetchval("SELECT current_database()")
        await pool.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = {default}')
        await pool.execute("TRUNCATE waited")
        async with open_log(database_url) as log, open_log(database_url) as other:
            id = await opened(log)
            await run(other, id, Account.deposit, amount=FIVE)
            await run(log, id, Account.deposit, amount=FIVE)  # decides on what is no longer so: the careful way
            assert log.meter.taken_back == 1
        assert {row["setting"] for row in await pool.fetch("SELECT setting FROM waited")} == {kept}


# ── Effects ──


async def test_an_effect_is_ordered_once_by_the_fact_that_asks_for_it(log: Log, pool: Pool) -> None:
    a, b = await opened(log), await opened(log)
    key = by(command_id=uuid4())
    outcomes = await asyncio.gather(
        run(log, a, Account.pay_out, reference="p-1", origin=key, keyed=True),
        run(log, b, Account.pay_out, reference="p-2"),
        run(log, a, Account.pay_out, reference="p-1", origin=key, keyed=True),
        run(log, b, Account.deposit, amount=FIVE),
    )
    with pytest.raises(NotRecorded):
        await run(log, b, Account.pay_out, reference="p-1")
    found = await pool.fetch("SELECT kind, key, payload, position, status, attempt FROM store.effects ORDER BY key")
    assert [tuple(row.values()) for row in found] == [
        ("ledger.payment", f"p-{n}", f'{{"reference": "p-{n}"}}', outcomes[n - 1].position, "requested", 0)
        for n in (1, 2)
    ]


# ── Old facts ──


async def test_a_fact_of_an_old_version_is_read_as_the_newest(pool: Pool, log: Log, other: Log) -> None:
    id, now = uuid4(), datetime.now(UTC)
    row = (id, 1, "ledger.opened", b'{"number":"1"}', DAY, now, ANNA, None, None, id, id, None)
    await pool.execute(
        "INSERT INTO store.log VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        *row,
        leaf_hash(*row),
    )
    await pool.execute("UPDATE store.head SET position = 1, recorded_at = $1", now)
    for at in (log, other):
        (recorded,) = await at.stream(id)
        assert recorded.fact == Opened(number="1", owner=None, branch="old")
    assert (await run(log, id, Account.deposit, amount=FIVE)).version == 2
    assert (await run(other, id, Account.deposit, amount=FIVE)).version == 3


def test_the_library_itself_can_store_and_rebuild_our_aggregates() -> None:
    """Our facts are the library's events: its own store and repository work on them unchanged."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    id = uuid4()
    facts = [
        Opened(number="1", owner="Anna", branch="north"),
        Booked(amount=FIVE, branch="north", balance=FIVE, effective=DAY),
    ]
    store = EventStore[UUID](FactMapper({id: AESGCM(b"k" * 32)}), POPOApplicationRecorder())
    store.put([Happened(stream_id=id, version=n, fact=fact) for n, fact in enumerate(facts, start=1)])

    def fold(state: Account | None, happened: Iterable[Happened]) -> Account:
        return reduce(lambda it, each: it.evolve(each.fact), happened, state or Account())

    rebuilt = Repository[UUID](store).get(id, projector_func=fold)  # type: ignore[type-var]
    assert rebuilt == Account(is_open=True, number="1", owner="Anna", branch="north", balance=FIVE)
