from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain import employee
from domain._kernel import Invalid
from domain.employee import Employee
from domain.score import (
    AlreadyRecorded,
    Automatic,
    Corrected,
    IsWithdrawn,
    Metric,
    OffScale,
    OwnScore,
    Score,
    ScoreRecorded,
    Unknown,
    Withdrawn,
)
from tests._people import hired
from tests._scenario import World, given

ANNA, BOSS = UUID(int=2), UUID(int=3)
DAY = date(2017, 4, 3)
RECORD: dict[str, Any] = {
    "employee_id": ANNA,
    "metric": Metric.TEAMWORK,
    "value": Decimal(4),
    "note": "Helped",
    "effective": DAY,
    "by": BOSS,
}
RECORDED = ScoreRecorded(employee_id=ANNA, metric=Metric.TEAMWORK, value=Decimal(4), note="Helped", effective=DAY)
CORRECTED = Corrected(
    employee_id=ANNA, metric=Metric.TEAMWORK, value=Decimal(5), was=Decimal(4), reason="Misread", effective=DAY
)
WITHDRAWN = Withdrawn(employee_id=ANNA, metric=Metric.TEAMWORK, was=Decimal(5), reason="Mistaken", effective=DAY)


@pytest.fixture
def world() -> World:
    return World().having(Employee, ANNA, hired("E-1", effective=date(2017, 1, 1)))


def test_a_score_is_recorded_by_somebody_else(world: World) -> None:
    given(Score).among(world).when(Score.record, **RECORD).then(RECORDED)
    given(Score, RECORDED).among(world).when(Score.record, **RECORD).nothing()
    given(Score, RECORDED).among(world).when(Score.record, **RECORD | {"value": Decimal(5)}).refused(
        AlreadyRecorded, "id"
    )


def test_nobody_scores_themselves(world: World) -> None:
    given(Score).among(world).when(Score.record, **RECORD | {"by": ANNA}).refused(OwnScore, "employeeId")
    mine = given(Score, RECORDED)
    mine.when(Score.correct, value=Decimal(5), reason="Better", by=ANNA).refused(OwnScore, "employeeId")
    mine.when(Score.withdraw, reason="Unfair", by=ANNA).refused(OwnScore, "employeeId")


@pytest.mark.parametrize("metric", [Metric.WON_AMOUNT, Metric.DEALS_WON])
def test_what_follows_from_work_is_not_recorded_by_hand(metric: Metric, world: World) -> None:
    given(Score).among(world).when(Score.record, **RECORD | {"metric": metric}).refused(Automatic, "metric")


def test_only_who_is_employed_on_the_day_is_scored(world: World) -> None:
    given(Score).among(world).when(Score.record, **RECORD | {"effective": date(2016, 12, 31)}).refused(
        employee.NotEmployed, "employeeId"
    )
    given(Score).when(Score.record, **RECORD).refused(employee.Unknown, "employeeId")


@pytest.mark.parametrize("value", ["0", "6", "-1"])
def test_a_score_is_on_the_scale(value: str, world: World) -> None:
    given(Score).among(world).when(Score.record, **RECORD | {"value": Decimal(value)}).refused(OffScale, "value")
    given(Score, RECORDED).when(Score.correct, value=Decimal(value), reason="x", by=BOSS).refused(OffScale, "value")


def test_a_score_has_the_decimals_of_its_scale(world: World) -> None:
    given(Score).among(world).when(Score.record, **RECORD | {"value": Decimal("4.5")}).refused(Invalid, "value")
    finer: dict[str, Any] = {"metric": Metric.CUSTOMER_SATISFACTION, "value": Decimal("87.5"), "note": None}
    given(Score).among(world).when(Score.record, **RECORD | finer).then(
        ScoreRecorded(employee_id=ANNA, effective=DAY, **finer)
    )


def test_a_correction_says_what_it_was_and_why() -> None:
    given(Score, RECORDED).when(Score.correct, value=Decimal(5), reason="Misread", by=BOSS).then(CORRECTED)
    given(Score, RECORDED, CORRECTED).when(Score.correct, value=Decimal(5), reason="Again", by=BOSS).nothing()
    given(Score, RECORDED).when(Score.correct, value=Decimal(5), reason=" ", by=BOSS).refused(Invalid, "reason")
    given(Score).when(Score.correct, value=Decimal(5), reason="x", by=BOSS).refused(Unknown, "id")


def test_a_withdrawn_score_stays_withdrawn() -> None:
    given(Score, RECORDED, CORRECTED).when(Score.withdraw, reason="Mistaken", by=BOSS).then(WITHDRAWN)
    gone = given(Score, RECORDED, CORRECTED, WITHDRAWN)
    gone.when(Score.withdraw, reason="Mistaken", by=BOSS).nothing()
    gone.when(Score.correct, value=Decimal(1), reason="x", by=BOSS).refused(IsWithdrawn, "id")
    given(Score).when(Score.withdraw, reason="x", by=BOSS).refused(Unknown, "id")
