"""The year: what is promised, which customers there are, how their deals come and go, and what is paid each quarter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from demo.dataset import Account, Dataset, Deal
from demo.dirt import Dirt
from demo.organisation import NOT_IN_THE_FILES
from demo.people import HEAD, PAYROLL, employee_id, id_of
from demo.step import Calculation, Chapter, Step
from domain._commission import Tier
from domain._values import Cadence, periods_of
from domain.commission_plan import CommissionPlan
from domain.payout_run import PayoutRun
from domain.score import Metric
from domain.target import Target
from domain.work_item import Kind, WorkItem

QUARTERS = ("2017-Q1", "2017-Q2", "2017-Q3", "2017-Q4")
CURRENCY, QUOTA = "USD", Decimal(100_000)
TIERS = (
    Tier(start=Decimal(0), end=Decimal("0.75"), rate=Decimal("0.04")),
    Tier(start=Decimal("0.75"), end=Decimal(1), rate=Decimal("0.06")),
    Tier(start=Decimal(1), end=Decimal("1.5"), rate=Decimal("0.09")),
    Tier(start=Decimal("1.5"), end=None, rate=Decimal("0.12")),
)
PLAN = id_of("commission plan", "Agents 2017")

AT_ITS_END = (Dirt.LOST_FOR_NOUGHT,)
AT_ITS_BEGINNING = tuple(dirt for dirt in Dirt if dirt not in AT_ITS_END)
"""Of a deal: what there is to say when it ends, and when it is registered."""


def run_id(quarter: str) -> UUID:
    return id_of("payout run", quarter)


# ── What is promised ──


def promises(dataset: Dataset) -> Iterator[Chapter]:
    terms = {"name": "Agents 2017", "currency": CURRENCY, "cadence": Cadence.QUARTER, "quota": QUOTA, "tiers": TIERS}
    yield [_plan(CommissionPlan.draft, PAYROLL.id, terms)]
    yield [_plan(CommissionPlan.approve, HEAD.id, {})]
    yield list(_targets(dataset))


def _plan(command: Any, by: UUID, terms: dict[str, Any]) -> Step:
    arguments = terms | {"by": by}
    return Step(kind=CommissionPlan, id=PLAN, command=command, because=NOT_IN_THE_FILES, by=by, arguments=arguments)


def _targets(dataset: Dataset) -> Iterator[Step]:
    for agent in dataset.agents:
        for quarter in QUARTERS:
            arguments = {
                "employee_id": employee_id(agent.name),
                "metric": Metric.WON_AMOUNT,
                "period": quarter,
                "amount": QUOTA,
                "currency": CURRENCY,
            }
            yield Step(
                kind=Target,
                id=id_of("target", f"{agent.name}:{quarter}"),
                command=Target.set,
                because=NOT_IN_THE_FILES,
                on_behalf_of=employee_id(agent.manager),
                arguments=arguments,
            )


# ── Customers and their deals ──


def customer_id(account: str) -> UUID:
    return id_of("customer", account)


def opportunity_id(reference: str) -> UUID:
    return id_of("opportunity", reference)


def customers(dataset: Dataset) -> Chapter:
    return [_customer(account) for account in dataset.accounts]


def _customer(account: Account) -> Step:
    """What a work item has no place for is told in the reason."""
    part = f", part of {account.parent}" if account.parent else ""
    said = f"In {account.sector}, founded in {account.founded}, in {account.country}{part}."
    arguments = {"kind": Kind.CUSTOMER, "title": account.name, "reference": account.name}
    return Step(
        kind=WorkItem,
        id=customer_id(account.name),
        command=WorkItem.register,
        because=f"{account.because()} {said}",
        arguments=arguments,
    )


def year(dataset: Dataset) -> Iterator[Chapter]:
    """What happened to deals, day after day; and after each quarter of the year its payout run."""
    days = sorted((dated for deal in dataset.deals for dated in _deal(deal, dataset.last_day)), key=lambda it: it[0])
    for quarter, dated in groupby(days, lambda it: periods_of(it[0])[1]):
        yield [step for _, step in dated]
        if quarter in QUARTERS:
            yield from payday(quarter, dataset)


def _deal(deal: Deal, last_day: date) -> Iterator[tuple[date, Step]]:
    engaged_on = deal.engaged_on or last_day
    owner_id = employee_id(deal.agent)

    def step(command: Any, because: str, **arguments: Any) -> Step:
        return Step(
            kind=WorkItem,
            id=opportunity_id(deal.reference),
            command=command,
            because=because,
            on_behalf_of=owner_id,
            arguments=arguments,
        )

    yield (
        engaged_on,
        step(
            WorkItem.register,
            deal.because(*AT_ITS_BEGINNING),
            kind=Kind.OPPORTUNITY,
            title=f"{deal.product} for {deal.account}" if deal.account else deal.product,
            customer_id=deal.account and customer_id(deal.account),
            reference=deal.reference,
            engaged_on=deal.engaged_on,
        ),
    )
    yield engaged_on, step(WorkItem.assign, deal.because(Dirt.NO_ENGAGE_DATE), owner_id=owner_id, effective=engaged_on)
    if deal.closed_on is None:
        return
    because = deal.because(*AT_ITS_END)
    if deal.amount is None:
        yield deal.closed_on, step(WorkItem.lose, because, effective=deal.closed_on)
    else:
        money = {"amount": deal.amount, "currency": CURRENCY}
        yield deal.closed_on, step(WorkItem.win, because, **money, effective=deal.closed_on)


# ── What is paid ──


def payday(quarter: str, dataset: Dataset) -> Iterator[Chapter]:
    """The last run of the year waits for approval."""
    today = dataset.last_day + timedelta(days=1)
    yield [_run(quarter, PayoutRun.open, PAYROLL.id, plan_id=PLAN, period=quarter, today=today)]
    yield [calculation(quarter)]
    if quarter != QUARTERS[-1]:
        yield [_run(quarter, PayoutRun.approve, HEAD.id)]
        yield [_run(quarter, PayoutRun.release, PAYROLL.id)]


def calculation(quarter: str) -> Calculation:
    return Calculation(id=run_id(quarter), because=NOT_IN_THE_FILES, by=PAYROLL.id)


def _run(quarter: str, command: Any, by: UUID, **arguments: Any) -> Step:
    return Step(
        kind=PayoutRun,
        id=run_id(quarter),
        command=command,
        because=NOT_IN_THE_FILES,
        by=by,
        arguments={**arguments, "by": by},
    )
