from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.department import (
    AlreadyCreated,
    ChangedLater,
    Circular,
    Closed,
    Created,
    Department,
    HasMembers,
    HasOpenDepartments,
    Moved,
    NotOpen,
    Renamed,
    Unknown,
)
from domain.employee import Employee, Reason, Terminated, Transferred
from tests._people import hired
from tests._scenario import SELF, World, given

PARENT, CHILD, ANNA = UUID(int=2), UUID(int=3), UUID(int=4)
EARLY, LATER, LATE = date(2016, 1, 1), date(2017, 1, 1), date(2018, 1, 1)
CREATED = Created(code="EAST", name="East", parent_id=None, effective=EARLY)
UNDER_PARENT = Created(code="EAST", name="East", parent_id=PARENT, effective=EARLY)
ABOVE = Created(code="HQ", name="Headquarters", parent_id=None, effective=EARLY)
BELOW = Created(code="NY", name="New York", parent_id=SELF, effective=EARLY)
MEMBER = hired("E-1", department_id=SELF)


def test_a_department_is_created_under_an_open_one() -> None:
    world = World().having(Department, PARENT, ABOVE)
    given(Department).among(world).when(
        Department.create, code=" EAST ", name="East", parent_id=PARENT, effective=EARLY
    ).then(UNDER_PARENT)


def test_creating_it_again_in_the_same_way_is_creating_it_once() -> None:
    given(Department, CREATED).when(Department.create, code="EAST", name="East", effective=EARLY).nothing()
    given(Department, CREATED).when(Department.create, code="EAST", name="West", effective=EARLY).refused(
        AlreadyCreated, "id"
    )


def test_nothing_is_created_under_what_does_not_exist_or_is_closed_or_was_not_there_yet() -> None:
    create = {"code": "EAST", "name": "East", "parent_id": PARENT, "effective": LATER}
    given(Department).when(Department.create, **create).refused(Unknown, "parentId")
    closed = World().having(Department, PARENT, ABOVE, Closed(effective=LATER))
    given(Department).among(closed).when(Department.create, **create).refused(NotOpen, "parentId")
    unborn = World().having(Department, PARENT, Created(code="HQ", name="HQ", parent_id=None, effective=LATE))
    given(Department).among(unborn).when(Department.create, **create).refused(NotOpen, "parentId")


def test_nothing_is_put_under_what_is_about_to_close() -> None:
    closing = World().having(Department, PARENT, ABOVE, Closed(effective=LATE))
    given(Department, CREATED).among(closing).when(Department.move, parent_id=PARENT, effective=LATER).refused(
        NotOpen, "parentId"
    )


def test_nothing_is_created_anywhere_below_what_is_closed() -> None:
    world = World().having(Department, CHILD, ABOVE, Closed(effective=LATER))
    world.having(Department, PARENT, Created(code="P", name="P", parent_id=CHILD, effective=EARLY))
    given(Department).among(world).when(
        Department.create, code="EAST", name="East", parent_id=PARENT, effective=LATE
    ).refused(NotOpen, "parentId")


def test_a_department_is_not_part_of_itself() -> None:
    given(Department).when(Department.create, code="E", name="E", parent_id=SELF, effective=EARLY).refused(
        Circular, "parentId"
    )
    given(Department, CREATED).among(World().having(Department, SELF, CREATED)).when(
        Department.move, parent_id=SELF, effective=LATER
    ).refused(Circular, "parentId")


def test_a_department_does_not_move_below_itself() -> None:
    world = World().having(Department, SELF, CREATED).having(Department, CHILD, BELOW)
    given(Department, CREATED).among(world).when(Department.move, parent_id=CHILD, effective=LATER).refused(
        Circular, "parentId"
    )


def test_nor_below_what_is_to_come_below_it_on_a_later_day() -> None:
    world = World().having(Department, SELF, CREATED).having(Department, PARENT, ABOVE)
    world.having(Department, PARENT, Moved(parent_id=SELF, was=None, effective=LATE))
    given(Department, CREATED).among(world).when(Department.move, parent_id=PARENT, effective=LATER).refused(
        Circular, "parentId"
    )


def test_nor_below_what_is_below_it_for_now() -> None:
    world = World().having(Department, SELF, CREATED)
    world.having(Department, CHILD, BELOW, Moved(parent_id=None, was=SELF, effective=LATE))
    given(Department, CREATED).among(world).when(Department.move, parent_id=CHILD, effective=LATER).refused(
        Circular, "parentId"
    )


def test_but_below_what_has_left_it_before() -> None:
    world = World().having(Department, SELF, CREATED)
    world.having(Department, CHILD, BELOW, Moved(parent_id=None, was=SELF, effective=LATER))
    given(Department, CREATED).among(world).when(Department.move, parent_id=CHILD, effective=LATE).then(
        Moved(parent_id=CHILD, was=None, effective=LATE)
    )


def test_changes_come_in_the_order_of_their_days_and_what_changes_nothing_is_none() -> None:
    moved = Moved(parent_id=PARENT, was=None, effective=LATER)
    given(Department, CREATED, moved).when(Department.move, parent_id=PARENT, effective=LATER).nothing()
    given(Department, CREATED, moved).when(Department.move, parent_id=None, effective=LATER).refused(
        ChangedLater, "effective"
    )
    given(Department, CREATED, moved).when(Department.move, parent_id=None, effective=LATE).then(
        Moved(parent_id=None, was=PARENT, effective=LATE)
    )


def test_a_department_is_renamed_from_a_day_on() -> None:
    given(Department, CREATED).when(Department.rename, name="Far East", effective=LATER).then(
        Renamed(name="Far East", was="East", effective=LATER)
    )
    given(Department, CREATED).when(Department.rename, name=" East", effective=LATER).nothing()
    given(Department, CREATED).when(Department.rename, name="West", effective=EARLY).refused(ChangedLater, "effective")
    given(Department).when(Department.rename, name="West", effective=EARLY).refused(Unknown, "id")


def test_an_empty_department_is_closed_once() -> None:
    given(Department, CREATED).when(Department.close, effective=LATER, children=(), members=()).then(
        Closed(effective=LATER)
    )
    closed = Closed(effective=LATER)
    given(Department, CREATED, closed).when(Department.close, effective=LATER, children=(), members=()).nothing()
    given(Department, CREATED, closed).when(Department.close, effective=LATE, children=(), members=()).refused(
        NotOpen, "effective"
    )
    given(Department, CREATED, closed).when(Department.rename, name="West", effective=LATE).refused(
        NotOpen, "effective"
    )


def test_a_department_with_an_open_one_below_stays_open() -> None:
    world = World().having(Department, CHILD, BELOW)
    close = {"effective": LATER, "children": [CHILD], "members": ()}
    given(Department, CREATED).among(world).when(Department.close, **close).refused(HasOpenDepartments, "id")
    world.having(Department, CHILD, Closed(effective=LATER))
    given(Department, CREATED).among(world).when(Department.close, **close).then(Closed(effective=LATER))


def test_a_department_with_a_member_stays_open() -> None:
    close = {"effective": LATER, "children": (), "members": [ANNA]}
    stays = World().having(Employee, ANNA, MEMBER)
    given(Department, CREATED).among(stays).when(Department.close, **close).refused(HasMembers, "id")
    for gone in (
        Terminated(reason=Reason.RESIGNED, effective=date(2016, 12, 31)),
        Transferred(department_id=None, was=SELF, effective=LATER),
    ):
        left = World().having(Employee, ANNA, MEMBER, gone)
        given(Department, CREATED).among(left).when(Department.close, **close).then(Closed(effective=LATER))


def test_what_is_seen_of_two_moments_and_goes_round_ends_all_the_same() -> None:
    """Another process may have turned a branch round while this one remembers half of it."""
    round_ = (
        World()
        .having(Department, PARENT, Created(code="HQ", name="HQ", parent_id=CHILD, effective=EARLY))
        .having(Department, CHILD, Created(code="NY", name="New York", parent_id=PARENT, effective=EARLY))
    )
    given(Department).among(round_).when(
        Department.create, code="EAST", name="East", parent_id=PARENT, effective=EARLY
    ).then(UNDER_PARENT)
    given(Department, CREATED).among(round_).when(Department.move, parent_id=PARENT, effective=LATER).then(
        Moved(parent_id=PARENT, was=None, effective=LATER)
    )
