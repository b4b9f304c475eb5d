from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain._commission import Deal, Leg, Line, Terms, Tier, earn
from domain._kernel import Invalid
from domain._values import Cadence
from domain.commission_plan import (
    AlreadyDrafted,
    Approved,
    CommissionPlan,
    Drafted,
    IsRetired,
    Mode,
    NameTaken,
    NoQuota,
    NotApproved,
    OwnDraft,
    Retired,
    Unknown,
    WrongRate,
    WrongTiers,
)
from tests._scenario import World, fold, given

ANNA, BO = UUID(int=2), UUID(int=3)


def tiers(*parts: tuple[str, str | None, str]) -> tuple[Tier, ...]:
    return tuple(
        Tier(start=Decimal(start), end=None if end is None else Decimal(end), rate=Decimal(rate))
        for start, end, rate in parts
    )


AGENTS = tiers(("0", "0.75", "0.04"), ("0.75", "1", "0.06"), ("1", "1.5", "0.09"), ("1.5", None, "0.12"))
DRAFT: dict[str, Any] = {
    "name": "Agents 2017",
    "currency": "USD",
    "cadence": Cadence.QUARTER,
    "quota": Decimal(100_000),
    "tiers": AGENTS,
    "by": ANNA,
}
DRAFTED = Drafted(
    name="Agents 2017",
    currency="USD",
    cadence=Cadence.QUARTER,
    quota=Decimal("100000.00"),
    mode=Mode.STEP,
    tiers=AGENTS,
    drafted_by=ANNA,
)
APPROVED, RETIRED = Approved(approved_by=BO), Retired(retired_by=ANNA)

# ── The plan ──


def test_a_plan_is_drafted_once() -> None:
    given(CommissionPlan).when(CommissionPlan.draft, **DRAFT).then(DRAFTED)
    given(CommissionPlan, DRAFTED).when(CommissionPlan.draft, **DRAFT).nothing()
    given(CommissionPlan, DRAFTED).when(CommissionPlan.draft, **DRAFT | {"quota": Decimal(1)}).refused(
        AlreadyDrafted, "id"
    )


def test_live_plans_have_different_names() -> None:
    world, first, second = World(), UUID(int=10), UUID(int=11)
    world.run(CommissionPlan, first, CommissionPlan.draft, **DRAFT)
    with pytest.raises(NameTaken):
        world.run(CommissionPlan, second, CommissionPlan.draft, **DRAFT | {"name": "AGENTS 2017"})
    world.run(CommissionPlan, first, CommissionPlan.retire, by=ANNA)
    world.run(CommissionPlan, second, CommissionPlan.draft, **DRAFT)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ((), ("tiers", "0", "start")),
        ((("0.1", None, "0.1"),), ("tiers", "0", "start")),
        ((("0", "1", "0.1"),), ("tiers", "0", "end")),
        ((("0", None, "0.1"), ("1", None, "0.1")), ("tiers", "0", "end")),
        ((("0", "0", "0.1"), ("0", None, "0.1")), ("tiers", "0", "end")),
        ((("0", "1", "0.1"), ("1.1", None, "0.1")), ("tiers", "1", "start")),
        ((("0", "1", "0.1"), ("0.9", None, "0.1")), ("tiers", "1", "start")),
        ((("0", "2", "0.1"), ("2", "1", "0.1"), ("1", None, "0.1")), ("tiers", "1", "end")),
    ],
)
def test_tiers_go_from_nought_up_without_gap_or_overlap(wrong: Any, path: tuple[str, ...]) -> None:
    given(CommissionPlan).when(CommissionPlan.draft, **DRAFT | {"tiers": tiers(*wrong)}).refused(WrongTiers, *path)


@pytest.mark.parametrize("rate", ["-0.01", "1.01"])
def test_a_rate_is_a_share(rate: str) -> None:
    given(CommissionPlan).when(CommissionPlan.draft, **DRAFT | {"tiers": tiers(("0", None, rate))}).refused(
        WrongRate, "tiers", "0", "rate"
    )


def test_numbers_are_finite_and_bounded() -> None:
    for wrong in "NaN", "0.1234567":
        given(CommissionPlan).when(CommissionPlan.draft, **DRAFT | {"tiers": tiers(("0", None, wrong))}).refused(
            Invalid, "tiers", "0", "rate"
        )
    given(CommissionPlan).when(CommissionPlan.draft, **DRAFT | {"quota": Decimal(0)}).refused(NoQuota, "quota")
    given(CommissionPlan).when(CommissionPlan.draft, **DRAFT | {"currency": "USDT"}).refused(Invalid, "currency")


def test_somebody_else_approves() -> None:
    drafted = given(CommissionPlan, DRAFTED)
    drafted.when(CommissionPlan.approve, by=BO).then(APPROVED)
    drafted.when(CommissionPlan.approve, by=ANNA).refused(OwnDraft, "id")
    given(CommissionPlan, DRAFTED, APPROVED).when(CommissionPlan.approve, by=ANNA).nothing()
    given(CommissionPlan).when(CommissionPlan.approve, by=BO).refused(Unknown, "id")


def test_a_retired_plan_stays_retired() -> None:
    given(CommissionPlan, DRAFTED, APPROVED).when(CommissionPlan.retire, by=ANNA).then(RETIRED)
    retired = given(CommissionPlan, DRAFTED, RETIRED)
    retired.when(CommissionPlan.retire, by=ANNA).nothing()
    retired.when(CommissionPlan.approve, by=BO).refused(IsRetired, "id")


def test_only_an_approved_plan_promises_anything() -> None:
    terms = Terms(currency="USD", quota=Decimal(100_000), tiers=AGENTS)
    for approved in (DRAFTED, APPROVED), (DRAFTED, APPROVED, RETIRED):
        assert fold(CommissionPlan, approved).promise() == (terms, Cadence.QUARTER)
    for never in (DRAFTED,), (DRAFTED, RETIRED):
        with pytest.raises(NotApproved):
            fold(CommissionPlan, never).promise("planId")


# ── What it earns ──


def earned(terms: Terms, *amounts: int | str) -> Line:
    return earn(terms, [deal(amount, position) for position, amount in enumerate(amounts, 1)])


def deal(amount: int | str, position: int = 1) -> Deal:
    return Deal(work_item_id=UUID(int=position), closed_on=date(2017, 1, 1), amount=Decimal(amount), position=position)


PUBLISHED = Terms(
    currency="USD",
    quota=Decimal(1000),
    tiers=tiers(("0", "1", "0.01"), ("1", "3", "0.02"), ("3", "8", "0.03"), ("8", None, "0.05")),
)
"""Oracle's example of step rates: 1 % to 1,000, 2 % to 3,000, 3 % to 8,000, 5 % above."""

TERMS = Terms(currency="USD", quota=Decimal(100_000), tiers=AGENTS)


def test_the_published_numbers_come_out() -> None:
    quantities = 200, 300, 1500, 1200, 2000, 4500
    one_by_one = [earned(PUBLISHED, quantity).earned for quantity in quantities]
    assert one_by_one == [2, 3, 20, 14, 30, 95]
    assert sum(one_by_one) == 164
    assert earned(PUBLISHED, *quantities).earned == 285  # all in one: 10 + 40 + 150 + 85


def test_a_line_explains_itself() -> None:
    line = earned(TERMS, 60_000, 100_000)
    assert line == Line(
        deals=(deal(60_000, 1), deal(100_000, 2)),
        credited=Decimal(160_000),
        attainment=Decimal("1.6"),
        legs=(
            leg(0, 75_000, 75_000, "0.04", 3_000),
            leg(75_000, 100_000, 25_000, "0.06", 1_500),
            leg(100_000, 150_000, 50_000, "0.09", 4_500),
            leg(150_000, None, 10_000, "0.12", 1_200),
        ),
        exact=Decimal(10_200),
        earned=Decimal(10_200),
        remainder=Decimal(0),
    )


def leg(start: int, end: int | None, amount: int, rate: str, earned: int) -> Leg:
    return Leg(
        start=Decimal(start),
        end=None if end is None else Decimal(end),
        amount=Decimal(amount),
        rate=Decimal(rate),
        exact=Decimal(earned),
        earned=Decimal(earned),
    )


def test_a_bound_belongs_to_the_tier_below_it_in_money_and_to_none_twice() -> None:
    assert [leg.amount for leg in earned(TERMS, 75_000).legs] == [75_000]
    assert [leg.amount for leg in earned(TERMS, "75000.01").legs] == [75_000, Decimal("0.01")]


def test_a_line_is_rounded_half_up_and_its_legs_by_the_largest_remainder() -> None:
    thirds = Terms(
        currency="USD",
        quota=Decimal(1),
        tiers=tiers(("0", "1", "0.334"), ("1", "2", "0.333"), ("2", None, "0.338")),
    )
    line = earned(thirds, 3)
    assert (line.exact, line.earned, line.remainder) == (Decimal("1.005"), Decimal("1.01"), Decimal("-0.005"))
    assert [leg.earned for leg in line.legs] == [Decimal("0.34"), Decimal("0.33"), Decimal("0.34")]


def test_a_currency_without_minor_units_is_paid_whole() -> None:
    yen = Terms(currency="JPY", quota=Decimal(1000), tiers=tiers(("0", None, "0.125")))
    assert str(earned(yen, 100).earned) == "13"


def test_a_reversed_deal_nets_out_and_less_than_nothing_earns_nothing() -> None:
    assert earned(TERMS, 80_000, 5_000, -5_000).earned == earned(TERMS, 80_000).earned
    line = earned(TERMS, 1_000, -5_000)
    assert (line.credited, line.earned) == (Decimal(-4_000), Decimal(0))
    assert line.legs == ()
