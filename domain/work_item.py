"""Work item: a customer, an opportunity, a campaign or a task, and the one person whose it is.

unassigned ◄──► active ──┬──► won ──► reversed     (opportunities)
                         ├──► lost                 (opportunities)
                         └──► completed            (campaigns and tasks)

A customer stays active for ever. What is closed keeps its owner: a deal counts for whoever had it when it was won.
Who may give work away need not be allowed to read it, so no refusal quotes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from domain._kernel import Claim, Duplicate, Invalid, InvalidTransition, Look, NotFound, Release, Work, event, replace
from domain._values import Money, day, proper_name, text
from domain.employee import must_be_employed


class Kind(StrEnum):
    CUSTOMER = "CUSTOMER"
    OPPORTUNITY = "OPPORTUNITY"
    CAMPAIGN = "CAMPAIGN"
    TASK = "TASK"


class Status(StrEnum):
    UNASSIGNED = "UNASSIGNED"
    ACTIVE = "ACTIVE"
    WON = "WON"
    LOST = "LOST"
    COMPLETED = "COMPLETED"
    REVERSED = "REVERSED"


@event("work_item.registered")
class Registered:
    """`reference` is what another system calls it; `engaged_on` the day on which talks began."""

    kind: Kind
    title: str
    customer_id: UUID | None
    reference: str | None
    engaged_on: date | None

    def claims(self) -> Iterator[Claim | Release]:
        if self.reference is not None:
            taken = ReferenceTaken(f"{self.reference} is registered already.", "reference")
            yield Claim("work_item.reference", f"{self.kind}:{self.reference}", taken)


@event("work_item.assigned")
class Assigned:
    owner_id: UUID
    effective: date


@event("work_item.reassigned")
class Reassigned:
    owner_id: UUID
    was: UUID
    effective: date


@event("work_item.returned")
class Returned:
    was: UUID
    effective: date


@event("work_item.won")
class Won:
    owner_id: UUID
    customer_id: UUID | None
    amount: Work[Decimal]
    currency: str
    effective: date


@event("work_item.lost")
class Lost:
    owner_id: UUID
    customer_id: UUID | None
    reason: Work[str | None]
    effective: date


@event("work_item.completed")
class Completed:
    owner_id: UUID
    effective: date


@event("work_item.deal_reversed")
class DealReversed:
    """A deal that was won on `won_on` came to nothing: all of it is taken back from whom it counted for."""

    owner_id: UUID
    customer_id: UUID | None
    amount: Work[Decimal]
    currency: str
    won_on: date
    reason: Work[str]
    effective: date


Event = Registered | Assigned | Reassigned | Returned | Won | Lost | Completed | DealReversed


class ReferenceTaken(Duplicate):
    code = "WORK_ITEM_REFERENCE_TAKEN"


class AlreadyRegistered(Duplicate):
    code = "WORK_ITEM_ALREADY_REGISTERED"


class Unknown(NotFound):
    code = "WORK_ITEM_NOT_FOUND"


class NoSuchCustomer(NotFound):
    code = "WORK_ITEM_NO_SUCH_CUSTOMER"


class AlreadyAssigned(Duplicate):
    code = "WORK_ITEM_ALREADY_ASSIGNED"


class NotAssigned(InvalidTransition):
    code = "WORK_ITEM_NOT_ASSIGNED"


class IsClosed(InvalidTransition):
    code = "WORK_ITEM_CLOSED"


class NotWon(InvalidTransition):
    code = "WORK_ITEM_NOT_WON"


class WrongKind(InvalidTransition):
    code = "WORK_ITEM_WRONG_KIND"


class NotPositive(Invalid):
    code = "WORK_ITEM_NOT_POSITIVE"


class TooEarly(Invalid):
    code = "WORK_ITEM_TOO_EARLY"


@dataclass(frozen=True)
class WorkItem:
    """`since`: the day of the latest change; nothing happens before it."""

    registered: Registered | None = None
    status: Status | None = None
    owner_id: UUID | None = None
    since: date | None = None
    closed: Won | Lost | Completed | DealReversed | None = None

    # ── Commands ──

    def register(
        self,
        *,
        kind: Kind,
        title: str,
        customer_id: UUID | None = None,
        reference: str | None = None,
        engaged_on: date | None = None,
        look: Look,
    ) -> Iterator[Event]:
        fact = Registered(
            kind=kind,
            title=proper_name(title, "title", limit=200),
            customer_id=customer_id,
            reference=None if reference is None else proper_name(reference, "reference", limit=80),
            engaged_on=None if engaged_on is None else day(engaged_on, "engagedOn"),
        )
        if self.registered == fact:
            return
        if self.registered:
            raise AlreadyRegistered("This was registered before.", "id")
        if kind is Kind.CUSTOMER and customer_id:
            raise WrongKind("A customer is not somebody's opportunity, campaign or task.", "customerId")
        if customer_id and not look(WorkItem, customer_id).is_a(Kind.CUSTOMER):
            raise NoSuchCustomer("There is no such customer.", "customerId")
        yield fact

    def assign(self, *, owner_id: UUID, effective: date, look: Look) -> Iterator[Event]:
        self._must_be_open()
        if self.owner_id == owner_id:
            return
        if self.owner_id:
            raise AlreadyAssigned("It is somebody else's. Reassign it.", "ownerId")
        self._must_follow(effective)
        must_be_employed(owner_id, effective, "ownerId", look=look)
        yield Assigned(owner_id=owner_id, effective=effective)

    def reassign(self, *, owner_id: UUID, effective: date, look: Look) -> Iterator[Event]:
        was = self._must_be_active()
        if was == owner_id:
            return
        self._must_follow(effective)
        must_be_employed(owner_id, effective, "ownerId", look=look)
        yield Reassigned(owner_id=owner_id, was=was, effective=effective)

    def give_back(self, *, effective: date) -> Iterator[Event]:
        """Return it to the pool: nobody's until it is assigned again."""
        if self.status is Status.UNASSIGNED:
            return
        was = self._must_be_active()
        self._must_follow(effective)
        yield Returned(was=was, effective=effective)

    def win(self, *, amount: Decimal, currency: str, effective: date, look: Look) -> Iterator[Event]:
        """Close an opportunity with a deal, on its close date."""
        money = Money(amount, currency)
        item = self._must_exist()
        match self.closed:
            case Won(amount=money.amount, currency=money.currency, effective=when) if when == effective:
                return
        owner_id = self._must_be_active(Kind.OPPORTUNITY)
        if money.amount <= 0:
            raise NotPositive(f"A deal is worth something, not {money}.", "amount")
        self._must_follow(effective)
        must_be_employed(owner_id, effective, "effective", look=look)
        yield Won(
            owner_id=owner_id,
            customer_id=item.customer_id,
            amount=money.amount,
            currency=money.currency,
            effective=effective,
        )

    def lose(self, *, effective: date, reason: str | None = None) -> Iterator[Event]:
        reason = None if reason is None else text(reason, "reason", limit=1000)
        item = self._must_exist()
        match self.closed:
            case Lost(reason=why, effective=when) if (why, when) == (reason, effective):
                return
        owner_id = self._must_be_active(Kind.OPPORTUNITY)
        self._must_follow(effective)
        yield Lost(owner_id=owner_id, customer_id=item.customer_id, reason=reason, effective=effective)

    def complete(self, *, effective: date) -> Iterator[Event]:
        """Close a campaign or a task."""
        match self.closed:
            case Completed(effective=when) if when == effective:
                return
        owner_id = self._must_be_active(Kind.CAMPAIGN, Kind.TASK)
        self._must_follow(effective)
        yield Completed(owner_id=owner_id, effective=effective)

    def reverse(self, *, reason: str, effective: date) -> Iterator[Event]:
        """Take a won deal back: cancelled, or never real. That it was won stays a fact."""
        reason = text(reason, "reason", limit=1000)
        self._must_exist()
        match self.closed:
            case DealReversed():
                return
            case Won() as won:
                self._must_follow(effective)
            case _:
                raise NotWon("Only a deal that was won can be reversed.", "id")
        yield DealReversed(
            owner_id=won.owner_id,
            customer_id=won.customer_id,
            amount=won.amount,
            currency=won.currency,
            won_on=won.effective,
            reason=reason,
            effective=effective,
        )

    def is_a(self, *kinds: Kind) -> bool:
        return self.registered is not None and self.registered.kind in kinds

    # ── Facts ──

    def evolve(self, event: Event) -> WorkItem:
        match event:
            case Registered():
                return replace(self, registered=event, status=Status.UNASSIGNED, since=event.engaged_on)
            case Assigned() | Reassigned():
                return replace(self, status=Status.ACTIVE, owner_id=event.owner_id, since=event.effective)
            case Returned():
                return replace(self, status=Status.UNASSIGNED, owner_id=None, since=event.effective)
            case Won():
                return replace(self, status=Status.WON, closed=event, since=event.effective)
            case Lost():
                return replace(self, status=Status.LOST, closed=event, since=event.effective)
            case Completed():
                return replace(self, status=Status.COMPLETED, closed=event, since=event.effective)
            case DealReversed():
                return replace(self, status=Status.REVERSED, closed=event, since=event.effective)
            case _:
                assert_never(event)

    # ── Rules ──

    def _must_exist(self) -> Registered:
        if self.registered is None:
            raise Unknown("There is no such work item.", "id")
        return self.registered

    def _must_be_open(self) -> Registered:
        item = self._must_exist()
        if self.closed:
            raise IsClosed("It is closed.", "id")
        return item

    def _must_be_active(self, *kinds: Kind) -> UUID:
        item = self._must_be_open()
        if kinds and item.kind not in kinds:
            raise WrongKind(f"A {item.kind.lower()} does not end like this.", "id")
        if self.owner_id is None:
            raise NotAssigned("It is nobody's. Assign it first.", "id")
        return self.owner_id

    def _must_follow(self, effective: date) -> None:
        day(effective, "effective")
        if self.since and effective < self.since:
            raise TooEarly(f"Something happened to it on {self.since}; this comes after.", "effective")
