from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain._kernel import Invalid
from domain.employee import Employee
from domain.score import Metric
from domain.target import (
    AlreadySet,
    Amended,
    IsWithdrawn,
    NotEmployed,
    NotPositive,
    OffScale,
    Taken,
    Target,
    TargetSet,
    Unknown,
    Withdrawn,
    WrongCurrency,
)
from tests._people import hired
from tests._scenario import World, given

ANNA, FIRST, SECOND = UUID(int=2), UUID(int=10), UUID(int=11)
SET: dict[str, Any] = {
    "employee_id": ANNA,
    "metric": Metric.WON_AMOUNT,
    "period": "2017-Q1",
    "amount": Decimal(100_000),
    "currency": "USD",
}
AGREED = TargetSet(**SET)
AMENDED = Amended(**SET | {"amount": Decimal(120_000)}, was=Decimal(100_000))
WITHDRAWN = Withdrawn(employee_id=ANNA, metric=Metric.WON_AMOUNT, period="2017-Q1")


@pytest.fixture
def world() -> World:
    return World().having(Employee, ANNA, hired("E-1", effective=date(2017, 3, 1)))


def test_a_target_is_set_once(world: World) -> None:
    given(Target).among(world).when(Target.set, **SET).then(AGREED)
    given(Target, AGREED).among(world).when(Target.set, **SET).nothing()
    given(Target, AGREED).among(world).when(Target.set, **SET | {"period": "2017-Q2"}).refused(AlreadySet, "id")


def test_there_is_one_live_target_however_its_period_is_written(world: World) -> None:
    world.run(Target, FIRST, Target.set, **SET)
    with pytest.raises(Taken):
        world.run(Target, SECOND, Target.set, **SET | {"period": "2017-01-01/2017-04-01"})
    world.run(Target, FIRST, Target.withdraw)
    world.run(Target, SECOND, Target.set, **SET)


def test_who_is_not_employed_in_the_period_has_no_target(world: World) -> None:
    given(Target).among(world).when(Target.set, **SET | {"period": "2017-02"}).refused(NotEmployed, "employeeId")
    given(Target).when(Target.set, **SET).refused(NotEmployed, "employeeId")


def test_money_has_a_currency_and_nothing_else_has(world: World) -> None:
    it = given(Target).among(world)
    it.when(Target.set, **SET | {"currency": None}).refused(WrongCurrency, "currency")
    it.when(Target.set, **SET | {"metric": Metric.DEALS_WON}).refused(WrongCurrency, "currency")
    deals = SET | {"metric": Metric.DEALS_WON, "amount": Decimal(12), "currency": None}
    it.when(Target.set, **deals).then(TargetSet(**deals))
    it.when(Target.set, **deals | {"amount": Decimal("1.5")}).refused(Invalid, "amount")


def test_there_is_no_share_of_nothing(world: World) -> None:
    it = given(Target).among(world)
    for counted in SET, SET | {"metric": Metric.DEALS_WON, "currency": None}:
        it.when(Target.set, **counted | {"amount": Decimal(0)}).refused(NotPositive, "amount")
    judged = SET | {"metric": Metric.CUSTOMER_SATISFACTION, "currency": None}
    it.when(Target.set, **judged | {"amount": Decimal(0)}).then(TargetSet(**judged | {"amount": Decimal(0)}))
    it.when(Target.set, **judged | {"amount": Decimal(-1)}).refused(NotPositive, "amount")
    it.when(Target.set, **judged | {"amount": Decimal("100.1")}).refused(OffScale, "amount")


def test_a_target_is_amended_until_it_is_withdrawn() -> None:
    given(Target, AGREED).when(Target.amend, amount=Decimal(120_000)).then(AMENDED)
    given(Target, AGREED, AMENDED).when(Target.amend, amount=Decimal(120_000)).nothing()
    given(Target, AGREED).when(Target.amend, amount=Decimal(0)).refused(NotPositive, "amount")
    given(Target, AGREED, AMENDED).when(Target.withdraw).then(WITHDRAWN)
    gone = given(Target, AGREED, WITHDRAWN)
    gone.when(Target.withdraw).nothing()
    gone.when(Target.amend, amount=Decimal(1)).refused(IsWithdrawn, "id")
    given(Target).when(Target.withdraw).refused(Unknown, "id")
