"""The read models of work, scores and payouts: rebuilt from the log they are what every commit had made of them."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain._commission import Tier
from domain._kernel import Refused
from domain._values import Cadence
from domain.commission_plan import CommissionPlan
from domain.payout_run import PayoutRun
from domain.score import Metric, Score
from domain.target import Target
from domain.work_item import WorkItem
from projections import (
    assignments,
    commission_plans,
    deals,
    payout_lines,
    payout_runs,
    scores,
    standings,
    targets,
    work_items,
)
from projections._build import rebuild
from projections._fold import ReadModels
from projections._kernel import READ_MODELS
from projections._routes import concerns
from store.recorded import Origin
from tests._api import Api
from tests._work import opportunity

MODELS = [
    assignments.assignments,
    commission_plans.commission_plans,
    deals.deals,
    payout_lines.payout_lines,
    payout_runs.payout_runs,
    scores.scores,
    standings.currencies,
    standings.score_entries,
    standings.standings,
    targets.targets,
    work_items.work_items,
]
JUDGE, OPENER, CHECKER = (UUID(int=at) for at in (101, 102, 103))


@pytest.mark.parametrize("seed", range(3))
async def test_rebuilt_they_are_the_same(api: Api, seed: int) -> None:
    await a_year_of_work(api, random.Random(seed))
    before = await everything(api)
    assert all(before.values()), {name for name, rows in before.items() if not rows}
    await rebuild(api.organisation.pool, api.log.keys, ReadModels())
    assert await everything(api) == before
    async for recorded in api.log.everything():
        for model in READ_MODELS:
            if not concerns(model.projected, type(recorded.fact)):
                assert not list(model.projected(recorded)), "a projection is shown all that concerns it"


async def everything(api: Api) -> dict[str, list[str]]:
    """Every row of every table, and how many values are in which bucket of ranks."""
    pool = api.organisation.pool
    found = {model.name: await pool.fetch(f"SELECT * FROM {model.table}") for model in MODELS}
    found["ranks"] = await pool.fetch(f"SELECT * FROM {standings.standings.ranks} WHERE n <> 0")
    return {name: sorted(repr(tuple(row)) for row in rows) for name, rows in found.items()}


async def a_year_of_work(api: Api, dice: random.Random) -> None:
    people = [await api.hire(f"Agent {n}") for n in range(4)]
    items = [await opportunity(api) for _ in range(6)]
    marks: list[UUID] = []
    goals: list[UUID] = []
    for day in range(120):
        when = date.fromordinal(date(2017, 1, 1).toordinal() + day)
        await attempt(api, WorkItem, dice.choice(items), *something(dice, people, when))
        if day % 10 == 0:
            items.append(await opportunity(api))
            marks.append(uuid4())
            goals.append(uuid4())
            whom: dict[str, Any] = {"employee_id": dice.choice(people)}
            judged = {"metric": Metric.ATTITUDE, "value": Decimal(dice.randint(1, 5)), "effective": when, "by": JUDGE}
            await attempt(api, Score, marks[-1], Score.record, whom | judged)
            aim = {"metric": Metric.DEALS_WON, "period": f"2017-{when.month:02}", "amount": Decimal(3)}
            await attempt(api, Target, goals[-1], Target.set, whom | aim)
        mark, value = dice.choice(marks), Decimal(dice.randint(1, 5))
        await attempt(api, Score, mark, Score.correct, {"value": value, "reason": "So.", "by": JUDGE})
        if dice.random() < 0.05:
            await attempt(api, Score, mark, Score.withdraw, {"reason": "No.", "by": JUDGE})
            await attempt(api, Target, dice.choice(goals), Target.withdraw, {})
        await attempt(api, Target, dice.choice(goals), Target.amend, {"amount": value})
    await paid(api)


def something(dice: random.Random, people: list[UUID], when: date) -> tuple[Any, dict[str, Any]]:
    money = {"amount": Decimal(dice.randint(1, 900)), "currency": dice.choice(["USD", "USD", "EUR"])}
    on: dict[str, Any] = {"effective": when}
    choices: list[tuple[Any, dict[str, Any]]] = [
        (WorkItem.assign, {"owner_id": dice.choice(people)}),
        (WorkItem.reassign, {"owner_id": dice.choice(people)}),
        (WorkItem.give_back, {}),
        (WorkItem.win, money),
        (WorkItem.lose, {}),
        (WorkItem.reverse, {"reason": "Never real."}),
    ]
    command, given = dice.choices(choices, weights=[6, 3, 2, 4, 1, 1])[0]
    return command, on | given


async def attempt(api: Api, kind: type[Any], id: UUID, command: Any, given: dict[str, Any]) -> None:
    with suppress(Refused):
        await api.log.run(kind, id, command, origin=Origin(actor=JUDGE), **given)


async def paid(api: Api) -> None:
    """Calculated twice; the second time without those whose deals came late."""
    plan, run, origin = uuid4(), uuid4(), Origin(actor=OPENER)
    tiers = [Tier(start=Decimal(0), end=None, rate=Decimal("0.1"))]
    terms: dict[str, Any] = {"name": "P", "currency": "USD", "cadence": Cadence.QUARTER, "quota": Decimal(100)}
    await api.log.run(CommissionPlan, plan, CommissionPlan.draft, origin=origin, tiers=tiers, by=OPENER, **terms)
    await api.log.run(CommissionPlan, plan, CommissionPlan.approve, origin=origin, by=CHECKER)
    given: dict[str, Any] = {"plan_id": plan, "period": "2017-Q1", "today": date(2017, 7, 1), "by": OPENER}
    await api.log.run(PayoutRun, run, PayoutRun.open, origin=origin, **given)
    head = await api.log.head()
    for cutoff in (head, head // 2):
        await deals.calculate(api.log, api.organisation.pool, run, origin=origin, cutoff=cutoff)
