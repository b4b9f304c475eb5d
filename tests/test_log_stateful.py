"""Whatever is asked of a log, by two processes at once, whatever breaks at whichever step: it is right afterwards.

Each answer is checked against every state that the log went through: a fact must be what the command decides on the
state just before it; a refusal must be one that some state between question and answer gives.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from domain._kernel import Claim, Conflict, IdempotencyMismatch, Invalid, Refused
from store import retry, writer
from store.careful import NotRecorded
from store.claims import digest
from store.command import Outcome
from store.log import Log
from store.tree import leaf_hash
from store.writer import Unavailable
from tests._fragile import Break, How, Weather
from tests._ledger import MODELS, Account, NumberTaken, PaidOut, by, open_log, rows
from tests._naive import Bank, folded

ACCOUNTS = [UUID(int=100 + n) for n in range(4)]
NICKNAMES = [None, "x", "y"]


COMMANDS: dict[str, Callable[[int], tuple[Any, dict[str, Any]]]] = {
    "open": lambda n: (Account.open, {"number": str(n)}),
    "renumber": lambda n: (Account.renumber, {"number": str(n)}),
    "deposit": lambda n: (Account.deposit, {"amount": Decimal(n), "times": 1 + n}),
    "withdraw": lambda n: (Account.withdraw, {"amount": Decimal(2), "with_help_of": ACCOUNTS[n]}),
    "nickname": lambda n: (Account.nickname_it, {"nickname": NICKNAMES[n]}),
    "own": lambda n: (Account.change_owner, {"owner": str(n)}),
    "move": lambda n: (Account.move, {"parent_id": ACCOUNTS[n]}),
    "pay out": lambda n: (Account.pay_out, {"reference": str(n)}),
    "puzzle": lambda n: (Account.puzzle, {"how": ("null", "python", "key")[n]}),
    "close": lambda _: (Account.close, {}),
}


@dataclass(frozen=True)
class Ask:
    """One command: `what` with the choice `n`, of one account, through one process, maybe with a key."""

    process: int
    account: int
    what: str
    n: int
    key: int | None
    expected: int | None

    @property
    def input(self) -> tuple[Any, ...]:
        return self.account, self.what, self.given()[1], self.expected

    @property
    def id(self) -> UUID:
        return ACCOUNTS[self.account]

    def given(self) -> tuple[Any, dict[str, Any]]:
        return COMMANDS[self.what](self.n)

    def decide(self, bank: Bank, position: int) -> tuple[Any, ...] | type[Exception]:
        """What the rules say to this on the state of that position."""
        state, version = bank.states[position].get(self.id, (Account(), 0))
        command, given = self.given()
        if self.what == "withdraw":
            given["look"] = lambda _, id: bank.states[position].get(id, (Account(), 0))[0]
        try:
            if self.expected not in (None, version):
                return Conflict
            facts = tuple(command(state, **given))
        except Refused as refused:
            return type(refused)
        return self._objection(bank, position, given) or facts if facts else ()

    def _objection(self, bank: Bank, position: int, given: dict[str, Any]) -> type[Exception] | None:
        """What stands in the way of recording it."""
        others = {value for value, holder in bank.held[position].items() if holder != self.id}
        taken = {name for name, holder in bank.nicknames[position].items() if holder != self.id}
        if self.what in {"open", "renumber"} and given["number"] in others:
            return NumberTaken
        if self.what == "nickname" and given["nickname"] in taken:
            return NotRecorded
        if self.what == "puzzle" or (self.what == "pay out" and given["reference"] in bank.effects[position]):
            return NotRecorded
        return None


asks = st.builds(
    Ask,
    process=st.integers(0, 1),
    account=st.integers(0, 3),
    what=st.sampled_from([*COMMANDS, "open", "deposit", "deposit", "withdraw"]),
    n=st.integers(0, 2),
    key=st.none() | st.none() | st.integers(0, 4),
    expected=st.none() | st.none() | st.none() | st.integers(0, 3),
)
groups = st.lists(asks, min_size=1, max_size=10)
breaks = st.tuples(st.just(""), st.integers(0, 13), st.sampled_from(How)) | st.tuples(
    st.just("COMMIT"), st.integers(0, 1), st.sampled_from(How)
)
storms = st.lists(breaks, min_size=1, max_size=3)


class Ledger(RuleBasedStateMachine):
    """Two processes on one database."""

    url: str
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.bank = Bank()
        self.commands = 0
        self.asked: dict[UUID, list[Ask]] = defaultdict(list)
        self.inputs: dict[int, tuple[Any, ...]] = {}
        """What each key is known to be for."""
        self.weather = [Weather(self.url), Weather(self.url)]
        self.stack = AsyncExitStack()
        self.runner.run(self.open())

    async def open(self) -> None:
        self.connection = await asyncpg.connect(self.url)
        self.stack.push_async_callback(self.connection.close)
        await _empty(self.connection)
        self.logs: list[Log] = [
            await self.stack.enter_async_context(open_log(self.url, connect_with=weather.connect))
            for weather in self.weather
        ]

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())

    # ── What may happen ──

    @initialize()
    def something(self) -> None:
        self.runner.run(self.ask([Ask(n % 2, n, what, n, None, None) for n in (1, 2) for what in ("open", "deposit")]))

    @rule(group=groups)
    def together(self, group: list[Ask]) -> None:
        self.runner.run(self.ask(group))

    @rule(ask=asks, times=st.integers(2, 5))
    def again_and_again(self, ask: Ask, times: int) -> None:
        self.runner.run(self.ask([replace(ask, process=n % 2) for n in range(times)]))

    @rule(group=groups, storm=storms, process=st.integers(0, 1))
    def in_a_storm(self, group: list[Ask], storm: list[Break], process: int) -> None:
        self.weather[process].breaks = storm
        self.runner.run(self.ask(group))

    @rule(group=groups, first=breaks)
    def with_postgresql_away(self, group: list[Ask], first: Break) -> None:
        weather = self.weather[0]
        weather.breaks, weather.away = [first], True
        self.runner.run(self.ask(group, may_be_away=True))

    # ── What must hold ──

    async def ask(self, group: list[Ask], *, may_be_away: bool = False) -> None:
        retry.TRY_FOR = 0.1 if may_be_away else 30.0
        before = len(self.bank.facts)
        origins = [by(command_id=self.command_id(ask)) for ask in group]
        answers = await asyncio.wait_for(
            asyncio.gather(
                *(self.run(ask, origin) for ask, origin in zip(group, origins, strict=True)), return_exceptions=True
            ),
            20,
        )
        for weather in self.weather:
            weather.clear()
        for ask, origin in zip(group, origins, strict=True):
            self.asked[origin.command_id].append(ask)
        await self.connection.execute("SELECT FROM store.head FOR UPDATE")  # a commit whose end nobody heard has ended
        for recorded in await self.logs[0].after(before):
            self.bank.take(Account, recorded)
        keys = {row["command_id"]: row for row in await self.connection.fetch("SELECT * FROM store.commands")}
        known = dict(self.inputs)
        for ask, origin, answer in zip(group, origins, answers, strict=True):
            if isinstance(answer, Unavailable):
                assert may_be_away
                mine = self.bank.of_command[origin.command_id]
                assert not mine or any(
                    tuple(it.fact for it in mine) == other.decide(self.bank, mine[0].position - 1)
                    for other in self.asked[origin.command_id]
                )
            else:
                self.check(ask, keys.get(origin.command_id), origin.command_id, answer, before)
                if isinstance(answer, Outcome) and ask.key is not None:
                    assert known.get(ask.key, ask.input) == ask.input
                    known[ask.key] = ask.input
        for ask, answer in zip(group, answers, strict=True):
            if ask.key in known and not isinstance(answer, Unavailable):
                same = known[ask.key] == ask.input
                assert same or not isinstance(answer, Outcome)
                assert not same or not isinstance(answer, IdempotencyMismatch)
        self.inputs = known
        await self.check_everything()

    def command_id(self, ask: Ask) -> UUID:
        self.commands += 1
        return UUID(int=1_000_000 + self.commands) if ask.key is None else UUID(int=1_000 + ask.key)

    async def run(self, ask: Ask, origin: Any) -> Outcome:
        command, given = ask.given()
        return await self.logs[ask.process].run(
            Account,
            ask.id,
            command,
            origin=origin,
            keyed=ask.key is not None,
            expected_version=ask.expected,
            **given,
        )

    def check(self, ask: Ask, first: Any, command_id: UUID, answer: Any, before: int) -> None:
        between = range(before, len(self.bank.states))
        mine = self.bank.of_command[command_id]
        match answer:
            case Outcome(repeated=True):
                assert (first["version"], first["position"]) == (answer.version, answer.position)
            case Outcome(facts=()):
                assert not mine
                assert any(
                    ask.decide(self.bank, p) == ()
                    and self.bank.states[p].get(ask.id, (None, 0))[1] == answer.version
                    and p <= answer.position <= between[-1]
                    for p in between
                )
            case Outcome():
                assert tuple(it.fact for it in mine) == answer.facts
                assert (mine[-1].position, mine[-1].version) == (answer.position, answer.version)
            case IdempotencyMismatch():
                assert first
            case _:
                assert ask.key is not None or not mine
                assert any(ask.decide(self.bank, p) is type(answer) for p in between), repr(answer)
        if first and isinstance(answer, Outcome):
            assert (first["version"], first["position"], first["stream_id"]) == (
                answer.version,
                answer.position,
                answer.stream_id,
            )
        if mine and isinstance(answer, Outcome):
            assert tuple(it.fact for it in mine) == ask.decide(self.bank, mine[0].position - 1)

    async def check_everything(self) -> None:
        """The log is as it should be, and everything that is derived from it is what it comes to."""
        stored = await self.connection.fetch("SELECT * FROM store.log ORDER BY position")
        facts = await self.logs[1].after(0)
        assert facts == self.bank.facts
        assert [row["position"] for row in stored] == list(range(1, len(stored) + 1))
        assert len(stored) == await self.connection.fetchval("SELECT position FROM store.head")
        assert all(leaf_hash(*list(row.values())[1:-1]) == row["leaf"] for row in stored)
        assert sorted(fact.recorded_at for fact in facts) == [fact.recorded_at for fact in facts]
        for mine in self.bank.of_command.values():
            assert [fact.position for fact in mine] == list(
                range(mine[0].position, mine[0].position + len(mine)) if mine else []
            )
            assert len({fact.stream_id for fact in mine}) <= 1
        for model in MODELS:
            assert await rows(self.connection, model) == folded(model, facts)
        claims = await self.connection.fetch("SELECT value, stream_id FROM store.claims")
        assert {(row["value"], row["stream_id"]) for row in claims} == {
            (digest(b"p" * 32, Claim("ledger.number", number, Invalid("")))[:16], holder)
            for number, holder in self.bank.held[-1].items()
        }
        effects = await self.connection.fetch("SELECT key, position FROM store.effects ORDER BY position")
        assert [tuple(row.values()) for row in effects] == [
            (it.fact.reference, it.position) for it in facts if isinstance(it.fact, PaidOut)
        ]


async def _empty(connection: Any) -> None:
    tables = [f"read.{table}" for model in MODELS for table in folded(model, ())]
    existing = {row["name"] for row in await connection.fetch("SELECT 'read.' || tablename AS name FROM pg_tables")}
    await connection.execute(
        "ALTER TABLE store.log DISABLE TRIGGER append_only; TRUNCATE store.log, store.claims, store.commands,"
        f" store.effects, store.person_keys {''.join(f', {table}' for table in tables if table in existing)};"
        " ALTER TABLE store.log ENABLE TRIGGER append_only; UPDATE store.head SET position = 0"
    )


@pytest.fixture
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that several are under way at once. And as long a wait as it was, afterwards."""
    monkeypatch.setattr(writer, "BATCH", 3)
    monkeypatch.setattr(writer, "ENOUGH", 1)
    monkeypatch.setattr(retry, "TRY_FOR", retry.TRY_FOR)


@pytest.mark.usefixtures("_small_batches")
def test_whatever_is_asked_and_whatever_breaks_the_log_is_right(database_url: str) -> None:
    with asyncio.Runner() as runner:
        run_state_machine_as_test(
            type("Ledger", (Ledger,), {"url": database_url, "runner": runner}),
            settings=settings(
                max_examples=30,
                stateful_step_count=12,
                derandomize=True,
                database=None,
                phases=[Phase.generate],  # what failed is small enough to read, and to shrink it takes minutes
            ),
        )
