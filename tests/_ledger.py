"""A small bank to try the log with: accounts, what may be done to them, and read models of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, assert_never
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, Numeric, Text, UniqueConstraint, Uuid

from domain._kernel import Claim, Duplicate, Effect, Invalid, InvalidTransition, Look, Personal, Refused, Release, event
from projections._build import catch_up, ensure
from projections._derived import derived
from projections._fold import ReadModels
from projections._kernel import READ_MODELS, Change, Ranked, ReadModel, projection, read_model
from store.command import Outcome
from store.keys import LocalKms
from store.log import Log
from store.pool import Connection, connect, pool
from store.recorded import Origin, Recorded
from tests._naive import plainly

ANNA, BO = UUID(int=1), UUID(int=2)
DAY = date(2017, 1, 31)
KMS = LocalKms(b"k" * 32)

# ── Events ──


@event("ledger.opened")
class OpenedV1:
    number: str

    def upcast(self) -> Opened:
        return Opened(number=self.number, owner=None, branch="old")


@event("ledger.opened.v2")
class Opened:
    number: str
    owner: Personal[str]
    branch: str
    parent_id: UUID | None = None

    def claims(self) -> Iterator[Claim]:
        yield _number(self.number)


@event("ledger.renumbered")
class Renumbered:
    number: str

    def claims(self) -> Iterator[Claim | Release]:
        yield Release("ledger.number")
        yield _number(self.number)


@event("ledger.owner_changed")
class OwnerChanged:
    owner: Personal[str]


@event("ledger.moved")
class Moved:
    parent_id: UUID | None


@event("ledger.booked")
class Booked:
    amount: Decimal
    branch: str
    balance: Decimal
    effective: date


@event("ledger.paid_out")
class PaidOut:
    reference: str

    def effects(self) -> Iterator[Effect]:
        yield Effect("ledger.payment", self.reference, {"reference": self.reference})


@event("ledger.nicknamed")
class Nicknamed:
    nickname: str | None


@event("ledger.puzzled")
class Puzzled:
    """Nothing that every read model could take in."""

    how: str

    def claims(self) -> Iterator[Claim]:
        if self.how == "claims":
            raise RuntimeError("a fault in what a fact asks")
        yield from ()


@event("ledger.emptied")
class Emptied:
    pass


@event("ledger.closed")
class Closed:
    def claims(self) -> Iterator[Release]:
        yield Release("ledger.number")


Event = Opened | Renumbered | OwnerChanged | Moved | Booked | PaidOut | Nicknamed | Puzzled | Closed


def _number(number: str) -> Claim:
    return Claim("ledger.number", number, NumberTaken(f"There is an account {number}.", "number"))


# ── Refusals ──


class NumberTaken(Duplicate):
    code = "LEDGER_NUMBER_TAKEN"


class Overdrawn(Refused):
    code = "LEDGER_OVERDRAWN"


# ── The aggregate ──


@dataclass(frozen=True)
class Account:
    is_open: bool = False
    number: str = ""
    owner: str | None = None
    branch: str = ""
    balance: Decimal = Decimal()
    nickname: str | None = None

    def open(self, *, number: str, owner: str = "Anna", branch: str = "north", parent_id: UUID | None = None) -> Any:
        if self.number:
            raise InvalidTransition("It is open already.")
        yield Opened(number=number, owner=owner, branch=branch, parent_id=parent_id)

    def renumber(self, *, number: str) -> Iterator[Event]:
        self._must_be_open()
        yield Renumbered(number=number)

    def change_owner(self, *, owner: str) -> Iterator[Event]:
        self._must_be_open()
        if owner != self.owner:
            yield OwnerChanged(owner=owner)

    def move(self, *, parent_id: UUID | None) -> Iterator[Event]:
        self._must_be_open()
        yield Moved(parent_id=parent_id)

    def deposit(self, *, amount: Decimal, effective: date = DAY, times: int = 1) -> Iterator[Event]:
        self._must_be_open()
        if amount <= 0:
            raise Invalid("Deposit something.", "amount")
        for n in range(1, times + 1):
            balance = self.balance + n * amount
            yield Booked(amount=amount, branch=self.branch, balance=balance, effective=effective)

    def withdraw(self, *, amount: Decimal, with_help_of: UUID, look: Look) -> Iterator[Event]:
        """Two accounts together are never overdrawn; one of them may be."""
        self._must_be_open()
        other = look(Account, with_help_of)
        if self.balance + other.balance < amount:
            raise Overdrawn("There is not enough on both accounts.", "amount")
        yield Booked(amount=-amount, branch=self.branch, balance=self.balance - amount, effective=DAY)

    def pay_out(self, *, reference: str) -> Iterator[Event]:
        self._must_be_open()
        yield PaidOut(reference=reference)

    def nickname_it(self, *, nickname: str | None) -> Iterator[Event]:
        self._must_be_open()
        if nickname != self.nickname:
            yield Nicknamed(nickname=nickname)

    def puzzle(self, *, how: str) -> Iterator[Event]:
        yield Puzzled(how=how)

    def close(self) -> Iterator[Event]:
        if not self.number:
            raise InvalidTransition("It was never open.")
        if self.is_open:
            yield Closed()

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise InvalidTransition("It is not open.")

    def evolve(self, event: Event) -> Account:  # noqa: PLR0911  # a case for every fact
        match event:
            case Opened():
                return replace(self, is_open=True, number=event.number, owner=event.owner, branch=event.branch)
            case Renumbered():
                return replace(self, number=event.number)
            case OwnerChanged():
                return replace(self, owner=event.owner)
            case Booked():
                return replace(self, balance=self.balance + event.amount)
            case Nicknamed():
                return replace(self, nickname=event.nickname)
            case Closed():
                return replace(self, is_open=False)
            case Moved() | PaidOut() | Puzzled():
                return self
            case _:
                assert_never(event)


@dataclass(frozen=True)
class Safe:
    """Something else than an account."""

    def empty(self) -> Iterator[Emptied]:
        yield Emptied()

    def evolve(self, event: Emptied) -> Safe:
        return self


# ── Read models ──

accounts = read_model(
    "ledger_accounts",
    Column("number", Text, nullable=False),
    Column("owner", Text),
    Column("branch", Text, nullable=False),
    Column("balance", Numeric, nullable=False),
    Column("parent_id", Uuid, index=True),
    tree="parent_id",
    ranked=Ranked("balance", ("branch",)),
)

turnover = read_model(
    "ledger_turnover",
    Column("branch", Text, primary_key=True),
    Column("facts", BigInteger, nullable=False),
    Column("amount", Numeric, nullable=False),
)

nicknames = read_model(
    "ledger_nicknames",
    Column("nickname", Text, nullable=False),
    UniqueConstraint("nickname", deferrable=True, initially="DEFERRED"),
)


@projection(accounts)
def project_accounts(recorded: Recorded) -> Iterator[Change]:
    id, it = recorded.stream_id, recorded.fact
    match it:
        case Opened():
            yield accounts.put(
                id, number=it.number, owner=it.owner, branch=it.branch, balance=Decimal(), parent_id=it.parent_id
            )
        case Renumbered():
            yield accounts.patch(id, number=it.number)
        case OwnerChanged():
            yield accounts.patch(id, owner=it.owner)
        case Moved():
            yield accounts.patch(id, parent_id=it.parent_id)
        case Booked():
            yield accounts.patch(id, balance=it.balance)
        case Nicknamed() | PaidOut():
            yield accounts.patch(id)
        case Puzzled():
            yield from _puzzle(id, it.how)
        case Closed():
            yield accounts.drop(id)


def _puzzle(id: UUID, how: str) -> Iterator[Change]:
    match how:
        case "python":
            raise RuntimeError("a fault in a projection")
        case "null":
            yield accounts.patch(id, number=None)
        case "column":
            yield accounts.put(id, colour="red")
        case "key":
            yield accounts.drop(id, id)
        case "type":
            yield accounts.patch(id, balance="much")
        case "null byte":
            yield accounts.patch(id, number="\0")
        case _:
            yield accounts.patch(id)


@projection(turnover)
def project_turnover(recorded: Recorded) -> Iterator[Change]:
    match recorded.fact:
        case Booked() as it:
            yield turnover.add(it.branch, facts=1, amount=it.amount)


@projection(nicknames)
def project_nicknames(recorded: Recorded) -> Iterator[Change]:
    match recorded.fact:
        case Nicknamed(nickname=None) | Closed():
            yield nicknames.drop(recorded.stream_id)
        case Nicknamed(nickname=nickname):
            yield nicknames.put(recorded.stream_id, nickname=nickname)


MODELS = [accounts, turnover, nicknames]
for _model in MODELS:
    READ_MODELS.remove(_model)  # the server knows nothing of this bank

# ── Opening it, and giving it commands ──

Connect = Callable[[], Awaitable[Connection]]


def by(actor: UUID = ANNA, **more: Any) -> Origin:
    return Origin(actor=actor, **more)


async def run(log: Log, id: UUID, command: Any, *, origin: Origin | None = None, **given: Any) -> Outcome:
    return await log.run(Account, id, command, origin=origin or by(), **given)


async def opened(log: Log, number: str | None = None, **given: Any) -> UUID:
    id = uuid4()
    await run(log, id, Account.open, number=number or str(id), **given)
    return id


@asynccontextmanager
async def open_log(
    url: str,
    *,
    models: list[ReadModel] = MODELS,
    clock: Callable[[], datetime] | None = None,
    connect_with: Connect | None = None,
) -> AsyncIterator[Log]:
    """A log as a process of its own would have it: with its own pool, its own memory, its read models at the head."""
    read_models = ReadModels(models)
    async with await pool(url, size=4) as connections:
        await ensure(connections, read_models)
        log = Log(
            connect=connect_with or partial(connect, url),
            pool=connections,
            kms=KMS,
            projector=read_models,
            pepper=b"p" * 32,
            **({"clock": clock} if clock else {}),
        )
        await catch_up(connections, log.keys, read_models)
        async with log:
            yield log


async def rows(connection: Any, model: ReadModel) -> dict[str, list[tuple[Any, ...]]]:
    """All that stands in a read model and in what is derived from it, by the table's name, in order."""
    return {
        table.name: sorted(
            (
                tuple(row.values())
                for row in await connection.fetch(
                    f"SELECT * FROM {table.schema}.{table.name}" + (" WHERE n <> 0" if table is model.ranks else "")
                )
            ),
            key=plainly,
        )
        for table in (model.table, *derived(model))
    }
