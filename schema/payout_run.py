"""Payout runs: what everybody is paid for a period, why, and who has agreed to it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

import strawberry
from sqlalchemy import ColumnElement, Select, Text, select
from strawberry import ID, UNSET

from domain import payout_run as domain
from domain._kernel import Invalid
from domain._values import Period
from projections import payout_lines as lines
from projections.deals import calculate
from projections.payout_lines import payout_lines
from projections.payout_runs import payout_runs
from schema._kernel import (
    OWN,
    STAFF,
    Arg,
    At,
    CommandInput,
    Connection,
    Info,
    Money,
    Outcome,
    Position,
    bad_input,
    extends,
    give,
    many,
    may,
    mutation,
    names,
    new_id,
    one,
    part,
    reads,
    seen_by,
    uuid_of,
    view,
)
from schema._mutation import origin_of
from schema._rows import constant
from schema.commission_plan import CommissionPlan
from schema.employee import Employee
from schema.work_item import WorkItem
from store.log import Log

strawberry.enum(domain.Status, name="PayoutRunStatus", description="How far a payout run has come.")
strawberry.enum(lines.State, name="PayoutLineState", description="Whether a line could be calculated.")

PAYROLL = may("payout.view")
THEIR_PAY = OWN | may("pay.view")


def _holds(c: Any) -> ColumnElement[bool]:
    """The line is of the latest revision of its run."""
    run = payout_runs.table.alias()
    latest = select(run.c.revision).where(run.c.id == c.run_id).scalar_subquery()
    found: ColumnElement[bool] = c.revision == latest
    return found


def _counts(c: Any) -> ColumnElement[bool]:
    """The same, of a run that was not cancelled."""
    run = payout_runs.table.alias()
    live = select(run.c.revision).where(run.c.id == c.run_id, run.c.status != constant(domain.Status.CANCELLED))
    found: ColumnElement[bool] = c.revision == live.scalar_subquery()
    return found


@reads(payout_runs, rows=STAFF)
class PayoutRun:
    """What everybody is paid under one plan for one period. That there is one, and how far it is, all staff see."""

    id: ID = seen_by(STAFF)
    plan: CommissionPlan | None = one("plan_id")
    period: str = seen_by(STAFF)
    provisional: bool = seen_by(STAFF, description="To look at and not to pay: opened before the period was over.")
    status: domain.Status = seen_by(STAFF)
    revision: int = seen_by(STAFF, description="How often it was calculated anew.")
    cut_off: Position | None = seen_by(
        STAFF, column="cutoff", description="It is calculated from the facts up to this position of the log."
    )
    total: Money | None = seen_by(PAYROLL, description="Of all lines that could be calculated.")
    line_count: int | None = seen_by(PAYROLL, description="How many people it pays.")
    blocked_count: int | None = seen_by(PAYROLL, description="How many lines could not be calculated.")
    inputs_hash: str | None = seen_by(PAYROLL, description="SHA-256 of the plan's terms and all credits.")
    result_hash: str | None = seen_by(PAYROLL, description="SHA-256 of the inputs and all lines.")
    opened_by: Employee | None = one("opened_by", seen_by=PAYROLL)
    opened_at: datetime = seen_by(STAFF)
    calculated_by: Employee | None = one("calculated_by", seen_by=PAYROLL)
    calculated_at: datetime | None = seen_by(STAFF)
    approved_by: Employee | None = one("approved_by", seen_by=PAYROLL)
    approved_at: datetime | None = seen_by(STAFF)
    rejected_by: Employee | None = one("rejected_by", seen_by=PAYROLL)
    released_by: Employee | None = one("released_by", seen_by=PAYROLL)
    released_at: datetime | None = seen_by(STAFF)
    cancelled_by: Employee | None = one("cancelled_by", seen_by=PAYROLL)
    because: str | None = seen_by(PAYROLL, description="Why it is rejected or cancelled.")
    lines: Connection[PayoutLine] = many(
        "run_id",
        where=("employee", "amount", "state"),
        order_by=("amount",),
        order=("employee_id",),
        only=_holds,
        description="Who is paid what: your own line, or with the right to see payout runs, all of them.",
    )
    version: int = seen_by(STAFF)
    position: Position = seen_by(STAFF, description="Of the last fact about it.")


@reads(payout_lines, rows=OWN | PAYROLL, person="employee_id")
class PayoutLine:
    """What one person is paid, and why."""

    id: ID = seen_by(STAFF)
    run: PayoutRun | None = one("run_id")
    revision: int = seen_by(STAFF, description="The calculation of the run that it is of; only the latest one holds.")
    employee: Employee | None = one("employee_id")
    state: lines.State = seen_by(STAFF)
    blocked_by: str | None = seen_by(STAFF, description="Why it could not be calculated: FX_RATE_MISSING.")
    amount: Money | None = seen_by(THEIR_PAY, description="Null while it is blocked.")
    explanation: PayoutExplanation | None = seen_by(THEIR_PAY)


@part
class PayoutExplanation:
    """Why a line is what it is. The legs sum to the line; so do `exact` and `rounding`."""

    deals: list[PayoutDeal] = seen_by(STAFF, description="Every deal that counts; one that was reversed, twice.")
    credited: Money | None = seen_by(STAFF, description="What the deals come to.")
    attainment: Decimal | None = seen_by(STAFF, description="That over the quota: 1.25 is 125 %.")
    legs: list[PayoutLeg] = seen_by(STAFF, description="What each tier earned.")
    exact: Decimal | None = seen_by(STAFF, description="What was earned before rounding.")
    rounding: Decimal | None = seen_by(STAFF, description="What rounding, once, half up, added to it.")


@part
class PayoutDeal:
    """A won deal that counts; or, with a negative amount, one that was reversed."""

    work_item: WorkItem | None = one("work_item_id")
    closed_on: date = seen_by(STAFF)
    amount: Money = seen_by(STAFF)
    position: Position = seen_by(STAFF, description="Of the fact in the log.")


@part
class PayoutLeg:
    """The part of the credit that lies between `start` and `end`, and what it earned at the rate of that tier."""

    start: Decimal = seen_by(STAFF)
    end: Decimal | None = seen_by(STAFF)
    amount: Money = seen_by(STAFF)
    rate: Decimal = seen_by(STAFF)
    exact: Decimal = seen_by(STAFF)
    earned: Money = seen_by(STAFF, description="Rounded so that the legs sum to the line.")


@extends(Employee)
class PayoutsOfEmployee:
    payout_lines: Connection[PayoutLine] = many(
        "employee_id", where=("run", "state"), only=_counts, description="What they are paid, for yourself or payroll."
    )


def payout_run(
    at: At, *, period: Arg[str] | None = None, id: Arg[ID] | None = None, plan_id: Arg[ID] | None = None
) -> Select[Any]:
    """The run with this id; or the live one for this period, of this plan if there are several."""
    row = payout_runs.table.alias()
    found = select(row)
    if id is not None:
        found = found.where(row.c.id == at.id(id, "PayoutRun"))
    elif period is not None:
        found = found.where(row.c.period == at.value(period, Text(), _period))
        found = found.where(row.c.status != constant(domain.Status.CANCELLED))
    else:
        raise bad_input("Say which: by its period, or by its id.")
    if plan_id is not None:
        found = found.where(row.c.plan_id == at.id(plan_id, "CommissionPlan"))
    return found.order_by(row.c.opened_at.desc(), row.c.id).limit(1)


def _period(text: str) -> str:
    try:
        return str(Period.parse(text))
    except Invalid as wrong:
        raise bad_input(str(wrong)) from None


@strawberry.type
class Query:
    payout_run: PayoutRun | None = view(payout_run)
    payout_runs: Connection[PayoutRun] = many(
        where=("plan", "period", "status", "provisional", "total"),
        order_by=("period", "opened_at", "total"),
        order=("-opened_at",),
    )
    payout_lines: Connection[PayoutLine] = many(
        where=("run", "employee", "amount", "state"),
        order_by=("amount",),
        only=_counts,
        description="Of all runs that were not cancelled.",
    )


# ── Commands ──


@strawberry.input
class OpenPayoutRunInput(CommandInput):
    plan_id: ID = names(CommissionPlan)
    period: str = strawberry.field(description="One of the plan's cadence: 2017-Q2 for a quarterly one.")
    provisional: bool = strawberry.field(default=False, description="For a period that is not over: to look at.")


@strawberry.input
class CalculatePayoutRunInput(CommandInput):
    id: ID = names(PayoutRun)
    cut_off: Position | None = strawberry.field(
        default=UNSET, description="Only facts up to this position of the log; up to now unless told."
    )


@strawberry.input
class ApprovePayoutRunInput(CommandInput):
    id: ID = names(PayoutRun)
    result_hash: str | None = strawberry.field(
        default=UNSET, description="Of the result that you have seen: refused if it is another one by now."
    )


@strawberry.input
class RejectPayoutRunInput(CommandInput):
    id: ID = names(PayoutRun)
    reason: str


@strawberry.input
class ReleasePayoutRunInput(CommandInput):
    id: ID = names(PayoutRun)


@strawberry.input
class CancelPayoutRunInput(CommandInput):
    id: ID = names(PayoutRun)
    reason: str


@strawberry.type
class Mutation:
    @mutation(may("payout.open"), changes=PayoutRun)
    async def open_payout_run(self, info: Info, input: OpenPayoutRunInput) -> Outcome:
        """Begin to pay for a period. There is one live run for any month, whatever the plan."""
        return await give(info, domain.PayoutRun, domain.PayoutRun.open, input, id=new_id(PayoutRun, input))

    @mutation(may("payout.calculate"), changes=PayoutRun)
    async def calculate_payout_run(self, info: Info, input: CalculatePayoutRunInput) -> Outcome:
        """Calculate every line anew, from the facts up to a position. The same position gives the same result."""
        context = info.context
        given = input.cut_off, input.expected_version
        cutoff, version = (None if each is UNSET else each for each in given)
        return await calculate(
            cast("Log", context.log),
            context.reader.pool,
            uuid_of(PayoutRun, input.id, "id"),
            origin=origin_of(context.signed_in.id, input),
            cutoff=cutoff,
            expected_version=version,
            keyed=bool(input.command_id),
            asked=input,
        )

    @mutation(may("payout.approve"), changes=PayoutRun)
    async def approve_payout_run(self, info: Info, input: ApprovePayoutRunInput) -> Outcome:
        """Agree to the result, as somebody who neither opened nor calculated the run, nor is paid by it."""
        return await give(
            info,
            domain.PayoutRun,
            domain.PayoutRun.approve,
            input,
            result_hash=None if input.result_hash is UNSET else input.result_hash,  # "" is another one, not none
        )

    @mutation(may("payout.approve"), changes=PayoutRun)
    async def reject_payout_run(self, info: Info, input: RejectPayoutRunInput) -> Outcome:
        """Send it back, to be calculated again."""
        return await give(info, domain.PayoutRun, domain.PayoutRun.reject, input)

    @mutation(may("payout.release"), changes=PayoutRun)
    async def release_payout_run(self, info: Info, input: ReleasePayoutRunInput) -> Outcome:
        """Order the payments. Happens once, whatever happens again."""
        return await give(info, domain.PayoutRun, domain.PayoutRun.release, input)

    @mutation(may("payout.open"), changes=PayoutRun)
    async def cancel_payout_run(self, info: Info, input: CancelPayoutRunInput) -> Outcome:
        """Give a run up that was not approved. Another one can be opened for the period."""
        return await give(info, domain.PayoutRun, domain.PayoutRun.cancel, input)


WORDS = {
    "CancelPayoutRunInput.reason": "Why; kept in the history.",
    "OpenPayoutRunInput.planId": "The commission plan that it pays under.",
    "RejectPayoutRunInput.reason": "Why; kept in the history.",
    "PayoutDeal.workItem": "The deal.",
    "PayoutDeal.closedOn": "The day on which it was won, or reversed.",
    "PayoutDeal.amount": "What it counts for; less than nothing if it was reversed.",
    "PayoutLeg.start": "Where the tier starts, in quotas.",
    "PayoutLeg.end": "Where it ends, in quotas; null for the last one.",
    "PayoutLeg.amount": "How much of what was won falls into it.",
    "PayoutLeg.rate": "What is paid of that: 0.04 is 4 %.",
    "PayoutLeg.exact": "The product of both, not rounded.",
    "PayoutLine.run": "The run that it belongs to.",
    "PayoutLine.employee": "Who is paid.",
    "PayoutLine.state": "Whether it can be paid.",
    "PayoutLineState.CALCULATED": "It can be paid.",
    "PayoutLineState.BLOCKED": "It can't be paid as it is.",
    "PayoutRun.plan": "The commission plan that it pays under.",
    "PayoutRun.period": "What it pays for: `2017`, `2017-Q2` or `2017-04`.",
    "PayoutRun.status": "How far it is.",
    "PayoutRun.openedAt": "When it was opened.",
    "PayoutRun.calculatedAt": "When it was calculated last; null if it never was.",
    "PayoutRun.approvedAt": "When it was approved; null if it is not.",
    "PayoutRun.releasedAt": "When it was released for payment; null if it is not.",
    "PayoutRunStatus.DRAFT": "It is open, and not calculated.",
    "PayoutRunStatus.CALCULATED": "Its lines are there, and wait for approval.",
    "PayoutRunStatus.REJECTED": "Somebody said no; it can be calculated again.",
    "PayoutRunStatus.APPROVED": "It can be released.",
    "PayoutRunStatus.RELEASED": "It is on its way to be paid.",
    "PayoutRunStatus.CANCELLED": "It was given up; nothing is paid.",
    "Query.payoutRun.period": "What it pays for: `2017`, `2017-Q2` or `2017-04`.",
    "Query.payoutRun.id": "The id of the PayoutRun.",
    "Query.payoutRun.planId": "The plan that it pays under.",
}
