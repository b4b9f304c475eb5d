"""Score: how somebody did by one metric, as somebody else judged it on a day.

recorded ──► corrected (as often as needed) ──► withdrawn

Won amounts and won deals become scores by themselves, so nobody records them by hand. Nobody scores themselves, nor
changes what others said of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from domain._kernel import Duplicate, Evaluation, Forbidden, Invalid, InvalidTransition, Look, NotFound, event, replace
from domain._values import day, number, text
from domain.employee import must_be_employed


class Metric(StrEnum):
    WON_AMOUNT = "WON_AMOUNT"
    DEALS_WON = "DEALS_WON"
    ATTITUDE = "ATTITUDE"
    TEAMWORK = "TEAMWORK"
    CUSTOMER_SATISFACTION = "CUSTOMER_SATISFACTION"

    @property
    def scale(self) -> Scale | None:
        """What a score by hand may be; None for a metric that only the facts of work score."""
        return SCALES.get(self)


@dataclass(frozen=True)
class Scale:
    lowest: Decimal
    highest: Decimal
    places: int


SCALES = {
    Metric.ATTITUDE: Scale(Decimal(1), Decimal(5), places=0),
    Metric.TEAMWORK: Scale(Decimal(1), Decimal(5), places=0),
    Metric.CUSTOMER_SATISFACTION: Scale(Decimal(0), Decimal(100), places=1),
}


@event("score.recorded")
class ScoreRecorded:
    employee_id: UUID
    metric: Metric
    value: Evaluation[Decimal]
    note: Evaluation[str | None]
    effective: date


@event("score.corrected")
class Corrected:
    employee_id: UUID
    metric: Metric
    value: Evaluation[Decimal]
    was: Evaluation[Decimal]
    reason: Evaluation[str]
    effective: date


@event("score.withdrawn")
class Withdrawn:
    employee_id: UUID
    metric: Metric
    was: Evaluation[Decimal]
    reason: Evaluation[str]
    effective: date


Event = ScoreRecorded | Corrected | Withdrawn


class Automatic(Invalid):
    code = "SCORE_AUTOMATIC"


class OffScale(Invalid):
    code = "SCORE_OFF_SCALE"


class OwnScore(Forbidden):
    code = "SCORE_OWN"


class AlreadyRecorded(Duplicate):
    code = "SCORE_ALREADY_RECORDED"


class Unknown(NotFound):
    code = "SCORE_NOT_FOUND"


class IsWithdrawn(InvalidTransition):
    code = "SCORE_WITHDRAWN"


@dataclass(frozen=True)
class Score:
    recorded: ScoreRecorded | None = None
    value: Decimal | None = None
    withdrawn: bool = False

    def record(
        self,
        *,
        employee_id: UUID,
        metric: Metric,
        value: Decimal,
        note: str | None = None,
        effective: date,
        by: UUID,
        look: Look,
    ) -> Iterator[Event]:
        fact = ScoreRecorded(
            employee_id=employee_id,
            metric=metric,
            value=_on_scale(value, metric),
            note=None if note is None else text(note, "note", limit=1000),
            effective=day(effective, "effective"),
        )
        if self.recorded == fact:
            return
        if self.recorded:
            raise AlreadyRecorded("This score was recorded before. Correct it.", "id")
        _must_be_another(by, employee_id)
        must_be_employed(employee_id, effective, "employeeId", look=look)
        yield fact

    def correct(self, *, value: Decimal, reason: str, by: UUID) -> Iterator[Event]:
        reason = text(reason, "reason", limit=1000)
        score, was = self._must_stand(by)
        value = _on_scale(value, score.metric)
        if value == was:
            return
        yield Corrected(
            employee_id=score.employee_id,
            metric=score.metric,
            value=value,
            was=was,
            reason=reason,
            effective=score.effective,
        )

    def withdraw(self, *, reason: str, by: UUID) -> Iterator[Event]:
        reason = text(reason, "reason", limit=1000)
        if self.withdrawn:
            return
        score, was = self._must_stand(by)
        yield Withdrawn(
            employee_id=score.employee_id, metric=score.metric, was=was, reason=reason, effective=score.effective
        )

    def evolve(self, event: Event) -> Score:
        match event:
            case ScoreRecorded():
                return replace(self, recorded=event, value=event.value)
            case Corrected():
                return replace(self, value=event.value)
            case Withdrawn():
                return replace(self, withdrawn=True)
            case _:
                assert_never(event)

    def _must_stand(self, by: UUID) -> tuple[ScoreRecorded, Decimal]:
        if self.recorded is None or self.value is None:
            raise Unknown("There is no such score.", "id")
        if self.withdrawn:
            raise IsWithdrawn("This score is withdrawn.", "id")
        _must_be_another(by, self.recorded.employee_id)
        return self.recorded, self.value


def _on_scale(value: Decimal, metric: Metric) -> Decimal:
    scale = metric.scale
    if scale is None:
        raise Automatic(f"{metric} follows from the work itself; nobody records it.", "metric")
    value = number(value, "value", places=scale.places)
    if not scale.lowest <= value <= scale.highest:
        raise OffScale(f"{metric} goes from {scale.lowest} to {scale.highest}.", "value")
    return value


def _must_be_another(by: UUID, employee_id: UUID) -> None:
    if by == employee_id:
        raise OwnScore("Nobody scores themselves.", "employeeId")
