"""Target: what somebody is to reach by one metric in one period.

set ──► amended (as often as needed) ──► withdrawn

There is one live target for an employee, a metric and a period. Attainment is what was reached over the target, so a
target of nought is only for a metric of which nobody asks the attainment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never
from uuid import UUID

from domain._kernel import Claim, Duplicate, Goal, Invalid, InvalidTransition, Look, NotFound, Release, event, replace
from domain._values import Money, Period, number
from domain.employee import Employee
from domain.score import Metric

COUNTED = frozenset({Metric.WON_AMOUNT, Metric.DEALS_WON})
"""What adds up over a period, so that reaching half of it means something. The others are judged, on a scale."""


@event("target.set")
class TargetSet:
    """`period` as text, `2017-Q2`; `currency` for a metric that is money."""

    employee_id: UUID
    metric: Metric
    period: str
    amount: Goal[Decimal]
    currency: str | None

    def claims(self) -> Iterator[Claim | Release]:
        taken = Taken(f"There is a target for {self.metric} in {self.period} already. Amend it.", "period")
        yield Claim("target", f"{self.employee_id}:{self.metric}:{self.period}", taken)


@event("target.amended")
class Amended:
    employee_id: UUID
    metric: Metric
    period: str
    amount: Goal[Decimal]
    was: Goal[Decimal]
    currency: str | None


@event("target.withdrawn")
class Withdrawn:
    employee_id: UUID
    metric: Metric
    period: str

    def claims(self) -> Iterator[Claim | Release]:
        yield Release("target")


Event = TargetSet | Amended | Withdrawn


class Taken(Duplicate):
    code = "TARGET_TAKEN"


class AlreadySet(Duplicate):
    code = "TARGET_ALREADY_SET"


class Unknown(NotFound):
    code = "TARGET_NOT_FOUND"


class IsWithdrawn(InvalidTransition):
    code = "TARGET_WITHDRAWN"


class NotPositive(Invalid):
    code = "TARGET_NOT_POSITIVE"


class OffScale(Invalid):
    code = "TARGET_OFF_SCALE"


class WrongCurrency(Invalid):
    code = "TARGET_WRONG_CURRENCY"


class NotEmployed(Invalid):
    code = "TARGET_NOT_EMPLOYED"


@dataclass(frozen=True)
class Target:
    agreed: TargetSet | None = None
    amount: Decimal | None = None
    withdrawn: bool = False

    def set(
        self,
        *,
        employee_id: UUID,
        metric: Metric,
        period: str,
        amount: Decimal,
        currency: str | None = None,
        look: Look,
    ) -> Iterator[Event]:
        days = Period.parse(period, "period")
        fact = TargetSet(
            employee_id=employee_id,
            metric=metric,
            period=str(days),
            amount=_reachable(amount, metric, currency),
            currency=currency,
        )
        if self.agreed == fact:
            return
        if self.agreed:
            raise AlreadySet("This target was set before. Amend it.", "id")
        if not look(Employee, employee_id).is_employed_during(days):
            raise NotEmployed(f"Not employed in {fact.period}.", "employeeId")
        yield fact

    def amend(self, *, amount: Decimal) -> Iterator[Event]:
        target, was = self._must_stand()
        amount = _reachable(amount, target.metric, target.currency)
        if amount == was:
            return
        yield Amended(
            employee_id=target.employee_id,
            metric=target.metric,
            period=target.period,
            amount=amount,
            was=was,
            currency=target.currency,
        )

    def withdraw(self) -> Iterator[Event]:
        if self.withdrawn:
            return
        target, _ = self._must_stand()
        yield Withdrawn(employee_id=target.employee_id, metric=target.metric, period=target.period)

    def evolve(self, event: Event) -> Target:
        match event:
            case TargetSet():
                return replace(self, agreed=event, amount=event.amount)
            case Amended():
                return replace(self, amount=event.amount)
            case Withdrawn():
                return replace(self, withdrawn=True)
            case _:
                assert_never(event)

    def _must_stand(self) -> tuple[TargetSet, Decimal]:
        if self.agreed is None or self.amount is None:
            raise Unknown("There is no such target.", "id")
        if self.withdrawn:
            raise IsWithdrawn("This target is withdrawn.", "id")
        return self.agreed, self.amount


def _reachable(amount: Decimal, metric: Metric, currency: str | None) -> Decimal:
    """The amount, if it can be a target for the metric at all."""
    if (metric is Metric.WON_AMOUNT) is (currency is None):
        raise WrongCurrency("A target has a currency if, and only if, its metric is money.", "currency")
    scale = metric.scale
    value = (
        Money(amount, currency).amount if currency else number(amount, "amount", places=scale.places if scale else 0)
    )
    if value < 0 or (value == 0 and metric in COUNTED):
        raise NotPositive(f"A target for {metric} is more than nought: there is no share of nothing.", "amount")
    if scale and value > scale.highest:
        raise OffScale(f"{metric} goes up to {scale.highest}.", "amount")
    return value
