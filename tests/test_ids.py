"""Ids: the same command makes the same thing, and what is made together lies together."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import RFC_4122, UUID, uuid4, uuid5

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain._ids import following, timed
from domain.work_item import Assigned, Won
from projections.assignments import assignments
from projections.scores import scores
from schema._mutation import CommandInput, new_id
from schema.commission_plan import CommissionPlan
from schema.department import Department
from schema.employee import Employee
from schema.payout_run import PayoutRun
from schema.role import Role
from schema.score import Score
from schema.target import Target
from schema.work_item import WorkItem
from store.recorded import Origin, Recorded, new_uuid
from tests._api import Api, gid

KINDS: list[type[Any]] = [CommissionPlan, Department, Employee, PayoutRun, Role, Score, Target, WorkItem]
ANY_TIME = st.integers(0, (1 << 48) - 1)
ANY_NUMBER = st.integers(0, (1 << 128) - 1)
TIMED = st.builds(timed, ANY_TIME, ANY_NUMBER)
OTHERS = st.uuids().filter(lambda id: id.version != 7)
NAMES = st.sampled_from([*(kind.__qualname__ for kind in KINDS), "assignment 2", "WON_AMOUNT"])


def made(kind: type[Any], command_id: UUID | None) -> UUID:
    return new_id(kind, CommandInput(command_id=command_id))


@given(ANY_TIME, ANY_NUMBER)
def test_an_id_that_begins_with_a_time_is_a_uuid_of_version_7(milliseconds: int, number: int) -> None:
    id = timed(milliseconds, number)
    assert (id.version, id.variant) == (7, RFC_4122)
    assert id.int >> 80 == milliseconds
    assert UUID(str(id)) == id


def test_the_example_of_the_standard_is_told_the_same() -> None:
    """RFC 9562, A.6."""
    assert str(timed(0x017F22E279B0, 0xCC3_18C4DC0C0C07398F)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(TIMED, TIMED)
def test_ids_are_in_the_order_of_their_times(one: UUID, other: UUID) -> None:
    assume(one.int >> 80 != other.int >> 80)
    assert (one < other) == (one.int >> 80 < other.int >> 80)


@given(TIMED | OTHERS, NAMES)
def test_what_follows_from_the_same_is_the_same(id: UUID, name: str) -> None:
    assert following(id, name) == following(UUID(str(id)), name)
    assert following(id, name) != id
    assert following(id, name).variant == RFC_4122


@given(TIMED | OTHERS, TIMED | OTHERS, NAMES, NAMES)
def test_what_follows_from_something_else_or_is_called_otherwise_differs(
    id: UUID, other: UUID, name: str, another: str
) -> None:
    assume((id, name) != (other, another))
    assert following(id, name) != following(other, another)


@given(TIMED, NAMES)
def test_what_follows_is_as_old_as_what_it_follows_from(id: UUID, name: str) -> None:
    assert following(id, name).int >> 80 == id.int >> 80
    assert following(id, name).version == 7


@given(OTHERS, NAMES)
def test_what_follows_from_an_id_without_a_time_is_what_it_has_always_been(id: UUID, name: str) -> None:
    assert following(id, name) == uuid5(id, name)


@pytest.mark.parametrize("kind", KINDS)
@given(TIMED | OTHERS)
def test_the_same_command_makes_the_same_thing_whatever_its_id(kind: type[Any], command_id: UUID) -> None:
    assert made(kind, command_id) == made(kind, command_id)
    assert len({made(each, command_id) for each in KINDS}) == len(KINDS)


@given(TIMED)
def test_the_id_of_a_person_does_not_tell_since_when_they_are_here(command_id: UUID) -> None:
    assert made(Employee, command_id) == uuid5(command_id, "Employee")
    assert made(Employee, None).version == 4
    assert {made(kind, command_id).version for kind in KINDS if kind is not Employee} == {7}


def test_what_gets_an_id_from_us_gets_one_of_its_own_and_of_its_time() -> None:
    ids = [new_uuid() for _ in range(1_000)] + [made(Score, None) for _ in range(1_000)]
    assert len({*ids}) == len(ids)
    assert {id.version for id in ids} == {7}
    assert Origin(actor=uuid4()).command_id.version == 7


@pytest.mark.parametrize("command_id", [new_uuid(), uuid4()], ids=["timed", "scattered"])
async def test_a_command_sent_again_names_what_the_first_one_made(api: Api, command_id: UUID) -> None:
    clerk, anna = await api.clerk("score.record", "score.view"), await api.hire()
    given = {"employeeId": gid("Employee", anna), "metric": "TEAMWORK", "value": "4", "effective": "2017-02-01"}

    async def record() -> Any:
        return await api.give(clerk, "recordScore", "score { id }", commandId=str(command_id), **given)

    together = await asyncio.gather(*(record() for _ in range(8)))
    again = await record()
    assert all(each == again for each in together)
    assert again["score"]["id"] == gid("Score", made(Score, command_id))
    recorded = [each async for each in api.log.everything() if each.origin.command_id == command_id]
    assert len(recorded) == 1


@given(TIMED)
def test_the_spells_and_scores_of_a_deal_lie_where_the_deal_does(deal: UUID) -> None:
    whose: dict[str, Any] = {"owner_id": uuid4(), "effective": date(2017, 1, 1)}
    facts = [Assigned(**whose), Won(**whose, customer_id=None, amount=Decimal(5), currency="USD")]
    made = [
        change.key[0]
        for version, fact in enumerate(facts, start=2)
        for read_model in (assignments, scores)
        for change in read_model.projected(a_fact(deal, version, fact))
    ]
    assert len({*made}) == 3  # the spell that ends is the one that began
    assert {id.int >> 80 for id in made} == {deal.int >> 80}


def a_fact(stream_id: UUID, version: int, fact: Any) -> Recorded:
    at = datetime(2017, 1, 1, tzinfo=UTC)
    origin = Origin(actor=uuid4())
    return Recorded(
        stream_id=stream_id, version=version, fact=fact, position=1, effective=at.date(), recorded_at=at, origin=origin
    )
