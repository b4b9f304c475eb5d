"""Whatever is recorded, corrected and withdrawn: what it adds up to is what stands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain._kernel import Refused
from domain.employee import Employee
from domain.score import Corrected, Metric, Score, ScoreRecorded, Withdrawn
from tests._people import hired
from tests._scenario import World

ANNA, BOSS, SCORE = UUID(int=1), UUID(int=2), UUID(int=3)
VALUES = st.integers(0, 6).map(Decimal)
PERSONS = st.sampled_from([ANNA, BOSS])
ATTEMPTS = st.one_of(
    st.tuples(
        st.just(Score.record),
        st.fixed_dictionaries(
            {
                "employee_id": st.just(ANNA),
                "metric": st.sampled_from([Metric.TEAMWORK, Metric.DEALS_WON]),
                "value": VALUES,
                "effective": st.just(date(2017, 1, 1)),
                "by": PERSONS,
            }
        ),
    ),
    st.tuples(st.just(Score.correct), st.fixed_dictionaries({"value": VALUES, "reason": st.just("x"), "by": PERSONS})),
    st.tuples(st.just(Score.withdraw), st.fixed_dictionaries({"reason": st.just("x"), "by": PERSONS})),
)


@given(st.lists(ATTEMPTS, max_size=15))
def test_the_differences_sum_to_what_stands(attempts: list[Any]) -> None:
    world = World().having(Employee, ANNA, hired("E-1"))
    total = Decimal(0)
    for command, arguments in attempts:
        try:
            facts = world.run(Score, SCORE, command, **arguments)
        except Refused:
            continue
        for fact in facts:
            assert arguments["by"] != ANNA
            match fact:
                case ScoreRecorded():
                    total += fact.value
                case Corrected():
                    total += fact.value - fact.was
                case Withdrawn():
                    total -= fact.was
    score = world.look(Score, SCORE)
    assert total == (0 if score.withdrawn or score.value is None else score.value)
    assert score.value is None or 1 <= score.value <= 5
