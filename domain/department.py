"""Department: a part of the organisation, itself part of another.

open ──► closed

A department stands in a tree, and the tree changes over time: no move makes a circle on any day. It is open as long
as all departments above it are, so nobody is hired into what is left under a closed one.

Closing is refused while a department below is open or a member is there. A department does not know who points at it,
so the one who closes it names them, from the read models; each of them is then looked at, and must still be as seen
when the closing is recorded. What is created below it in that very moment is not seen, and counts as closed with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import assert_never
from uuid import UUID

from domain import employee  # a module: the two know each other
from domain._kernel import Claim, Duplicate, Invalid, InvalidTransition, Look, NotFound, Release, event, replace
from domain._timeline import NEVER, Timeline, closes_a_circle
from domain._values import END_OF_TIME, Period, day, folded, proper_name


@event("department.created")
class Created:
    code: str
    name: str
    parent_id: UUID | None
    effective: date

    def claims(self) -> Iterator[Claim | Release]:
        taken = CodeTaken(f"Another department has the code {self.code}.", "code")
        yield Claim("department.code", folded(self.code), taken)


@event("department.renamed")
class Renamed:
    name: str
    was: str
    effective: date


@event("department.moved")
class Moved:
    parent_id: UUID | None
    was: UUID | None
    effective: date


@event("department.closed")
class Closed:
    effective: date


Event = Created | Renamed | Moved | Closed


class CodeTaken(Duplicate):
    code = "DEPARTMENT_CODE_TAKEN"


class AlreadyCreated(Duplicate):
    code = "DEPARTMENT_ALREADY_CREATED"


class Unknown(NotFound):
    code = "DEPARTMENT_NOT_FOUND"


class NotOpen(InvalidTransition):
    code = "DEPARTMENT_NOT_OPEN"


class Circular(Invalid):
    code = "DEPARTMENT_CIRCULAR"


class ChangedLater(Invalid):
    code = "DEPARTMENT_CHANGED_LATER"


class HasOpenDepartments(InvalidTransition):
    code = "DEPARTMENT_HAS_OPEN_DEPARTMENTS"


class HasMembers(InvalidTransition):
    code = "DEPARTMENT_HAS_MEMBERS"


@dataclass(frozen=True)
class Department:
    created: Created | None = None
    name: str = ""
    named_on: date | None = None
    parents: Timeline[UUID | None] = NEVER
    closed_on: date | None = None

    def create(
        self, *, code: str, name: str, parent_id: UUID | None = None, effective: date, id: UUID, look: Look
    ) -> Iterator[Event]:
        fact = Created(
            code=proper_name(code, "code", limit=40),
            name=proper_name(name, "name"),
            parent_id=parent_id,
            effective=day(effective, "effective"),
        )
        if self.created == fact:
            return
        if self.created:
            raise AlreadyCreated(f"The department is {self.created.code} already.", "id")
        if parent_id == id:
            raise Circular("A department is not part of itself.", "parentId")
        must_be_open(parent_id, effective, "parentId", look=look)
        yield fact

    def rename(self, *, name: str, effective: date) -> Iterator[Event]:
        name = proper_name(name, "name")
        self._must_be_open(day(effective, "effective"))
        if name == self.name:
            return
        _must_follow(self.named_on, effective)
        yield Renamed(name=name, was=self.name, effective=effective)

    def move(self, *, parent_id: UUID | None, effective: date, id: UUID, look: Look) -> Iterator[Event]:
        """Put it, with all that is below it, under another department, or at the top."""
        self._must_be_open(day(effective, "effective"))
        if parent_id == self.parents.latest:
            return
        _must_follow(self.parents.since, effective)
        must_be_open(parent_id, effective, "parentId", look=look)
        if parent_id and closes_a_circle(parent_id, id, effective, lambda each: look(Department, each).parents):
            raise Circular("A department is not part of itself, nor of anything below it.", "parentId")
        yield Moved(parent_id=parent_id, was=self.parents.latest, effective=effective)

    def close(
        self, *, effective: date, children: Collection[UUID], members: Collection[UUID], id: UUID, look: Look
    ) -> Iterator[Event]:
        """Close it from that day on. `children` and `members` are all that the read models find in it."""
        if self.closed_on == effective:
            return
        self._must_be_open(day(effective, "effective"))
        _must_follow(self.parents.since, effective)
        rest = Period(effective, END_OF_TIME)
        for child in (look(Department, each) for each in children):
            if child.is_open(effective) and any(parent == id for parent, _ in child.parents.during(rest)):
                raise HasOpenDepartments(f"{child.name} below it is still open.", "id")
        for member in (look(employee.Employee, each) for each in members):
            if member.is_employed_after(effective) and any(at == id for at, _ in member.departments.during(rest)):
                raise HasMembers("Somebody still belongs to it. Transfer them first.", "id")
        yield Closed(effective=effective)

    def is_open(self, when: date) -> bool:
        created = self.created is not None and self.created.effective <= when
        return created and (self.closed_on is None or when < self.closed_on)

    def evolve(self, event: Event) -> Department:
        match event:
            case Created():
                parents = self.parents.then(event.effective, event.parent_id)
                return replace(self, created=event, name=event.name, named_on=event.effective, parents=parents)
            case Renamed():
                return replace(self, name=event.name, named_on=event.effective)
            case Moved():
                return replace(self, parents=self.parents.then(event.effective, event.parent_id))
            case Closed():
                return replace(self, closed_on=event.effective)
            case _:
                assert_never(event)

    def _must_be_open(self, when: date) -> None:
        if self.created is None:
            raise Unknown("There is no such department.", "id")
        if not self.is_open(when) or self.closed_on:
            raise NotOpen(f"{self.name} is not open on {when}.", "effective")


def must_be_open(department_id: UUID | None, when: date, *path: str, look: Look) -> None:
    """The department, if there is one, and all above it are open from the day on; no closing is foreseen.

    What is looked at may be of different moments, and so go round: that ends here, and is decided again.
    """
    passed: set[UUID] = set()
    while department_id and department_id not in passed:
        passed.add(department_id)
        department = look(Department, department_id)
        if department.created is None:
            raise Unknown("There is no such department.", *path)
        if department.closed_on or not department.is_open(when):
            raise NotOpen(f"{department.name} is not open from {when} on.", *path)
        department_id = department.parents.on(when)


def _must_follow(latest: date | None, effective: date) -> None:
    if latest and effective <= latest:
        raise ChangedLater(f"This was changed with effect from {latest}; a change comes after that.", "effective")
