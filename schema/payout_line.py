"""The lines of payout runs: what each person is paid, and why, to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import ColumnElement, exists
from strawberry import ID

from domain.payout_run import Status
from projections import payout_lines as lines
from projections.payout_lines import payout_lines
from projections.payout_runs import payout_runs
from schema._kernel import (
    OWN,
    STAFF,
    Connection,
    Money,
    Position,
    extends,
    many,
    may,
    one,
    part,
    reads,
    seen_by,
)
from schema._rows import constant
from schema.employee import Employee
from schema.work_item import WorkItem

if TYPE_CHECKING:
    from schema.payout_run import PayoutRun

strawberry.enum(lines.State, name="PayoutLineState", description="Whether a line could be calculated.")

PAYROLL = may("payout.view")
THEIR_PAY = OWN | may("pay.view")


def _counts(c: Any) -> ColumnElement[bool]:
    """The line is of the latest revision of its run, which was not cancelled."""
    run = payout_runs.table.alias()
    live = run.c.status != constant(Status.CANCELLED)
    return exists().where(run.c.id == c.run_id, run.c.revision == c.revision, live)


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


@strawberry.type
class Query:
    payout_lines: Connection[PayoutLine] = many(
        where=("run", "employee", "amount", "state"),
        order_by=("amount",),
        only=_counts,
        description="Of all runs that were not cancelled.",
    )


WORDS = {
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
}
