"""The organisation: offices, people and who they report to, roles and who has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from demo.dataset import Dataset
from demo.people import (
    ADMIN,
    AGENT,
    HEAD,
    HEAD_OFFICE,
    MANAGER,
    OURS,
    ROLES,
    email_of,
    employee_id,
    id_of,
    role_id,
)
from demo.step import Chapter, Step
from domain.department import Department
from domain.employee import Employee
from domain.role import PERMISSIONS, Role

SYSTEM = UUID(int=0)
SINCE = date(2016, 1, 1)
"""Since when there are offices and people: before the first deal."""

NOT_IN_THE_FILES = "Not in the files; ours."
NO_DETAILS = "The hire date, the number and the e-mail address are ours; the file has none."


def organisation(dataset: Dataset) -> Iterator[Chapter]:
    head, admin, *others = people = list(_people(dataset))
    # Somebody must be the first: until there is an administrator, the system itself acts.
    yield [_department(HEAD_OFFICE, None, NOT_IN_THE_FILES, by=SYSTEM)]
    yield [_hire(head, dataset, by=SYSTEM)]
    yield [_hire(admin, dataset, by=SYSTEM)]
    yield [_administrator()]
    offices = {agent.office: agent for agent in reversed(dataset.agents)}
    yield [_department(name, HEAD_OFFICE, agent.because()) for name, agent in sorted(offices.items())]
    yield [_hire(person, dataset) for person in others if person.role != AGENT]
    yield [_hire(person, dataset) for person in others if person.role == AGENT]
    yield list(_roles())
    yield [_bind(person) for person in people if person.role in ROLES]


# ── People ──


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    number: str
    name: str
    title: str
    office: str
    reports_to: str | None
    role: str
    because: str


def _people(dataset: Dataset) -> Iterator[Person]:
    """Everybody, from the top down."""
    known = [
        *((it.name, it.title, HEAD_OFFICE, it.reports_to, it.role, NOT_IN_THE_FILES) for it in OURS),
        *((name, MANAGER, it.office, HEAD.name, MANAGER, it.because()) for name, it in dataset.managers.items()),
        *((it.name, AGENT, it.office, it.manager, AGENT, it.because()) for it in dataset.agents),
    ]
    for n, (name, title, office, reports_to, role, because) in enumerate(known, start=1):
        yield Person(
            number=f"E-{n:03}",
            name=name,
            title=title,
            office=office,
            reports_to=reports_to,
            role=role,
            because=because if because == NOT_IN_THE_FILES else f"{because} {NO_DETAILS}",
        )


def _hire(person: Person, dataset: Dataset, by: UUID = ADMIN.id) -> Step:
    """ "Today" is the day after the last one in the files, so that an import is the same whenever it is run."""
    arguments = {
        "number": person.number,
        "name": person.name,
        "work_email": email_of(person.name),
        "title": person.title,
        "department_id": id_of("department", person.office),
        "manager_id": person.reports_to and employee_id(person.reports_to),
        "effective": SINCE,
        "today": dataset.last_day + timedelta(days=1),
    }
    return Step(
        kind=Employee,
        id=employee_id(person.name),
        command=Employee.hire,
        because=person.because,
        by=by,
        arguments=arguments,
    )


# ── Departments and roles ──


def _department(name: str, parent: str | None, because: str, by: UUID = ADMIN.id) -> Step:
    arguments = {
        "code": name.upper().replace(" ", "-"),
        "name": name,
        "parent_id": parent and id_of("department", parent),
        "effective": SINCE,
    }
    id = id_of("department", name)
    return Step(kind=Department, id=id, command=Department.create, because=because, by=by, arguments=arguments)


def _administrator() -> Step:
    return Step(
        kind=Role,
        id=role_id(ADMIN.role),
        command=Role.establish,
        because="Somebody must be the first.",
        by=SYSTEM,
        arguments={"administrator": ADMIN.id},
    )


def _roles() -> Iterator[Step]:
    for name, permissions in ROLES.items():
        id = role_id(name)
        yield Step(kind=Role, id=id, command=Role.define, because=NOT_IN_THE_FILES, arguments={"name": name})
        for permission in permissions:
            yield Step(
                kind=Role,
                id=id,
                command=Role.grant,
                which=permission,
                because=NOT_IN_THE_FILES,
                arguments={"permission": permission, "holder": frozenset(PERMISSIONS)},
            )


def _bind(person: Person) -> Step:
    return Step(
        kind=Role,
        id=role_id(person.role),
        command=Role.bind,
        which=person.name,
        because=person.because,
        arguments={"employee_id": employee_id(person.name), "holder": frozenset(PERMISSIONS)},
    )
