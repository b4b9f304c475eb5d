"""Payout run: what everybody is paid under one plan for one period.

draft ──► calculated (revision n) ──► approved ──► released
  │           │    ▲
  │           ▼    │
  │         rejected
  └───► cancelled ◄── (before approval)

A run is calculated from the facts up to a stated position of the log, and the same facts give the same result: two
hashes say so. Each line says what it rests on. Deals in another currency than the plan's are not converted at 1:1 and
not dropped: they block their line, and a run with a blocked line is not approved, because somebody would go unpaid.
Once such a deal is reversed it blocks nothing any more.

There is one live run for any month, whatever the plan, and it has the plan's cadence: so no two runs pay for the same
day. Somebody else approves than who opened or calculated it, and nobody whom it pays. The money goes out once.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID

import msgspec

from domain import _commission, commission_plan
from domain._commission import Deal, Leg, Terms
from domain._kernel import (
    Claim,
    Duplicate,
    Effect,
    FourEyesRequired,
    Invalid,
    InvalidTransition,
    Look,
    NotFound,
    Pay,
    Release,
    event,
)
from domain._payees import NOBODY, Payees
from domain._values import Money, Period, text


class Status(StrEnum):
    DRAFT = "DRAFT"
    CALCULATED = "CALCULATED"
    REJECTED = "REJECTED"
    APPROVED = "APPROVED"
    RELEASED = "RELEASED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A won deal credited to somebody; a reversal has a negative amount. `position`: of the fact in the log."""

    work_item_id: UUID
    employee_id: UUID
    amount: Decimal
    currency: str
    closed_on: date
    position: int


@event("payout_run.opened")
class Opened:
    plan_id: UUID
    period: str
    provisional: bool
    opened_by: UUID

    def claims(self) -> Iterator[Claim | Release]:
        """Each month of it is this run's: whatever plans there are, no deal is paid twice."""
        taken = PeriodTaken(f"Deals of {self.period} are in another run already.", "period")
        for month in Period.parse(self.period).months:
            yield Claim("payout_run", month, taken)


@event("payout_run.line_calculated")
class LineCalculated:
    """See `_commission.Line`. Other lines of the same run with a lower revision no longer hold."""

    revision: int
    employee_id: UUID
    currency: str
    amount: Pay[Decimal]
    credited: Pay[Decimal]
    attainment: Pay[Decimal]
    deals: Pay[tuple[Deal, ...]]
    legs: Pay[tuple[Leg, ...]]
    exact: Pay[Decimal]
    remainder: Pay[Decimal]


@event("payout_run.line_blocked")
class LineBlocked:
    revision: int
    employee_id: UUID
    code: str
    credits: Pay[tuple[Credit, ...]]


@event("payout_run.calculated")
class Calculated:
    """`lines` are paid, `blocked` ones cannot be calculated; `cutoff` is the position of the log looked up to."""

    revision: int
    cutoff: int
    inputs_hash: str
    result_hash: str
    total: Pay[Decimal]
    currency: str
    lines: int
    blocked: int
    calculated_by: UUID


@event("payout_run.approved")
class Approved:
    approved_by: UUID
    revision: int
    result_hash: str


@event("payout_run.rejected")
class Rejected:
    rejected_by: UUID
    revision: int
    reason: str


@event("payout_run.released")
class Released:
    released_by: UUID
    run_id: UUID
    result_hash: str
    total: Pay[Decimal]
    currency: str

    def effects(self) -> Iterator[Effect]:
        order = {"total": str(self.total), "currency": self.currency, "result_hash": self.result_hash}
        yield Effect("payments", str(self.run_id), {"run_id": str(self.run_id), **order})


@event("payout_run.cancelled")
class Cancelled:
    cancelled_by: UUID
    reason: str

    def claims(self) -> Iterator[Claim | Release]:
        yield Release("payout_run")


Event = Opened | LineCalculated | LineBlocked | Calculated | Approved | Rejected | Released | Cancelled


class PeriodTaken(Duplicate):
    code = "PAYOUT_RUN_PERIOD_TAKEN"


class AlreadyOpened(Duplicate):
    code = "PAYOUT_RUN_ALREADY_OPENED"


class Unknown(NotFound):
    code = "PAYOUT_RUN_NOT_FOUND"


class WrongCadence(Invalid):
    code = "PAYOUT_RUN_WRONG_CADENCE"


class PeriodNotOver(Invalid):
    code = "PAYOUT_RUN_PERIOD_NOT_OVER"


class WrongCredit(Invalid):
    code = "PAYOUT_RUN_WRONG_CREDIT"


class WrongStatus(InvalidTransition):
    code = "PAYOUT_RUN_WRONG_STATUS"


class IsProvisional(InvalidTransition):
    code = "PAYOUT_RUN_PROVISIONAL"


class HasBlockedLines(InvalidTransition):
    code = "PAYOUT_RUN_BLOCKED_LINES"


class ResultChanged(Invalid):
    code = "PAYOUT_RUN_RESULT_CHANGED"


class OwnCalculation(FourEyesRequired):
    code = "PAYOUT_RUN_OWN_CALCULATION"


class OwnPayout(FourEyesRequired):
    code = "PAYOUT_RUN_OWN_PAYOUT"


FX_RATE_MISSING = "FX_RATE_MISSING"


@dataclass(frozen=True)
class PayoutRun:
    """`payees`: whoever has a line, paid or blocked, in the latest revision."""

    status: Status | None = None
    opened: Opened | None = None
    calculated: Calculated | None = None
    revision: int = 0
    payees: Payees = NOBODY

    # ── Commands ──

    def open(
        self, *, plan_id: UUID, period: str, today: date, provisional: bool = False, by: UUID, look: Look
    ) -> Iterator[Event]:
        """`provisional`: the period is not over yet, so this is to look at and not to pay."""
        days = Period.parse(period, "period")
        fact = Opened(plan_id=plan_id, period=str(days), provisional=provisional, opened_by=by)
        if self.opened == fact:
            return
        if self.opened:
            raise AlreadyOpened(f"This is a run for {self.opened.period}.", "id")
        plan = look(commission_plan.CommissionPlan, plan_id)
        _, cadence = plan.promise("planId")
        if plan.status is commission_plan.Status.RETIRED:
            raise commission_plan.IsRetired("The plan is retired.", "planId")
        if days.cadence is not cadence:
            raise WrongCadence(f"The plan pays by {cadence.lower()}, and {fact.period} is not one.", "period")
        if days.end > today and not provisional:
            raise PeriodNotOver(f"{fact.period} is not over. Only a provisional run can be opened.", "period")
        yield fact

    def calculate(self, *, credits: Sequence[Credit], cutoff: int, by: UUID, look: Look) -> Iterator[Event]:
        """`credits`: all that count in the period, recorded up to the position `cutoff`.

        Records a new revision if the inputs differ from those of the one before, or if that was rejected.
        """
        run = self._must_be(Status.DRAFT, Status.CALCULATED, Status.REJECTED)
        terms, _ = look(commission_plan.CommissionPlan, run.plan_id).promise("planId")
        counted = _checked(credits, Period.parse(run.period), cutoff)
        inputs_hash = _hash({"plan_id": run.plan_id, "period": run.period, "terms": terms, "credits": counted})
        if self.status is Status.CALCULATED and self.calculated and self.calculated.inputs_hash == inputs_hash:
            return
        lines = list(_lines(terms, counted, self.revision + 1))
        paid = [line for line in lines if isinstance(line, LineCalculated)]
        yield from lines
        yield Calculated(
            revision=self.revision + 1,
            cutoff=cutoff,
            inputs_hash=inputs_hash,
            result_hash=_hash({"inputs": inputs_hash, "lines": [replace(line, revision=0) for line in lines]}),
            total=_commission.total((line.amount for line in paid), terms.currency),
            currency=terms.currency,
            lines=len(paid),
            blocked=len(lines) - len(paid),
            calculated_by=by,
        )

    def approve(self, *, by: UUID, result_hash: str | None = None) -> Iterator[Event]:
        """`result_hash`: of the result that the approver has seen."""
        run = self._must_be(Status.CALCULATED, Status.APPROVED)
        calculated = self.calculated
        assert calculated is not None
        if result_hash not in (None, calculated.result_hash):
            raise ResultChanged("This is not the result that the run has now. Look at it again.", "resultHash")
        if self.status is Status.APPROVED:
            return
        if by in (run.opened_by, calculated.calculated_by):
            raise OwnCalculation("Nobody approves a payout run that they opened or calculated.", "id")
        if by in self.payees:
            raise OwnPayout("Nobody approves a payout run that they are paid by.", "id")
        if run.provisional:
            raise IsProvisional(
                "A provisional run is to look at. Cancel it, and open one once the period is over.", "id"
            )
        if calculated.blocked:
            raise HasBlockedLines(f"{calculated.blocked} lines are blocked: somebody would go unpaid.", "id")
        yield Approved(approved_by=by, revision=calculated.revision, result_hash=calculated.result_hash)

    def reject(self, *, reason: str, by: UUID) -> Iterator[Event]:
        """Send it back, to be calculated again."""
        reason = text(reason, "reason", limit=1000)
        self._must_be(Status.CALCULATED, Status.REJECTED)
        if self.status is Status.CALCULATED:
            yield Rejected(rejected_by=by, revision=self.revision, reason=reason)

    def release(self, *, by: UUID, id: UUID) -> Iterator[Event]:
        """Order the payments. Happens once, whatever happens again."""
        self._must_be(Status.APPROVED, Status.RELEASED)
        if self.status is Status.RELEASED:
            return
        result = self.calculated
        assert result is not None
        yield Released(
            released_by=by, run_id=id, result_hash=result.result_hash, total=result.total, currency=result.currency
        )

    def cancel(self, *, reason: str, by: UUID) -> Iterator[Event]:
        reason = text(reason, "reason", limit=1000)
        self._must_be(Status.DRAFT, Status.CALCULATED, Status.REJECTED, Status.CANCELLED)
        if self.status is not Status.CANCELLED:
            yield Cancelled(cancelled_by=by, reason=reason)

    # ── Facts ──

    def evolve(self, event: Event) -> PayoutRun:
        match event:
            case Opened():
                return replace(self, status=Status.DRAFT, opened=event)
            case LineCalculated() | LineBlocked():
                earlier = self.payees if event.revision == self.revision else NOBODY
                return replace(self, revision=event.revision, payees=earlier.with_(event.employee_id))
            case Calculated():
                payees = self.payees if event.lines or event.blocked else NOBODY
                return replace(self, status=Status.CALCULATED, calculated=event, revision=event.revision, payees=payees)
            case Approved():
                return replace(self, status=Status.APPROVED)
            case Rejected():
                return replace(self, status=Status.REJECTED)
            case Released():
                return replace(self, status=Status.RELEASED)
            case Cancelled():
                return replace(self, status=Status.CANCELLED)
            case _:
                assert_never(event)

    def _must_be(self, *statuses: Status) -> Opened:
        if self.opened is None:
            raise Unknown("There is no such payout run.", "id")
        if self.status not in statuses:
            raise WrongStatus(f"The run for {self.opened.period} is {self.status}.", "id")
        return self.opened


def _checked(credits: Sequence[Credit], period: Period, cutoff: int) -> list[Credit]:
    """The credits in one order, and none that does not belong here."""
    counted = []
    for at, credit in enumerate(credits):
        money = Money(credit.amount, credit.currency)
        if credit.closed_on not in period:
            raise WrongCredit(f"{credit.closed_on} is not in {period}.", "credits", str(at), "closedOn")
        if credit.position > cutoff:
            raise WrongCredit(f"Position {credit.position} is after {cutoff}.", "credits", str(at), "position")
        counted.append(replace(credit, amount=money.amount))
    if len({(credit.position, credit.work_item_id, credit.employee_id) for credit in counted}) < len(counted):
        raise WrongCredit("The same credit is there twice.", "credits")
    return sorted(counted, key=lambda it: (it.employee_id, it.closed_on, it.position, it.work_item_id))


def _lines(terms: Terms, counted: Sequence[Credit], revision: int) -> Iterator[LineCalculated | LineBlocked]:
    by_employee: defaultdict[UUID, list[Credit]] = defaultdict(list)
    for credit in counted:
        by_employee[credit.employee_id].append(credit)
    for employee_id, credits in by_employee.items():
        if _is_owed_abroad(credits, terms.currency):
            yield LineBlocked(revision=revision, employee_id=employee_id, code=FX_RATE_MISSING, credits=tuple(credits))
            continue
        line = _commission.earn(
            terms,
            (
                Deal(work_item_id=it.work_item_id, closed_on=it.closed_on, amount=it.amount, position=it.position)
                for it in credits
                if it.currency == terms.currency
            ),
        )
        yield LineCalculated(
            revision=revision,
            employee_id=employee_id,
            currency=terms.currency,
            amount=line.earned,
            credited=line.credited,
            attainment=line.attainment,
            deals=line.deals,
            legs=line.legs,
            exact=line.exact,
            remainder=line.remainder,
        )


def _is_owed_abroad(credits: Sequence[Credit], currency: str) -> bool:
    """Whether anything counts in another currency. A deal that was reversed comes to nothing in any."""
    sums: defaultdict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
    for credit in credits:
        sums[credit.work_item_id, credit.currency] += credit.amount
    return any(amount for (_, each), amount in sums.items() if each != currency)


def _hash(said: Any) -> str:
    """SHA-256 over JSON with sorted keys and without spaces, in hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()
