from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain import commission_plan
from domain._commission import Tier
from domain._kernel import Effect, Invalid
from domain._values import Cadence
from domain.commission_plan import CommissionPlan, Drafted, Mode
from domain.payout_run import (
    AlreadyOpened,
    Approved,
    Calculated,
    Cancelled,
    Credit,
    HasBlockedLines,
    IsProvisional,
    LineBlocked,
    LineCalculated,
    Opened,
    OwnCalculation,
    OwnPayout,
    PayoutRun,
    PeriodNotOver,
    PeriodTaken,
    Rejected,
    Released,
    ResultChanged,
    Unknown,
    WrongCadence,
    WrongCredit,
    WrongStatus,
)
from tests._scenario import SELF, World, fold, given

PLAN, OPENER, OFFICER, APPROVER, ANNA, BO = (UUID(int=at) for at in range(10, 16))
TODAY, CUTOFF = date(2017, 4, 1), 500
DRAFTED = Drafted(
    name="Agents",
    currency="USD",
    cadence=Cadence.QUARTER,
    quota=Decimal(1000),
    mode=Mode.STEP,
    tiers=(
        Tier(start=Decimal(0), end=Decimal(1), rate=Decimal("0.05")),
        Tier(start=Decimal(1), end=None, rate=Decimal("0.1")),
    ),
    drafted_by=OPENER,
)
OPEN: dict[str, Any] = {"plan_id": PLAN, "period": "2017-Q1", "today": TODAY, "by": OPENER}
OPENED = Opened(plan_id=PLAN, period="2017-Q1", provisional=False, opened_by=OPENER)


def credit(employee_id: UUID, amount: str, position: int, **changed: Any) -> Credit:
    usual = Credit(
        work_item_id=UUID(int=1000 + position),
        employee_id=employee_id,
        amount=Decimal(amount),
        currency="USD",
        closed_on=date(2017, 2, 1),
        position=position,
    )
    return replace(usual, **changed)


CREDITS = [credit(ANNA, "1200", 3), credit(BO, "100.50", 2), credit(ANNA, "300", 1)]
CALCULATE: dict[str, Any] = {"credits": CREDITS, "cutoff": CUTOFF, "by": OFFICER}


@pytest.fixture
def world() -> World:
    return World().having(CommissionPlan, PLAN, DRAFTED, commission_plan.Approved(approved_by=APPROVER))


@pytest.fixture
def calculated(world: World) -> list[Any]:
    return [OPENED, *given(PayoutRun, OPENED).among(world).when(PayoutRun.calculate, **CALCULATE).decide()]


@pytest.fixture
def approved(calculated: list[Any]) -> list[Any]:
    return [*calculated, *given(PayoutRun, *calculated).when(PayoutRun.approve, by=APPROVER).decide()]


# ── Opening ──


def test_a_run_is_opened_once_the_period_is_over(world: World) -> None:
    given(PayoutRun).among(world).when(PayoutRun.open, **OPEN).then(OPENED)
    given(PayoutRun, OPENED).among(world).when(PayoutRun.open, **OPEN).nothing()
    given(PayoutRun, OPENED).among(world).when(PayoutRun.open, **OPEN | {"period": "2016-Q4"}).refused(
        AlreadyOpened, "id"
    )
    early = OPEN | {"today": date(2017, 3, 31)}
    given(PayoutRun).among(world).when(PayoutRun.open, **early).refused(PeriodNotOver, "period")
    given(PayoutRun).among(world).when(PayoutRun.open, **early, provisional=True).then(
        replace(OPENED, provisional=True)
    )


def test_a_run_has_the_cadence_of_its_plan(world: World) -> None:
    for other in "2017", "2017-01", "2017-01-01/2017-02-03":
        given(PayoutRun).among(world).when(PayoutRun.open, **OPEN | {"period": other}).refused(WrongCadence, "period")


def test_a_run_needs_an_approved_plan_that_is_not_retired(world: World) -> None:
    given(PayoutRun).when(PayoutRun.open, **OPEN).refused(commission_plan.Unknown, "planId")
    given(PayoutRun).among(World().having(CommissionPlan, PLAN, DRAFTED)).when(PayoutRun.open, **OPEN).refused(
        commission_plan.NotApproved, "planId"
    )
    world.having(CommissionPlan, PLAN, commission_plan.Retired(retired_by=OPENER))
    given(PayoutRun).among(world).when(PayoutRun.open, **OPEN).refused(commission_plan.IsRetired, "planId")


def test_no_two_live_runs_pay_for_the_same_month_whatever_their_plans(world: World) -> None:
    first, second, monthly = UUID(int=20), UUID(int=21), UUID(int=22)
    world.having(CommissionPlan, monthly, replace(DRAFTED, name="Closers", cadence=Cadence.MONTH))
    world.having(CommissionPlan, monthly, commission_plan.Approved(approved_by=APPROVER))
    world.run(PayoutRun, first, PayoutRun.open, **OPEN)
    for other in {"period": "2017-01-01/2017-04-01"}, {"period": "2017-02", "plan_id": monthly}:
        with pytest.raises(PeriodTaken):
            world.run(PayoutRun, second, PayoutRun.open, **OPEN | other)
    world.run(PayoutRun, first, PayoutRun.cancel, reason="Wrong plan", by=OPENER)
    world.run(PayoutRun, second, PayoutRun.open, **OPEN)


# ── Calculating ──


def test_a_line_for_everybody_and_the_total(calculated: list[Any]) -> None:
    _, anna, bo, total = calculated
    assert isinstance(anna, LineCalculated)
    assert (anna.credited, anna.attainment, anna.amount) == (Decimal(1500), Decimal("1.5"), Decimal(100))
    assert [(leg.amount, leg.earned) for leg in anna.legs] == [
        (Decimal(1000), Decimal(50)),
        (Decimal(500), Decimal(50)),
    ]
    assert [deal.position for deal in anna.deals] == [1, 3]
    assert (bo.exact, bo.amount, bo.remainder) == (Decimal("5.025"), Decimal("5.03"), Decimal("-0.005"))
    assert isinstance(total, Calculated)
    assert (total.revision, total.total, total.lines, total.blocked) == (1, Decimal("105.03"), 2, 0)
    assert (total.cutoff, total.calculated_by, total.currency) == (CUTOFF, OFFICER, "USD")


def test_the_same_facts_give_the_same_result_and_no_new_revision(world: World, calculated: list[Any]) -> None:
    again = CALCULATE | {"credits": CREDITS[::-1], "cutoff": CUTOFF + 7, "by": OPENER}
    given(PayoutRun, *calculated).among(world).when(PayoutRun.calculate, **again).nothing()
    afresh = given(PayoutRun, OPENED).among(world).when(PayoutRun.calculate, **again).decide()
    assert afresh[:-1] == calculated[1:-1]
    assert (afresh[-1].inputs_hash, afresh[-1].result_hash) == (calculated[-1].inputs_hash, calculated[-1].result_hash)


def test_another_fact_is_another_revision(world: World, calculated: list[Any]) -> None:
    more = CALCULATE | {"credits": [*CREDITS, credit(BO, "1", 9)]}
    facts = given(PayoutRun, *calculated).among(world).when(PayoutRun.calculate, **more).decide()
    assert {fact.revision for fact in facts} == {2}
    assert facts[-1].inputs_hash != calculated[-1].inputs_hash
    assert facts[-1].result_hash != calculated[-1].result_hash


def test_the_hashes_are_the_same_for_ever(calculated: list[Any]) -> None:
    assert calculated[-1].inputs_hash[:16] == "a1d424782fc381be"
    assert calculated[-1].result_hash[:16] == "6480957388e2292f"


def test_only_credits_of_the_period_that_were_known_at_the_cutoff_count(world: World) -> None:
    run = given(PayoutRun, OPENED).among(world)
    late = CALCULATE | {"credits": [credit(ANNA, "1", 1), credit(ANNA, "1", 2, closed_on=date(2017, 4, 1))]}
    run.when(PayoutRun.calculate, **late).refused(WrongCredit, "credits", "1", "closedOn")
    after = CALCULATE | {"credits": [credit(ANNA, "1", CUTOFF + 1)]}
    run.when(PayoutRun.calculate, **after).refused(WrongCredit, "credits", "0", "position")
    twice = CALCULATE | {"credits": [credit(ANNA, "1", 1), credit(ANNA, "2", 1)]}
    run.when(PayoutRun.calculate, **twice).refused(WrongCredit, "credits")
    odd = CALCULATE | {"credits": [credit(ANNA, "1.001", 1)]}
    run.when(PayoutRun.calculate, **odd).refused(Invalid, "amount")


def test_a_deal_in_another_currency_blocks_its_line_and_is_listed(world: World) -> None:
    foreign = credit(ANNA, "1200.00", 4, currency="EUR")
    facts = (
        given(PayoutRun, OPENED)
        .among(world)
        .when(PayoutRun.calculate, **CALCULATE | {"credits": [*CREDITS, foreign]})
        .decide()
    )
    blocked = next(fact for fact in facts if isinstance(fact, LineBlocked))
    assert (blocked.employee_id, blocked.code, len(blocked.credits)) == (ANNA, "FX_RATE_MISSING", 3)
    assert foreign in blocked.credits
    assert (facts[-1].total, facts[-1].lines, facts[-1].blocked) == (Decimal("5.03"), 1, 1)
    given(PayoutRun, OPENED, *facts).when(PayoutRun.approve, by=APPROVER).refused(HasBlockedLines, "id")


def test_a_reversed_deal_nets_out(world: World) -> None:
    reversal = credit(ANNA, "-300", 7, work_item_id=CREDITS[2].work_item_id)
    facts = (
        given(PayoutRun, OPENED)
        .among(world)
        .when(PayoutRun.calculate, **CALCULATE | {"credits": [*CREDITS, reversal]})
        .decide()
    )
    anna = next(fact for fact in facts if isinstance(fact, LineCalculated) and fact.employee_id == ANNA)
    assert (anna.credited, anna.amount, len(anna.deals)) == (Decimal(1200), Decimal(70), 3)


def test_a_quarter_without_deals_is_a_run_without_lines(world: World) -> None:
    nothing = CALCULATE | {"credits": []}
    (total,) = given(PayoutRun, OPENED).among(world).when(PayoutRun.calculate, **nothing).decide()
    assert (total.total, total.lines) == (0, 0)
    given(PayoutRun, OPENED, total).among(world).when(PayoutRun.calculate, **nothing).nothing()


def test_a_run_can_be_calculated_when_its_plan_is_retired_meanwhile(world: World) -> None:
    world.having(CommissionPlan, PLAN, commission_plan.Retired(retired_by=OPENER))
    assert given(PayoutRun, OPENED).among(world).when(PayoutRun.calculate, **CALCULATE).decide()


# ── Approving ──


def test_somebody_else_approves_what_they_saw(calculated: list[Any]) -> None:
    seen = calculated[-1].result_hash
    run = given(PayoutRun, *calculated)
    approved = Approved(approved_by=APPROVER, revision=1, result_hash=seen)
    run.when(PayoutRun.approve, by=APPROVER, result_hash=seen).then(approved)
    run.when(PayoutRun.approve, by=APPROVER, result_hash="0" * 64).refused(ResultChanged, "resultHash")
    given(PayoutRun, *calculated, approved).when(PayoutRun.approve, by=APPROVER).nothing()
    given(PayoutRun, OPENED).when(PayoutRun.approve, by=APPROVER).refused(WrongStatus, "id")
    given(PayoutRun).when(PayoutRun.approve, by=APPROVER).refused(Unknown, "id")


def test_who_opened_or_calculated_does_not_approve(calculated: list[Any]) -> None:
    for own in OPENER, OFFICER:
        given(PayoutRun, *calculated).when(PayoutRun.approve, by=own).refused(OwnCalculation, "id")


def test_who_is_paid_does_not_approve(calculated: list[Any]) -> None:
    for payee in ANNA, BO:
        given(PayoutRun, *calculated).when(PayoutRun.approve, by=payee).refused(OwnPayout, "id")


def test_who_is_paid_is_who_has_a_line_in_the_latest_revision(world: World, calculated: list[Any]) -> None:
    without = CALCULATE | {"credits": CREDITS[1:2]}
    second = given(PayoutRun, *calculated).among(world).when(PayoutRun.calculate, **without).decide()
    run = given(PayoutRun, *calculated, *second)
    assert run.when(PayoutRun.approve, by=ANNA).decide()
    run.when(PayoutRun.approve, by=BO).refused(OwnPayout, "id")
    third = run.among(world).when(PayoutRun.calculate, **CALCULATE | {"credits": []}).decide()
    assert given(PayoutRun, *calculated, *second, *third).when(PayoutRun.approve, by=BO).decide()


def test_a_provisional_run_is_to_look_at(world: World) -> None:
    provisional = replace(OPENED, provisional=True)
    facts = given(PayoutRun, provisional).among(world).when(PayoutRun.calculate, **CALCULATE).decide()
    given(PayoutRun, provisional, *facts).when(PayoutRun.approve, by=APPROVER).refused(IsProvisional, "id")


def test_a_rejected_run_is_calculated_again(world: World, calculated: list[Any]) -> None:
    rejected = Rejected(rejected_by=APPROVER, revision=1, reason="Deal missing")
    given(PayoutRun, *calculated).when(PayoutRun.reject, reason="Deal missing", by=APPROVER).then(rejected)
    run = given(PayoutRun, *calculated, rejected).among(world)
    run.when(PayoutRun.reject, reason="Deal missing", by=APPROVER).nothing()
    run.when(PayoutRun.approve, by=APPROVER).refused(WrongStatus, "id")
    again = run.when(PayoutRun.calculate, **CALCULATE).decide()
    assert again[-1] == replace(calculated[-1], revision=2)


# ── Paying ──


def test_states_that_grow_out_of_one_another_each_know_their_own_payees() -> None:
    def line(employee_id: UUID, revision: int = 1) -> LineBlocked:
        return LineBlocked(revision=revision, employee_id=employee_id, code="FX_RATE_MISSING", credits=())

    anna = fold(PayoutRun, [OPENED, line(ANNA)])
    both, other = anna.evolve(line(BO)), anna.evolve(line(OFFICER))
    assert [person in anna.payees for person in (ANNA, BO, OFFICER)] == [True, False, False]
    assert [person in both.payees for person in (ANNA, BO, OFFICER)] == [True, True, False]
    assert [person in other.payees for person in (ANNA, BO, OFFICER)] == [True, False, True]
    assert both != other
    assert both == fold(PayoutRun, [OPENED, line(ANNA), line(BO)])
    again = both.evolve(line(OFFICER, revision=2))
    assert [person in again.payees for person in (ANNA, BO, OFFICER)] == [False, False, True]


def test_an_approved_run_is_released_once_by_one_effect(approved: list[Any]) -> None:
    released = Released(
        released_by=OFFICER,
        run_id=SELF,
        result_hash=approved[-1].result_hash,
        total=Decimal("105.03"),
        currency="USD",
    )
    given(PayoutRun, *approved).when(PayoutRun.release, by=OFFICER).then(released)
    given(PayoutRun, *approved, released).when(PayoutRun.release, by=OFFICER).nothing()
    order = {"run_id": str(SELF), "total": "105.03", "currency": "USD", "result_hash": released.result_hash}
    assert list(released.effects()) == [Effect("payments", str(SELF), order)]


def test_only_an_approved_run_is_released(calculated: list[Any]) -> None:
    for facts in (OPENED,), calculated:
        given(PayoutRun, *facts).when(PayoutRun.release, by=OFFICER).refused(WrongStatus, "id")


def test_what_is_approved_is_neither_calculated_rejected_nor_cancelled(world: World, approved: list[Any]) -> None:
    run = given(PayoutRun, *approved).among(world)
    run.when(PayoutRun.calculate, **CALCULATE).refused(WrongStatus, "id")
    run.when(PayoutRun.reject, reason="No", by=APPROVER).refused(WrongStatus, "id")
    run.when(PayoutRun.cancel, reason="No", by=APPROVER).refused(WrongStatus, "id")


def test_a_run_is_cancelled_before_it_is_approved(world: World, calculated: list[Any]) -> None:
    cancelled = Cancelled(cancelled_by=OPENER, reason="Wrong plan")
    for facts in (OPENED,), calculated:
        given(PayoutRun, *facts).when(PayoutRun.cancel, reason="Wrong plan", by=OPENER).then(cancelled)
    run = given(PayoutRun, OPENED, cancelled).among(world)
    run.when(PayoutRun.cancel, reason="Wrong plan", by=OPENER).nothing()
    run.when(PayoutRun.calculate, **CALCULATE).refused(WrongStatus, "id")
