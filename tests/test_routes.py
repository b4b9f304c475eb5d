"""Which facts a projection is shown: all that it could say anything of, and few others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from domain import department, role, work_item
from projections import standings
from projections._kernel import READ_MODELS, Change, Put
from projections._routes import concerns, unconcerning
from projections.departments import department_parents
from projections.roles import policy
from store.recorded import Recorded
from tests._ledger import Nicknamed, Opened, OpenedV1, project_nicknames

ROW = Put((1,), {})


def by_field(recorded: Recorded) -> Iterator[Change]:
    if recorded.fact.number == "7":
        yield ROW


def by_pattern(recorded: Recorded) -> Iterator[Change]:
    match recorded.fact:
        case Opened(number="7"):
            yield ROW


def by_what_it_may_have(recorded: Recorded) -> Iterator[Change]:
    if getattr(recorded.fact, "number", None) or hasattr(recorded.fact, "owner"):
        yield ROW


def by_exact_class(recorded: Recorded) -> Iterator[Change]:
    if type(recorded.fact) is Opened:
        yield ROW


def by_topic(recorded: Recorded) -> Iterator[Change]:
    if recorded.fact.TOPIC == "ledger.opened.v2":
        yield ROW


def by_position(recorded: Recorded) -> Iterator[Change]:
    if recorded.position % 2:
        yield ROW


def by_version(recorded: Recorded) -> Iterator[Change]:
    if recorded.version == 1:
        yield ROW


def by_whom(recorded: Recorded) -> Iterator[Change]:
    if recorded.origin.on_behalf_of is not None:
        yield ROW


def by_stream(recorded: Recorded) -> Iterator[Change]:
    yield from {UUID(int=1): [ROW]}.get(recorded.stream_id, [])


def by_equality(recorded: Recorded) -> Iterator[Change]:
    if recorded.fact == Opened(number="7", owner=None, branch="north"):
        yield ROW


@pytest.mark.parametrize(
    "project",
    [
        by_field, by_pattern, by_what_it_may_have, by_exact_class, by_topic, by_position, by_version, by_whom,
        by_stream, by_equality,
    ],
)  # fmt: skip
def test_whatever_a_projection_looks_at_it_is_shown(project: Callable[[Recorded], Iterator[Change]]) -> None:
    assert concerns(project, Opened)


def test_what_a_projection_does_not_even_look_at_it_is_not_shown() -> None:
    facts: list[Any] = [work_item.Won, work_item.DealReversed, work_item.Assigned, role.Renamed, department.Created]
    shown = {
        model: [fact for fact in facts if concerns(model.projected, fact)]
        for model in (standings.currencies, standings.standings, department_parents, policy)
    }
    assert list(shown.values()) == [facts[:2], facts[:2], facts[4:], []]


def test_a_class_of_which_one_fact_in_many_matters_is_shown() -> None:
    assert concerns(project_nicknames, Nicknamed)


def test_what_nobody_knows_and_what_is_stored_in_an_old_form_is_never_left_out() -> None:
    left_out = unconcerning([model.projected for model in READ_MODELS])
    assert OpenedV1.TOPIC not in left_out  # type: ignore[attr-defined]
    assert Opened.TOPIC in left_out  # type: ignore[attr-defined]
    assert "unheard.of" not in left_out
