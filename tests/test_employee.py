from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from domain import department, role
from domain._kernel import Claim, Invalid, Release
from domain.employee import (
    AlreadyHired,
    AlreadyTerminated,
    BeforeHire,
    ChangedLater,
    ChangedSameDay,
    CircularReporting,
    EmailTaken,
    Employee,
    Hired,
    LastAdministrator,
    ManagerChanged,
    NotEmployed,
    NotTerminated,
    NumberTaken,
    OwnReportingLine,
    PersonalDetailsCorrected,
    Promoted,
    Reason,
    Rehired,
    SpellsOverlap,
    Status,
    Terminated,
    TooFarAhead,
    Transferred,
    Unknown,
)
from tests._people import hired
from tests._scenario import SELF, World, fold, given

BOSS, CHIEF, CLERK, SALES, OTHER = UUID(int=2), UUID(int=3), UUID(int=6), UUID(int=4), UUID(int=5)
TODAY = date(2017, 6, 1)
FIRST, SPRING, SUMMER, LAST, BACK = (
    date(2016, 10, 1),
    date(2017, 3, 1),
    date(2017, 7, 1),
    date(2017, 9, 30),
    date(2017, 11, 1),
)
ANNA: dict[str, Any] = {
    "number": "E-17",
    "name": "Anna Snelling",
    "work_email": "anna@meritbook.example.com",
    "title": "Sales agent",
    "department_id": SALES,
    "manager_id": BOSS,
    "effective": FIRST,
}
HIRE = ANNA | {"today": TODAY}
HIRED = Hired(**ANNA)
LEFT = Terminated(reason=Reason.RESIGNED, effective=LAST)
REHIRE = {key: HIRE[key] for key in ("work_email", "title", "department_id", "manager_id")} | {
    "effective": BACK,
    "today": TODAY,
    "by": CLERK,
    "holder": frozenset(),
    "roles": (),
}
REHIRED = Rehired(
    work_email="anna@meritbook.example.com", title="Sales agent", department_id=SALES, manager_id=BOSS, effective=BACK
)


@pytest.fixture
def world() -> World:
    """A boss and her boss, in an open department."""
    created = department.Created(code="S", name="Sales", parent_id=None, effective=date(2015, 1, 1))
    return (
        World()
        .having(department.Department, SALES, created)
        .having(department.Department, OTHER, replace(created, code="O", name="Other"))
        .having(Employee, CHIEF, hired("E-1"))
        .having(Employee, BOSS, hired("E-2", manager_id=CHIEF))
    )


def test_somebody_is_hired(world: World) -> None:
    given(Employee).among(world).when(Employee.hire, **HIRE).then(HIRED)


def test_the_first_of_all_has_neither_department_nor_manager() -> None:
    given(Employee).when(Employee.hire, **HIRE | {"department_id": None, "manager_id": None}).then(
        replace(HIRED, department_id=None, manager_id=None)
    )


def test_hiring_again_in_the_same_way_is_hiring_once(world: World) -> None:
    given(Employee, HIRED).among(world).when(Employee.hire, **HIRE).nothing()
    given(Employee, HIRED).among(world).when(Employee.hire, **HIRE | {"title": "Boss"}).refused(AlreadyHired, "id")


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"number": " "}, "number"),
        ({"name": "Anna\u202e"}, "name"),
        ({"work_email": "anna"}, "workEmail"),
        ({"work_phone": "020 7946 0018"}, "workPhone"),
        ({"title": "a\nb"}, "title"),
        ({"effective": date(1899, 1, 1)}, "effective"),
    ],
)
def test_what_is_written_wrong_is_named(wrong: dict[str, Any], path: str, world: World) -> None:
    given(Employee).among(world).when(Employee.hire, **HIRE | wrong).refused(Invalid, path)


def test_nobody_is_hired_more_than_a_year_ahead(world: World) -> None:
    given(Employee).among(world).when(Employee.hire, **HIRE | {"effective": date(2018, 6, 1)}).then(
        replace(HIRED, effective=date(2018, 6, 1))
    )
    given(Employee).among(world).when(Employee.hire, **HIRE | {"effective": date(2018, 6, 3)}).refused(
        TooFarAhead, "effective"
    )


def test_nobody_is_hired_into_a_department_that_is_not_open(world: World) -> None:
    given(Employee).among(world).when(Employee.hire, **HIRE | {"department_id": UUID(int=99)}).refused(
        department.Unknown, "departmentId"
    )
    world.having(department.Department, SALES, department.Closed(effective=FIRST))
    given(Employee).among(world).when(Employee.hire, **HIRE).refused(department.NotOpen, "departmentId")


def test_a_manager_is_employed_and_somebody_else(world: World) -> None:
    hire = given(Employee).among(world)
    hire.when(Employee.hire, **HIRE | {"manager_id": SELF}).refused(CircularReporting, "managerId")
    hire.when(Employee.hire, **HIRE | {"manager_id": UUID(int=99)}).refused(Unknown, "managerId")
    hire.when(Employee.hire, **HIRE | {"effective": date(2014, 12, 31), "department_id": None}).refused(
        NotEmployed, "managerId"
    )
    world.having(Employee, BOSS, Terminated(reason=Reason.RETIRED, effective=date(2016, 9, 30)))
    hire.when(Employee.hire, **HIRE).refused(NotEmployed, "managerId")


def test_a_number_is_taken_for_ever_and_an_address_while_employed(world: World) -> None:
    world.run(Employee, SELF, Employee.hire, **HIRE)
    with pytest.raises(NumberTaken):
        world.run(Employee, OTHER, Employee.hire, **HIRE | {"number": "e-17", "work_email": "other@example.com"})
    with pytest.raises(EmailTaken):
        world.run(Employee, OTHER, Employee.hire, **HIRE | {"number": "E-18"})
    world.run(Employee, SELF, Employee.terminate, last_day=LAST, reason=Reason.RESIGNED)
    with pytest.raises(NumberTaken):
        world.run(Employee, OTHER, Employee.hire, **HIRE)
    world.run(Employee, OTHER, Employee.hire, **HIRE | {"number": "E-18"})
    with pytest.raises(EmailTaken):
        world.run(Employee, SELF, Employee.rehire, **REHIRE)
    assert not world.look(Employee, SELF).is_active


def test_somebody_is_transferred_from_a_day_on(world: World) -> None:
    moved = Transferred(department_id=OTHER, was=SALES, effective=SPRING)
    given(Employee, HIRED).among(world).when(Employee.transfer, department_id=OTHER, effective=SPRING).then(moved)
    given(Employee, HIRED, moved).among(world).when(Employee.transfer, department_id=OTHER, effective=SPRING).nothing()
    given(Employee, HIRED).among(world).when(Employee.transfer, department_id=SALES, effective=SPRING).nothing()


def test_a_second_change_on_the_same_day_is_a_correction(world: World) -> None:
    moved = Transferred(department_id=OTHER, was=SALES, effective=SPRING)
    given(Employee, HIRED, moved).among(world).when(Employee.transfer, department_id=SALES, effective=SPRING).refused(
        ChangedSameDay, "effective"
    )
    given(Employee, HIRED, moved).among(world).when(
        Employee.transfer, department_id=SALES, effective=date(2017, 2, 1)
    ).refused(ChangedLater, "effective")


def test_who_does_not_work_here_on_the_day_is_not_changed(world: World) -> None:
    for facts, when in ((HIRED,), date(2016, 9, 30)), ((HIRED, LEFT), date(2017, 10, 1)):
        it = given(Employee, *facts).among(world)
        it.when(Employee.transfer, department_id=OTHER, effective=when).refused(NotEmployed, "effective")
        it.when(Employee.promote, title="Boss", effective=when).refused(NotEmployed, "effective")
        it.when(Employee.change_manager, manager_id=CHIEF, effective=when, by=CLERK).refused(NotEmployed, "effective")
    given(Employee).when(Employee.promote, title="Boss", effective=FIRST).refused(Unknown, "id")


def test_somebody_is_promoted(world: World) -> None:
    promoted = Promoted(title="Senior agent", was="Sales agent", effective=SPRING)
    given(Employee, HIRED).when(Employee.promote, title="Senior agent", effective=SPRING).then(promoted)
    given(Employee, HIRED, promoted).when(Employee.promote, title="Senior agent", effective=SPRING).nothing()
    given(Employee, HIRED, promoted).when(Employee.promote, title="Chief", effective=SPRING).refused(
        ChangedSameDay, "effective"
    )


def test_somebody_gets_another_manager(world: World) -> None:
    changed = ManagerChanged(manager_id=CHIEF, was=BOSS, effective=SPRING)
    given(Employee, HIRED).among(world).when(
        Employee.change_manager, manager_id=CHIEF, effective=SPRING, by=CLERK
    ).then(changed)
    given(Employee, HIRED, changed).among(world).when(
        Employee.change_manager, manager_id=CHIEF, effective=SUMMER, by=CLERK
    ).nothing()


def test_nobody_reports_to_themselves_nor_to_anybody_below(world: World) -> None:
    world.having(Employee, SELF, HIRED)
    chief = given(Employee, hired("E-1"), id=CHIEF).among(world)
    for below in CHIEF, BOSS, SELF:
        chief.when(Employee.change_manager, manager_id=below, effective=SPRING, by=CLERK).refused(
            CircularReporting, "managerId"
        )


def test_nor_to_anybody_who_will_be_below_on_a_later_day(world: World) -> None:
    world.having(Employee, SELF, HIRED)
    world.having(Employee, CHIEF, ManagerChanged(manager_id=None, was=None, effective=date(2016, 1, 1)))
    world.having(Employee, BOSS, ManagerChanged(manager_id=SELF, was=CHIEF, effective=LAST))
    given(Employee, HIRED, ManagerChanged(manager_id=CHIEF, was=BOSS, effective=SPRING)).among(world).when(
        Employee.change_manager, manager_id=BOSS, effective=SUMMER, by=CLERK
    ).refused(CircularReporting, "managerId")


def test_nobody_puts_others_below_themselves(world: World) -> None:
    """Neither directly, nor below whoever reports to them."""
    report = UUID(int=8)
    world.having(Employee, SELF, HIRED)
    world.having(Employee, CLERK, hired("E-3"))
    world.having(Employee, report, hired("E-4", manager_id=CLERK))
    anna, change = given(Employee, HIRED).among(world), {"effective": SPRING, "by": CLERK}
    for manager in CLERK, report:
        anna.when(Employee.change_manager, manager_id=manager, **change).refused(OwnReportingLine, "managerId")
        given(Employee, HIRED, LEFT).among(world).when(Employee.rehire, **REHIRE | {"manager_id": manager}).refused(
            OwnReportingLine, "managerId"
        )
    given(Employee, replace(HIRED, manager_id=CLERK)).among(world).when(
        Employee.change_manager, manager_id=report, **change
    ).then(ManagerChanged(manager_id=report, was=CLERK, effective=SPRING))


def test_nobody_says_whom_they_report_to_themselves(world: World) -> None:
    given(Employee, HIRED).among(world).when(
        Employee.change_manager, manager_id=CHIEF, effective=SPRING, by=SELF
    ).refused(OwnReportingLine, "id")


def test_an_administrator_may_do_both(world: World) -> None:
    world.having(role.Role, role.ADMINISTRATOR, role.Defined(name="Administrator", built_in=True))
    world.having(role.Role, role.ADMINISTRATOR, role.Bound(employee_id=SELF), role.Bound(employee_id=CHIEF))
    for by in SELF, CHIEF:
        given(Employee, HIRED).among(world).when(
            Employee.change_manager, manager_id=CHIEF, effective=SPRING, by=by
        ).then(ManagerChanged(manager_id=CHIEF, was=BOSS, effective=SPRING))


def test_whoever_rehires_holds_all_that_comes_back_with_the_roles(world: World) -> None:
    payers, gone = UUID(int=71), UUID(int=72)
    for each in payers, gone:
        world.having(role.Role, each, role.Defined(name=str(each)), role.Granted(permission="pay.view"))
        world.having(role.Role, each, role.Bound(employee_id=SELF))
    world.having(role.Role, gone, role.Retired())
    it = given(Employee, HIRED, LEFT).among(world)
    it.when(Employee.rehire, **REHIRE | {"roles": [payers]}).refused(role.MoreThanHeld, "id")
    it.when(Employee.rehire, **REHIRE | {"roles": [payers], "holder": frozenset({"pay.view"})}).then(REHIRED)
    it.when(Employee.rehire, **REHIRE | {"roles": [gone]}).then(REHIRED)


def test_a_correction_names_what_was_wrong() -> None:
    correct = Employee.correct_personal_details
    given(Employee, HIRED).when(correct, name="Anna Schnelling", work_email=HIRED.work_email).then(
        PersonalDetailsCorrected(corrects=("name",), name="Anna Schnelling")
    )
    given(Employee, HIRED).when(correct, work_email="a.s@example.com").then(
        PersonalDetailsCorrected(corrects=("work_email",), work_email="a.s@example.com")
    )
    given(Employee, HIRED).when(correct, name=HIRED.name).nothing()
    given(Employee, HIRED).when(correct).nothing()
    given(Employee, HIRED, LEFT).when(correct, work_email="a.s@example.com").refused(NotEmployed, "workEmail")
    given(Employee, HIRED, LEFT).when(correct, name="Anna Schnelling").then(
        PersonalDetailsCorrected(corrects=("name",), name="Anna Schnelling")
    )
    given(Employee).when(correct, name="Anna").refused(Unknown, "id")


def test_a_work_phone_is_given_changed_and_taken_away_until_somebody_leaves() -> None:
    correct, rung = Employee.correct_personal_details, replace(HIRED, work_phone="+442079460018")
    given(Employee, HIRED).when(correct, work_phone="+44 20 7946 0018").then(
        PersonalDetailsCorrected(corrects=("work_phone",), work_phone="+442079460018")
    )
    given(Employee, rung).when(correct, work_phone="+44 20 7946 0018").nothing()
    given(Employee, rung).when(correct, work_phone="").then(PersonalDetailsCorrected(corrects=("work_phone",)))
    given(Employee, HIRED).when(correct, work_phone="").nothing()
    given(Employee, rung, PersonalDetailsCorrected(corrects=("work_phone",))).when(correct, work_phone="").nothing()
    given(Employee, rung, LEFT).when(correct, work_phone="+12025550143").refused(NotEmployed, "workPhone")


def test_only_a_corrected_address_is_given_back_and_taken() -> None:
    assert list(PersonalDetailsCorrected(corrects=("name",), name="A").claims()) == []
    given_back, taken = PersonalDetailsCorrected(corrects=("work_email",), work_email="A@b.io").claims()
    assert isinstance(given_back, Release)
    assert isinstance(taken, Claim)
    assert taken.value == "a@b.io"


def test_an_employment_ends_once() -> None:
    terminate = Employee.terminate
    given(Employee, HIRED).when(terminate, last_day=LAST, reason=Reason.RESIGNED).then(LEFT)
    given(Employee, HIRED).when(terminate, last_day=FIRST, reason=Reason.OTHER).then(
        Terminated(reason=Reason.OTHER, effective=FIRST)
    )
    given(Employee, HIRED).when(terminate, last_day=date(2016, 9, 30), reason=Reason.OTHER).refused(
        BeforeHire, "lastDay"
    )
    given(Employee, HIRED, LEFT).when(terminate, last_day=LAST, reason=Reason.RESIGNED).nothing()
    given(Employee, HIRED, LEFT).when(terminate, last_day=LAST, reason=Reason.DISMISSED).refused(
        AlreadyTerminated, "id"
    )
    given(Employee).when(terminate, last_day=LAST, reason=Reason.OTHER).refused(Unknown, "id")


def test_the_last_administrator_stays(world: World) -> None:
    world.having(role.Role, role.ADMINISTRATOR, role.Defined(name="Administrator", built_in=True))
    world.having(role.Role, role.ADMINISTRATOR, role.Bound(employee_id=SELF), role.Bound(employee_id=BOSS))
    world.having(Employee, SELF, HIRED)
    leave = {"last_day": LAST, "reason": Reason.RETIRED}
    given(Employee, HIRED).among(world).when(Employee.terminate, **leave).then(
        Terminated(reason=Reason.RETIRED, effective=LAST)
    )
    world.having(Employee, BOSS, LEFT)
    given(Employee, HIRED).among(world).when(Employee.terminate, **leave).refused(LastAdministrator, "id")


def test_who_has_left_comes_back_after_the_last_day(world: World) -> None:
    it = given(Employee, HIRED, LEFT).among(world)
    it.when(Employee.rehire, **REHIRE).then(REHIRED)
    it.when(Employee.rehire, **REHIRE | {"effective": LAST}).refused(SpellsOverlap, "effective")
    it.when(Employee.rehire, **REHIRE | {"effective": date(2019, 1, 1)}).refused(TooFarAhead, "effective")
    given(Employee, HIRED, LEFT, REHIRED).among(world).when(Employee.rehire, **REHIRE).nothing()
    given(Employee, HIRED).among(world).when(Employee.rehire, **REHIRE).refused(NotTerminated, "id")
    given(Employee).among(world).when(Employee.rehire, **REHIRE).refused(Unknown, "id")


def test_who_comes_back_does_not_report_to_their_own_reports(world: World) -> None:
    chief = (hired("E-1"), Terminated(reason=Reason.RESIGNED, effective=LAST))
    given(Employee, *chief, id=CHIEF).among(world).when(Employee.rehire, **REHIRE).refused(
        CircularReporting, "managerId"
    )


def test_employment_is_known_by_day() -> None:
    anna = fold(Employee, (HIRED, LEFT, REHIRED))
    assert anna.status is Status.ACTIVE
    employed = {day: anna.is_employed_on(day) for day in (date(2016, 9, 30), FIRST, LAST, date(2017, 10, 1), BACK)}
    assert list(employed.values()) == [False, True, True, False, True]


def test_an_erased_person_still_counts() -> None:
    erased = fold(Employee, (replace(HIRED, name=None, work_email=None), LEFT))
    assert erased.status is Status.TERMINATED
    assert list(replace(HIRED, name=None, work_email=None).claims())[1:] == []
