"""What a command is likely to need is read before it is decided; where that is wrong, it is decided all the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain._kernel import InvalidTransition, Look
from domain.role import Role
from store.log import Log
from tests._ledger import BO, Account, Safe, by, open_log

FIVE = Decimal(5)


@pytest.fixture
async def others(database_url: str) -> list[UUID]:
    """Accounts with five on each, which another process has opened."""
    ids = [uuid4() for _ in range(8)]
    async with open_log(database_url) as log:
        for id in ids:
            await log.run(Account, id, Account.open, number=str(id), origin=by())
            await log.run(Account, id, Account.deposit, amount=FIVE, origin=by())
    return ids


@pytest.fixture
async def log(database_url: str, others: list[UUID]) -> AsyncIterator[Log]:
    async with open_log(database_url) as log:
        await log.run(Account, uuid4(), Account.open, number="first", origin=by())  # and finds where the log ends
        yield log


class Watched:
    """Rules of accounts, and how often they were asked."""

    def __init__(self) -> None:
        self.asked = 0

    def withdraw(self, account: Account, *, amount: Decimal, with_help_of: UUID, look: Look) -> Iterator[Any]:
        self.asked += 1
        yield from account.withdraw(amount=amount, with_help_of=with_help_of, look=look)

    def guard(self, _: Account, *, first: UUID, second: UUID | None, number: str, look: Look) -> Iterator[Any]:
        self.asked += 1
        if second is not None:
            look(Account, second)
        look(Account, first)
        yield from Account().open(number=number)

    def keep(self, account: Account, *, safe: UUID, role: UUID, look: Look) -> Iterator[Any]:
        """Looks at what can be neither, both times."""
        self.asked += 1
        look(Safe, safe)
        look(Role, role)
        yield from account.deposit(amount=FIVE)


async def test_what_commands_of_a_kind_look_at_is_read_before_they_are_decided(log: Log, others: list[UUID]) -> None:
    watched = Watched()
    withdraw = watched.withdraw
    asked = []
    for mine, helper in zip(others[::2], others[1::2], strict=True):
        await log.run(Account, mine, withdraw, amount=FIVE + 1, with_help_of=helper, origin=by())
        asked.append(watched.asked)
        watched.asked = 0
    assert asked[0] > 1
    assert asked[1:] == [1, 1, 1]


async def test_what_begins_is_not_read_and_what_it_looks_at_is(log: Log, others: list[UUID]) -> None:
    watched = Watched()
    guard = watched.guard
    for n, (first, second) in enumerate(zip(others[::2], others[1::2], strict=True)):
        watched.asked = 0
        await log.run(Account, uuid4(), guard, first=first, second=second, number=f"n{n}", origin=by())
    assert watched.asked == 1


async def test_a_command_that_looks_at_nothing_this_time_is_decided_as_ever(log: Log, others: list[UUID]) -> None:
    guard = Watched().guard
    await log.run(Account, uuid4(), guard, first=others[0], second=others[1], number="a", origin=by())
    outcome = await log.run(Account, uuid4(), guard, first=others[2], second=None, number="b", origin=by())
    assert outcome.version == 1


async def test_a_rule_that_went_on_with_what_there_was_may_begin_something(log: Log, others: list[UUID]) -> None:
    """Whether there is anything to go on from is looked up as long as there was the last time."""
    for id in others[:2]:
        with pytest.raises(InvalidTransition):
            await log.run(Account, id, Account.open, number="taken", origin=by())
    for n in range(3):
        id = uuid4()
        assert (await log.run(Account, id, Account.open, number=str(n), origin=by(BO))).version == 1
        assert (await log.run(Account, id, Account.deposit, amount=FIVE, origin=by())).version == 2


async def test_what_is_looked_at_as_two_kinds_that_it_is_not_is_looked_at_once(log: Log, others: list[UUID]) -> None:
    """And a command may look at its own stream so."""
    keep = Watched().keep
    async with asyncio.timeout(60):
        for id in others[:3]:
            assert (await log.run(Account, id, keep, safe=id, role=id, origin=by())).version == 3
        for mine, other in zip(others[3::2], others[4::2], strict=False):
            assert (await log.run(Account, mine, keep, safe=other, role=other, origin=by())).version == 3
