"""Payout runs: what everybody is paid for a period, why, and who has agreed to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import strawberry
from sqlalchemy import Select, Text, select
from strawberry import ID, UNSET

from domain import payout_run as domain
from domain._kernel import Invalid
from domain._values import Period
from projections.deals import calculate
from projections.payout_runs import FEW, payout_runs
from schema._kernel import (
    NOBODYS,
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
    give,
    many,
    may,
    mutation,
    names,
    new_id,
    one,
    reads,
    seen_by,
    uuid_of,
    view,
)
from schema._mutation import origin_of
from schema._rows import constant
from schema.commission_plan import CommissionPlan
from schema.employee import Employee
from schema.payout_line import PAYROLL, PayoutLine
from store.log import Log

strawberry.enum(domain.Status, name="PayoutRunStatus", description="How far a payout run has come.")


TOTAL = PAYROLL & (may("pay.view") | NOBODYS)
"""Who sees what a run comes to. One that pays few people is theirs; see `about_few`."""


@reads(payout_runs, rows=STAFF, person="about_few")
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
    total: Money | None = seen_by(
        TOTAL, description=f"Of all lines that could be calculated; of fewer than {FEW}, for whoever sees each of them."
    )
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
        same=("revision",),
        where=("employee", "amount", "state"),
        order_by=("amount",),
        order=("employee_id",),
        description="Who is paid what: your own line, or with the right to see payout runs, all of them.",
    )
    version: int = seen_by(STAFF)
    position: Position = seen_by(STAFF, description="Of the last fact about it.")


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
