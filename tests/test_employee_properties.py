"""Whoever reports to whom, whatever moves where, and whoever leaves: in whatever order people try."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain import role
from domain._kernel import Refused
from domain._timeline import Timeline
from domain.department import Created, Department
from domain.employee import Employee, Reason
from domain.role import PERMISSIONS, Role
from tests._people import hired
from tests._scenario import World

START = date(2017, 1, 1)
PEOPLE = [UUID(int=at) for at in range(1, 6)]
OFFICES = [UUID(int=at) for at in range(11, 15)]
ALL = frozenset(PERMISSIONS)

people, offices = st.sampled_from(PEOPLE), st.sampled_from(OFFICES)
days = st.integers(0, 12).map(lambda at: START + timedelta(at))


def organisation() -> World:
    """Five people and four departments, none above another, and one administrator."""
    world = World()
    for at, id in enumerate(PEOPLE):
        world.having(Employee, id, hired(f"E-{at}", effective=START))
    for at, id in enumerate(OFFICES):
        world.having(Department, id, Created(code=f"D-{at}", name=f"D-{at}", parent_id=None, effective=START))
    world.run(Role, role.ADMINISTRATOR, Role.establish, administrator=PEOPLE[0])
    return world


def attempt(kind: type[Any], command: Callable[..., Any], ids: st.SearchStrategy[UUID], **arguments: Any) -> Any:
    return st.tuples(st.just(kind), ids, st.just(command), st.fixed_dictionaries(arguments))


ATTEMPTS = st.one_of(
    attempt(Employee, Employee.change_manager, people, manager_id=st.none() | people, effective=days, by=people),
    attempt(Employee, Employee.change_manager, people, manager_id=people, effective=days, by=st.just(UUID(int=9))),
    attempt(Employee, Employee.terminate, people, last_day=days, reason=st.just(Reason.OTHER)),
    attempt(
        Employee,
        Employee.rehire,
        people,
        work_email=st.sampled_from(["e-0@example.com", "e-1@example.com", "x@example.com"]),
        title=st.just("Agent"),
        manager_id=st.none() | people,
        effective=days,
        today=st.just(START),
        by=people,
        holder=st.just(ALL),
        roles=st.just([role.ADMINISTRATOR]),
    ),
    attempt(Department, Department.move, offices, parent_id=st.none() | offices, effective=days),
    attempt(
        Department,
        Department.close,
        offices,
        effective=days,
        children=st.just(OFFICES),
        members=st.just(PEOPLE),
    ),
    attempt(Role, Role.bind, st.just(role.ADMINISTRATOR), employee_id=people, holder=st.just(ALL)),
    attempt(Role, Role.unbind, st.just(role.ADMINISTRATOR), employee_id=people, holder=st.just(ALL)),
    attempt(Role, Role.revoke, st.just(role.ADMINISTRATOR), permission=st.just("role.edit")),
    attempt(Role, Role.retire, st.just(role.ADMINISTRATOR)),
)


def after(attempts: list[Any]) -> World:
    world = organisation()
    for kind, id, command, arguments in attempts:
        try:
            world.run(kind, id, command, **arguments)
        except Refused:
            continue
    return world


def has_a_circle(above: dict[UUID, UUID | None]) -> bool:
    for parent in above.values():
        here, steps = parent, 0
        while here and steps <= len(above):
            here, steps = above[here], steps + 1
        if here:
            return True
    return False


def assert_no_circle(lines: dict[UUID, Timeline[UUID | None]]) -> None:
    """On no day, and not in what was recorded last."""
    every_day = sorted({since for line in lines.values() for since, _ in line.changes})
    assert [day for day in every_day if has_a_circle({id: line.on(day) for id, line in lines.items()})] == []
    assert not has_a_circle({id: line.latest for id, line in lines.items()})


@given(st.lists(ATTEMPTS, max_size=40))
def test_nobody_ever_reports_to_themselves(attempts: list[Any]) -> None:
    world = after(attempts)
    assert_no_circle({id: world.look(Employee, id).managers for id in PEOPLE})


@given(st.lists(ATTEMPTS, max_size=40))
def test_no_department_is_ever_part_of_itself(attempts: list[Any]) -> None:
    world = after(attempts)
    assert_no_circle({id: world.look(Department, id).parents for id in OFFICES})


@given(st.lists(ATTEMPTS, max_size=40))
def test_nothing_open_is_below_what_is_closed(attempts: list[Any]) -> None:
    world = after(attempts)
    departments = {id: world.look(Department, id) for id in OFFICES}
    for each in departments.values():
        parent = each.parents.latest
        if parent and not each.closed_on:
            assert departments[parent].closed_on is None


@given(st.lists(ATTEMPTS, max_size=40))
def test_somebody_who_is_employed_is_always_an_administrator(attempts: list[Any]) -> None:
    world = after(attempts)
    administrators = world.look(Role, role.ADMINISTRATOR)
    assert any(world.look(Employee, id).is_active for id in administrators.members)
    assert administrators.permissions == ALL
    assert not administrators.retired


@given(st.lists(ATTEMPTS, max_size=40))
def test_everybody_employed_has_an_address_of_their_own_and_spells_that_do_not_overlap(attempts: list[Any]) -> None:
    world = after(attempts)
    everybody = [world.look(Employee, id) for id in PEOPLE]
    addresses = Counter(each.work_email for each in everybody if each.is_active)
    assert max(addresses.values()) == 1
    for each in everybody:
        spells = list(each.spells)
        assert all(one.end <= other.start for one, other in pairwise(spells))


@given(st.lists(ATTEMPTS, max_size=40))
def test_a_command_given_twice_in_a_row_is_given_once(attempts: list[Any]) -> None:
    world = organisation()
    for kind, id, command, arguments in attempts:
        try:
            world.run(kind, id, command, **arguments)
        except Refused:
            continue
        assert world.run(kind, id, command, **arguments) == []
