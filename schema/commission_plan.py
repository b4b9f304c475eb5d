"""Commission plans: what is paid for won deals, and who has agreed to it."""

from __future__ import annotations

from decimal import Decimal

import strawberry
from strawberry import ID, UNSET

from domain import commission_plan as domain
from domain._commission import Tier
from domain._kernel import Invalid
from domain._values import Cadence
from projections.commission_plans import commission_plans
from schema._kernel import (
    STAFF,
    CommandInput,
    Connection,
    CurrencyCode,
    Info,
    Money,
    Outcome,
    Position,
    by_id,
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
)
from schema.employee import Employee

strawberry.enum(domain.Status, name="CommissionPlanStatus", description="Whether payouts can be made under a plan.")
strawberry.enum(
    domain.Mode, name="TierMode", description="STEP: a tier's rate is for the part of the amount that lies in it."
)
strawberry.enum(Cadence, name="Cadence", description="How long a period is.")

MOST_TIERS = 50


@part
class CommissionTier:
    """A rate, and the part of the quota that it is for: from `start` up to `end`, in quotas."""

    start: Decimal = seen_by(STAFF, description="0.75 is 75 % of the quota.")
    end: Decimal | None = seen_by(STAFF, description="Null for the last one: it has no end.")
    rate: Decimal = seen_by(STAFF, description="0.04 is 4 %.")


@reads(commission_plans, rows=may("plan.view"))
class CommissionPlan:
    """What is paid for won deals. Once it is approved, it never changes."""

    id: ID = seen_by(STAFF)
    name: str = seen_by(STAFF)
    status: domain.Status = seen_by(STAFF)
    cadence: Cadence = seen_by(STAFF)
    quota: Money = seen_by(STAFF, description="For each period.")
    mode: domain.Mode = seen_by(STAFF)
    tiers: list[CommissionTier] = seen_by(STAFF)
    drafted_by: Employee | None = one("drafted_by")
    approved_by: Employee | None = one("approved_by")
    retired_by: Employee | None = one("retired_by")
    version: int = seen_by(STAFF)
    position: Position = seen_by(STAFF, description="Of the last fact about it.")


@strawberry.type
class Query:
    commission_plan: CommissionPlan | None = by_id()
    commission_plans: Connection[CommissionPlan] = many(
        where=("name", "status", "cadence"), order_by=("name", "status"), order=("name",)
    )


# ── Commands ──


@strawberry.input
class CommissionTierInput:
    start: Decimal = strawberry.field(description="In quotas; where the tier before ends.")
    end: Decimal | None = strawberry.field(default=UNSET, description="In quotas; left out for the last tier.")
    rate: Decimal = strawberry.field(description="A share between 0 and 1.")


@strawberry.input
class DefineCommissionPlanInput(CommandInput):
    name: str
    currency: CurrencyCode
    cadence: Cadence
    quota: Decimal = strawberry.field(description="For each period.")
    tiers: list[CommissionTierInput] = strawberry.field(description="From 0 upwards, without a gap.")


@strawberry.input
class ApproveCommissionPlanInput(CommandInput):
    id: ID = names(CommissionPlan)


@strawberry.input
class RetireCommissionPlanInput(CommandInput):
    id: ID = names(CommissionPlan)


@strawberry.type
class Mutation:
    @mutation(may("plan.edit"), changes=CommissionPlan)
    async def define_commission_plan(self, info: Info, input: DefineCommissionPlanInput) -> Outcome:
        """Draft a plan. Somebody else approves it."""
        if len(input.tiers) > MOST_TIERS:
            raise Invalid(f"At most {MOST_TIERS} tiers.", "tiers")
        return await give(
            info,
            domain.CommissionPlan,
            domain.CommissionPlan.draft,
            input,
            id=new_id(CommissionPlan, input),
            tiers=[_tier(each) for each in input.tiers],
        )

    @mutation(may("plan.approve"), changes=CommissionPlan)
    async def approve_commission_plan(self, info: Info, input: ApproveCommissionPlanInput) -> Outcome:
        """Let payouts be made under a plan that somebody else has drafted."""
        return await give(info, domain.CommissionPlan, domain.CommissionPlan.approve, input)

    @mutation(may("plan.edit"), changes=CommissionPlan)
    async def retire_commission_plan(self, info: Info, input: RetireCommissionPlanInput) -> Outcome:
        """Open no more payout runs under it."""
        return await give(info, domain.CommissionPlan, domain.CommissionPlan.retire, input)


WORDS = {
    "Cadence.YEAR": "A calendar year: 2017.",
    "Cadence.QUARTER": "A calendar quarter: 2017-Q2.",
    "Cadence.MONTH": "A calendar month: 2017-04.",
    "CommissionPlan.name": "What it is called.",
    "CommissionPlan.status": "Whether payouts can be made under it.",
    "CommissionPlan.cadence": "How long each of its periods is.",
    "CommissionPlan.mode": "How its tiers add up.",
    "CommissionPlan.tiers": "The rates, from 0 upwards, without a gap.",
    "CommissionPlan.draftedBy": "Who wrote it.",
    "CommissionPlan.approvedBy": "Who approved it; null while nobody has.",
    "CommissionPlan.retiredBy": "Who retired it; null while nobody has.",
    "CommissionPlanStatus.DRAFT": "It is not approved yet.",
    "CommissionPlanStatus.APPROVED": "Payouts can be made under it; it never changes.",
    "CommissionPlanStatus.RETIRED": "No new payouts are made under it.",
    "CommissionTierInput": "A rate, and the part of the quota that it is for.",
    "DefineCommissionPlanInput.name": "What it is called.",
    "DefineCommissionPlanInput.currency": "The currency of its quota, and of the deals that it pays for.",
    "DefineCommissionPlanInput.cadence": "How long each of its periods is.",
    "TierMode.STEP": "Each part of what was won is paid at the rate of its own tier.",
}


def _tier(input: CommissionTierInput) -> Tier:
    return Tier(start=input.start, end=None if input.end is UNSET else input.end, rate=input.rate)
