"""Targets: what people are to reach."""

from __future__ import annotations

from decimal import Decimal

import strawberry
from strawberry import ID, UNSET

from domain import target as domain
from domain.score import Metric
from projections import targets as states
from projections.targets import targets
from schema._kernel import (
    MY_REPORTS,
    OWN,
    STAFF,
    CommandInput,
    Connection,
    CurrencyCode,
    Info,
    Outcome,
    Position,
    by_id,
    extends,
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
)
from schema.employee import Employee

strawberry.enum(states.State, name="TargetState", description="Whether a target stands, and whether it always said so.")

THEIR_TARGETS = OWN | MY_REPORTS | may("target.view")
SETTER = MY_REPORTS | may("target.set")


@reads(targets, rows=THEIR_TARGETS, person="employee_id")
class Target:
    """What somebody is to reach by one metric in one period."""

    id: ID = seen_by(STAFF)
    employee: Employee | None = one("employee_id")
    metric: Metric = seen_by(STAFF)
    period: str = seen_by(STAFF, description="2017, 2017-Q2, 2017-04, or 2017-02-03/2017-03-01 without the last day.")
    amount: Decimal = seen_by(STAFF)
    currency: CurrencyCode | None = seen_by(STAFF, description="Of a metric that is money.")
    state: states.State = seen_by(STAFF)
    version: int = seen_by(STAFF)
    position: Position = seen_by(STAFF, description="Of the last fact about it.")


@extends(Employee)
class TargetsOfEmployee:
    targets: Connection[Target] = many(
        "employee_id", where=("metric", "period", "state"), order_by=("period", "amount"), order=("-period",)
    )


@strawberry.type
class Query:
    target: Target | None = by_id()
    targets: Connection[Target] = many(
        where=("employee", "metric", "period", "amount", "state"), order_by=("period", "amount"), order=("-period",)
    )


# ── Commands ──


@strawberry.input
class SetTargetInput(CommandInput):
    employee_id: ID = names(Employee, "Somebody who works here in the period, or in a part of it.")
    metric: Metric
    period: str = strawberry.field(description="2017, 2017-Q2, 2017-04 or 2017-02-03/2017-03-01.")
    amount: Decimal
    currency: CurrencyCode | None = strawberry.field(default=UNSET, description="Of a metric that is money.")


@strawberry.input
class AmendTargetInput(CommandInput):
    id: ID = names(Target)
    amount: Decimal


@strawberry.input
class WithdrawTargetInput(CommandInput):
    id: ID = names(Target)


@strawberry.type
class Mutation:
    @mutation(SETTER, changes=Target, on=lambda input: uuid_of(Employee, input.employee_id, "employeeId"))
    async def set_target(self, info: Info, input: SetTargetInput) -> Outcome:
        """Agree what somebody is to reach. There is one target for a person, a metric and a period."""
        return await give(info, domain.Target, domain.Target.set, input, id=new_id(Target, input))

    @mutation(SETTER, changes=Target)
    async def amend_target(self, info: Info, input: AmendTargetInput) -> Outcome:
        return await give(info, domain.Target, domain.Target.amend, input)

    @mutation(SETTER, changes=Target)
    async def withdraw_target(self, info: Info, input: WithdrawTargetInput) -> Outcome:
        return await give(info, domain.Target, domain.Target.withdraw, input)


WORDS = {
    "AmendTargetInput.amount": "What is to be reached now.",
    "SetTargetInput.metric": "What is measured.",
    "SetTargetInput.amount": "What is to be reached.",
    "Employee.targets": "What they are to reach, period by period.",
    "Target.employee": "Whose it is.",
    "Target.metric": "What is measured.",
    "Target.amount": "What is to be reached: money in its currency, or a number.",
    "Target.state": "Whether it stands.",
    "TargetState.SET": "It stands as it was set.",
    "TargetState.AMENDED": "It stands with another amount than at first.",
    "TargetState.WITHDRAWN": "It stands no more.",
}
