"""Whatever people try with a payout run, in whatever order."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain import commission_plan
from domain._kernel import Refused
from domain.commission_plan import CommissionPlan
from domain.payout_run import Approved, Calculated, Cancelled, Credit, LineCalculated, PayoutRun, Released
from tests._scenario import World
from tests.test_payout_run import ANNA, APPROVER, BO, CUTOFF, DRAFTED, OFFICER, OPEN, OPENER, PLAN, credit

RUN = UUID(int=77)
PERSONS = st.sampled_from([OPENER, OFFICER, APPROVER, ANNA])
CREDITS = [credit(ANNA, "1200", 3), credit(BO, "100.5", 2), credit(BO, "-7", 4), credit(BO, "9", 5, currency="EUR")]


def attempt(command: Any, **arguments: Any) -> Any:
    return st.tuples(st.just(command), st.fixed_dictionaries({"by": PERSONS, **arguments}))


ATTEMPTS = st.one_of(
    attempt(PayoutRun.calculate, credits=st.lists(st.sampled_from(CREDITS[:3]), unique=True), cutoff=st.just(CUTOFF)),
    attempt(PayoutRun.calculate, credits=st.just(CREDITS), cutoff=st.just(CUTOFF)),
    attempt(PayoutRun.approve),
    attempt(PayoutRun.approve),
    attempt(PayoutRun.reject, reason=st.just("No")),
    attempt(PayoutRun.release),
    attempt(PayoutRun.cancel, reason=st.just("No")),
)


def approved_plan() -> World:
    return World().having(CommissionPlan, PLAN, DRAFTED, commission_plan.Approved(approved_by=APPROVER))


@given(st.lists(ATTEMPTS, max_size=25), st.booleans())
def test_money_leaves_at_most_once_and_only_with_a_second_pair_of_eyes(attempts: list[Any], provisional: bool) -> None:  # noqa: FBT001  # hypothesis passes by position
    world = approved_plan()
    world.run(PayoutRun, RUN, PayoutRun.open, **OPEN | {"provisional": provisional})
    for command, arguments in attempts:
        try:
            world.run(PayoutRun, RUN, command, **arguments)
        except Refused:
            continue
    released = [fact for fact in world.facts if isinstance(fact, Released)]
    approvals = [fact for fact in world.facts if isinstance(fact, Approved)]
    calculations = [fact for fact in world.facts if isinstance(fact, Calculated)]
    assert len(world.effects) == len(released) <= len(approvals) <= 1
    assert not (released and provisional)
    for approval in approvals:
        result = calculations[-1]
        lines = [it for it in world.facts if isinstance(it, LineCalculated) and it.revision == result.revision]
        assert approval.approved_by not in {OPENER, result.calculated_by, *(line.employee_id for line in lines)}
        assert approval.result_hash == result.result_hash
        assert result.blocked == 0
        assert sum(line.amount for line in lines) == result.total
        assert not any(isinstance(fact, Cancelled) for fact in world.facts)
    for release in released:
        assert release.total == calculations[-1].total


@st.composite
def some_credits(draw: st.DrawFn) -> list[Credit]:
    amounts = draw(st.lists(st.decimals(-10_000, 10_000, places=2), max_size=12))
    return [
        credit(
            draw(st.sampled_from([ANNA, BO, OFFICER])),
            str(amount),
            at,
            closed_on=draw(st.dates(date(2017, 1, 1), date(2017, 3, 31))),
        )
        for at, amount in enumerate(amounts)
    ]


@given(some_credits(), st.randoms())
def test_the_same_facts_in_any_order_are_the_same_result(credits: list[Credit], random: Any) -> None:
    results = []
    for order in credits, random.sample(credits, len(credits)):
        world = approved_plan()
        world.run(PayoutRun, RUN, PayoutRun.open, **OPEN)
        results.append(world.run(PayoutRun, RUN, PayoutRun.calculate, credits=order, cutoff=CUTOFF, by=OFFICER))
    assert results[0] == results[1]
    *lines, total = results[0]
    assert sum(line.amount for line in lines) == total.total
    assert {line.employee_id for line in lines} == {it.employee_id for it in credits}
    for line in lines:
        assert sum(leg.earned for leg in line.legs) == line.amount
        assert sum(deal.amount for deal in line.deals) == line.credited
