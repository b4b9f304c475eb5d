"""Whoever gets the work, in whatever order people try."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain._kernel import Refused
from domain.employee import Employee, Reason, Terminated
from domain.work_item import Assigned, Completed, DealReversed, Kind, Lost, Reassigned, Returned, Won, WorkItem
from tests._people import hired
from tests._scenario import World

ITEM = UUID(int=9)
OWNERS = [UUID(int=at) for at in range(1, 4)]
START = date(2017, 1, 1)
LEAVING = START + timedelta(5)

owners, days = st.sampled_from(OWNERS), st.integers(-2, 10).map(lambda at: START + timedelta(at))


def attempt(command: Any, **arguments: Any) -> Any:
    return st.tuples(st.just(command), st.fixed_dictionaries({"effective": days, **arguments}))


ATTEMPTS = st.one_of(
    attempt(WorkItem.assign, owner_id=owners),
    attempt(WorkItem.reassign, owner_id=owners),
    attempt(WorkItem.give_back),
    attempt(WorkItem.win, amount=st.integers(-1, 5).map(Decimal), currency=st.just("EUR")),
    attempt(WorkItem.lose),
    attempt(WorkItem.complete),
    attempt(WorkItem.reverse, reason=st.just("No")),
)


@given(st.sampled_from(Kind), st.lists(ATTEMPTS, max_size=25))
def test_work_is_one_employed_persons_at_a_time_and_ends_once(kind: Kind, attempts: list[Any]) -> None:
    world = World()
    for at, person in enumerate(OWNERS):
        world.having(Employee, person, hired(f"E-{at}", effective=START))
    world.having(Employee, OWNERS[0], Terminated(reason=Reason.OTHER, effective=LEAVING))
    world.run(WorkItem, ITEM, WorkItem.register, kind=kind, title="Work")
    facts: list[Any] = []
    for command, arguments in attempts:
        try:
            facts += world.run(WorkItem, ITEM, command, **arguments)
        except Refused:
            continue
    owner: UUID | None = None
    for fact in facts:
        match fact:
            case Assigned():
                assert owner is None
                owner = fact.owner_id
            case Reassigned():
                assert (owner, fact.was) == (fact.was, owner) != (fact.owner_id, owner)
                owner = fact.owner_id
            case Returned():
                assert owner == fact.was
                owner = None
            case _:
                assert fact.owner_id == owner
        if isinstance(fact, Assigned | Reassigned | Won) and fact.owner_id == OWNERS[0]:
            assert START <= fact.effective <= LEAVING
    assert [fact.effective for fact in facts] == sorted(fact.effective for fact in facts)
    ends = [type(fact) for fact in facts if not isinstance(fact, Assigned | Reassigned | Returned)]
    possible = {Kind.OPPORTUNITY: ([Won], [Won, DealReversed], [Lost]), Kind.CUSTOMER: ()}
    assert ends == [] or ends in possible.get(kind, ([Completed],))
