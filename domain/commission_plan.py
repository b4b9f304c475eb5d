"""Commission plan: what is paid for won deals.

draft ──► approved ──► retired
  └───────────────────────▲

An approved plan never changes: to promise something else, retire it and draft another. Whoever drafted it does not
approve it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import assert_never
from uuid import UUID

from domain._commission import Terms, Tier
from domain._kernel import (
    Claim,
    Duplicate,
    FourEyesRequired,
    Invalid,
    InvalidTransition,
    NotFound,
    Release,
    event,
    replace,
)
from domain._values import Cadence, Money, folded, minor_units, number, proper_name


class Status(StrEnum):
    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    RETIRED = "RETIRED"


class Mode(StrEnum):
    STEP = "STEP"
    """Marginal: a tier's rate is for the part of the amount that lies in it."""


@event("commission_plan.drafted")
class Drafted:
    """`quota` for each period of the cadence; tiers in quotas."""

    name: str
    currency: str
    cadence: Cadence
    quota: Decimal
    mode: Mode
    tiers: tuple[Tier, ...]
    drafted_by: UUID

    def claims(self) -> Iterator[Claim | Release]:
        taken = NameTaken(f"Another plan is called {self.name}.", "name")
        yield Claim("commission_plan.name", folded(self.name), taken)


@event("commission_plan.approved")
class Approved:
    approved_by: UUID


@event("commission_plan.retired")
class Retired:
    retired_by: UUID

    def claims(self) -> Iterator[Claim | Release]:
        yield Release("commission_plan.name")


Event = Drafted | Approved | Retired


class NameTaken(Duplicate):
    code = "COMMISSION_PLAN_NAME_TAKEN"


class AlreadyDrafted(Duplicate):
    code = "COMMISSION_PLAN_ALREADY_DRAFTED"


class Unknown(NotFound):
    code = "COMMISSION_PLAN_NOT_FOUND"


class NoQuota(Invalid):
    code = "COMMISSION_PLAN_NO_QUOTA"


class WrongTiers(Invalid):
    code = "COMMISSION_PLAN_WRONG_TIERS"


class WrongRate(Invalid):
    code = "COMMISSION_PLAN_WRONG_RATE"


class OwnDraft(FourEyesRequired):
    code = "COMMISSION_PLAN_OWN_DRAFT"


class IsRetired(InvalidTransition):
    code = "COMMISSION_PLAN_RETIRED"


class NotApproved(InvalidTransition):
    code = "COMMISSION_PLAN_NOT_APPROVED"


@dataclass(frozen=True)
class CommissionPlan:
    status: Status | None = None
    drafted: Drafted | None = None
    approved: bool = False

    def draft(
        self,
        *,
        name: str,
        currency: str,
        cadence: Cadence,
        quota: Decimal,
        tiers: Sequence[Tier],
        mode: Mode = Mode.STEP,
        by: UUID,
    ) -> Iterator[Event]:
        number(quota, "quota", places=minor_units(currency, "currency"))
        money = Money(quota, currency)
        fact = Drafted(
            name=proper_name(name, "name"),
            currency=money.currency,
            cadence=cadence,
            quota=money.amount,
            mode=mode,
            tiers=tuple(_tier(at, tier) for at, tier in enumerate(tiers)),
            drafted_by=by,
        )
        if self.drafted == fact:
            return
        if self.drafted:
            raise AlreadyDrafted("This plan was drafted before.", "id")
        if money.amount <= 0:
            raise NoQuota("Tiers are shares of the quota, so there must be one.", "quota")
        _must_cover_everything(fact.tiers)
        yield fact

    def approve(self, *, by: UUID) -> Iterator[Event]:
        plan = self._must_be_live()
        if self.status is Status.APPROVED:
            return
        if by == plan.drafted_by:
            raise OwnDraft("Nobody approves a plan that they drafted.", "id")
        yield Approved(approved_by=by)

    def retire(self, *, by: UUID) -> Iterator[Event]:
        """Open no more payout runs for it. Those that are open can still be calculated and paid."""
        if self.status is Status.RETIRED:
            return
        self._must_be_live()
        yield Retired(retired_by=by)

    def promise(self, *path: str) -> tuple[Terms, Cadence]:
        """What is paid, and how often; of a plan that was approved and may be retired since."""
        if self.drafted is None:
            raise Unknown("There is no such plan.", *path)
        if not self.approved:
            raise NotApproved("The plan is not approved.", *path)
        plan = self.drafted
        return Terms(currency=plan.currency, quota=plan.quota, tiers=plan.tiers), plan.cadence

    def evolve(self, event: Event) -> CommissionPlan:
        match event:
            case Drafted():
                return replace(self, status=Status.DRAFT, drafted=event)
            case Approved():
                return replace(self, status=Status.APPROVED, approved=True)
            case Retired():
                return replace(self, status=Status.RETIRED)
            case _:
                assert_never(event)

    def _must_be_live(self) -> Drafted:
        if self.drafted is None:
            raise Unknown("There is no such plan.", "id")
        if self.status is Status.RETIRED:
            raise IsRetired("The plan is retired.", "id")
        return self.drafted


def _tier(at: int, tier: Tier) -> Tier:
    path = ("tiers", str(at))
    rate = number(tier.rate, *path, "rate", places=6)
    if not 0 <= rate <= 1:
        raise WrongRate(f"A rate is a share between 0 and 1, not {rate}.", *path, "rate")
    end = None if tier.end is None else number(tier.end, *path, "end", places=6)
    return Tier(start=number(tier.start, *path, "start", places=6), end=end, rate=rate)


def _must_cover_everything(tiers: Sequence[Tier]) -> None:
    """From nought up, ascending, without gap or overlap, the last one open."""
    if not tiers or tiers[0].start != 0:
        raise WrongTiers("The first tier starts at 0.", "tiers", "0", "start")
    for at, (tier, following) in enumerate(pairwise(tiers)):
        if tier.end is None or tier.end <= tier.start:
            raise WrongTiers("Only the last tier is open, and each ends above its start.", "tiers", str(at), "end")
        if following.start != tier.end:
            raise WrongTiers("A tier starts where the one before it ends.", "tiers", str(at + 1), "start")
    if tiers[-1].end is not None:
        raise WrongTiers("The last tier is open.", "tiers", str(len(tiers) - 1), "end")
