"""Employee: somebody who works for the organisation, from hire to last day, and perhaps again.

hired ──► active ──► terminated
            ▲            │
            └── rehired ─┘

Where somebody works, for whom and as what changes from a day on. Each of the three is a line of changes in the order
of their days: a change comes after the latest one known, which may lie in the future. So what was recorded last also
holds last, and the reporting line has no circle on any day.

Whoever leaves keeps what points at them: their reports report to them, their open work stays theirs, their roles stay
bound, until somebody else takes them over. None of it gives them rights, and nothing new is given to them. Their work
e-mail is free again at once, their number never. A work phone is nobody's alone: colleagues may share one.

Who stands above others sees how they do and what they are to reach. So nobody but an administrator puts people below
themselves who were not there before, or says whom they themselves report to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar, assert_never
from uuid import UUID

from domain import department, role  # modules: the three know each other
from domain._kernel import (
    Claim,
    Duplicate,
    Forbidden,
    Invalid,
    InvalidTransition,
    Look,
    NotFound,
    Personal,
    Private,
    Release,
    event,
    replace,
)
from domain._timeline import NEVER, Timeline, closes_a_circle
from domain._values import END_OF_TIME, Period, day, email, folded, phone, proper_name

T = TypeVar("T")


class Status(StrEnum):
    ACTIVE = "ACTIVE"
    TERMINATED = "TERMINATED"


class Reason(StrEnum):
    """Why an employment ended."""

    RESIGNED = "RESIGNED"
    DISMISSED = "DISMISSED"
    CONTRACT_ENDED = "CONTRACT_ENDED"
    RETIRED = "RETIRED"
    DECEASED = "DECEASED"
    OTHER = "OTHER"


@event("employee.hired")
class Hired:
    number: str
    name: Personal[str]
    work_email: Personal[str]
    work_phone: Personal[str] = None
    title: str
    department_id: UUID | None
    manager_id: UUID | None
    effective: date

    def claims(self) -> Iterator[Claim | Release]:
        taken = NumberTaken(f"Another employee has or had the number {self.number}.", "number")
        yield Claim("employee.number", folded(self.number), taken)
        yield from _claim_email(self.work_email)


@event("employee.transferred")
class Transferred:
    department_id: UUID | None
    was: UUID | None
    effective: date


@event("employee.promoted")
class Promoted:
    title: str
    was: str
    effective: date


@event("employee.manager_changed")
class ManagerChanged:
    manager_id: UUID | None
    was: UUID | None
    effective: date


@event("employee.personal_details_corrected")
class PersonalDetailsCorrected:
    """`corrects` names the fields that were wrong; the others are None here and stay as they are."""

    corrects: tuple[str, ...]
    name: Personal[str] = None
    work_email: Personal[str] = None
    work_phone: Personal[str] = None

    def claims(self) -> Iterator[Claim | Release]:
        if "work_email" in self.corrects:
            yield Release("employee.work_email")
            yield from _claim_email(self.work_email)


@event("employee.terminated")
class Terminated:
    """`effective` is the last day."""

    reason: Private[Reason]
    effective: date

    def claims(self) -> Iterator[Claim | Release]:
        yield Release("employee.work_email")


@event("employee.rehired")
class Rehired:
    work_email: Personal[str]
    work_phone: Personal[str] = None
    title: str
    department_id: UUID | None
    manager_id: UUID | None
    effective: date

    def claims(self) -> Iterator[Claim | Release]:
        yield from _claim_email(self.work_email)


Event = Hired | Transferred | Promoted | ManagerChanged | PersonalDetailsCorrected | Terminated | Rehired


class NumberTaken(Duplicate):
    code = "EMPLOYEE_NUMBER_TAKEN"


class EmailTaken(Duplicate):
    code = "EMPLOYEE_EMAIL_TAKEN"


class AlreadyHired(Duplicate):
    code = "EMPLOYEE_ALREADY_HIRED"


class Unknown(NotFound):
    code = "EMPLOYEE_NOT_FOUND"


class NotEmployed(InvalidTransition):
    code = "EMPLOYEE_NOT_EMPLOYED"


class TooFarAhead(Invalid):
    code = "EMPLOYEE_TOO_FAR_AHEAD"


class CircularReporting(Invalid):
    code = "EMPLOYEE_CIRCULAR_REPORTING"


class ChangedSameDay(Duplicate):
    code = "EMPLOYEE_CHANGED_SAME_DAY"


class ChangedLater(Invalid):
    code = "EMPLOYEE_CHANGED_LATER"


class BeforeHire(Invalid):
    code = "EMPLOYEE_LAST_DAY_BEFORE_HIRE"


class AlreadyTerminated(InvalidTransition):
    code = "EMPLOYEE_ALREADY_TERMINATED"


class NotTerminated(InvalidTransition):
    code = "EMPLOYEE_NOT_TERMINATED"


class SpellsOverlap(Invalid):
    code = "EMPLOYEE_SPELLS_OVERLAP"


class LastAdministrator(Forbidden):
    code = "EMPLOYEE_LAST_ADMINISTRATOR"


class OwnReportingLine(Forbidden):
    code = "EMPLOYEE_OWN_REPORTING_LINE"


@dataclass(frozen=True)
class Employee:
    """`begun` is the fact that began the current spell; `left` the one that ended it, if it is known."""

    begun: Hired | Rehired | None = None
    left: Terminated | None = None
    past: tuple[Period, ...] = ()
    name: str | None = None
    work_email: str | None = None
    work_phone: str | None = None
    departments: Timeline[UUID | None] = NEVER
    managers: Timeline[UUID | None] = NEVER
    titles: Timeline[str] = NEVER

    # ── Commands ──

    def hire(
        self,
        *,
        number: str,
        name: str,
        work_email: str,
        work_phone: str | None = None,
        title: str,
        department_id: UUID | None = None,
        manager_id: UUID | None = None,
        effective: date,
        today: date,
        id: UUID,
        look: Look,
    ) -> Iterator[Event]:
        fact = Hired(
            number=proper_name(number, "number", limit=40),
            name=proper_name(name, "name"),
            work_email=email(work_email, "workEmail"),
            work_phone=_phone(work_phone),
            title=proper_name(title, "title"),
            department_id=department_id,
            manager_id=manager_id,
            effective=day(effective, "effective"),
        )
        if self.begun == fact:
            return
        if self.begun:
            raise AlreadyHired("This employee was hired before.", "id")
        _must_be_near(effective, today)
        _must_be_possible(fact, id, look)
        yield fact

    def transfer(self, *, department_id: UUID | None, effective: date, look: Look) -> Iterator[Event]:
        self._must_be_employed(effective)
        if _changes(self.departments, department_id, effective):
            department.must_be_open(department_id, effective, "departmentId", look=look)
            yield Transferred(department_id=department_id, was=self.departments.latest, effective=effective)

    def promote(self, *, title: str, effective: date) -> Iterator[Event]:
        """Give another title, higher or not."""
        title = proper_name(title, "title")
        self._must_be_employed(effective)
        if _changes(self.titles, title, effective):
            yield Promoted(title=title, was=self.titles.latest or "", effective=effective)

    def change_manager(
        self, *, manager_id: UUID | None, effective: date, by: UUID, id: UUID, look: Look
    ) -> Iterator[Event]:
        self._must_be_employed(effective)
        if _changes(self.managers, manager_id, effective):
            if by == id and not _is_administrator(by, look):
                raise OwnReportingLine("Nobody says whom they report to themselves.", "id")
            self._must_not_come_below(by, manager_id, look)
            _must_manage(manager_id, id, effective, look)
            yield ManagerChanged(manager_id=manager_id, was=self.managers.latest, effective=effective)

    def correct_personal_details(
        self, *, name: str | None = None, work_email: str | None = None, work_phone: str | None = None
    ) -> Iterator[Event]:
        """Record what was right all along. What is None, or as it is known, is not corrected.

        An empty `work_phone` says that they have none.
        """
        self._must_exist()
        wanted = {
            "name": None if name is None else proper_name(name, "name"),
            "work_email": None if work_email is None else email(work_email, "workEmail"),
            "work_phone": work_phone and phone(work_phone, "workPhone"),
        }
        known = {"name": self.name, "work_email": self.work_email, "work_phone": self.work_phone or ""}
        wrong = {field: value for field, value in wanted.items() if value not in (None, known[field])}
        if "work_email" in wrong and self.left:
            raise NotEmployed("Who has left has no work e-mail.", "workEmail")
        if "work_phone" in wrong and self.left:
            raise NotEmployed("Who has left has no work phone.", "workPhone")
        if wrong:
            right = {field: value or None for field, value in wrong.items()}
            yield PersonalDetailsCorrected(corrects=tuple(wrong), **right)

    def terminate(self, *, last_day: date, reason: Reason, id: UUID, look: Look) -> Iterator[Event]:
        fact = Terminated(reason=reason, effective=day(last_day, "lastDay"))
        if self.left == fact:
            return
        begun = self._must_exist()
        if self.left:
            raise AlreadyTerminated(f"The last day is {self.left.effective} already.", "id")
        if last_day < begun.effective:
            raise BeforeHire(f"The last day is not before the first, {begun.effective}.", "lastDay")
        administrators = look(role.Role, role.ADMINISTRATOR).members
        if id in administrators and not any(look(Employee, each).is_active for each in administrators - {id}):
            raise LastAdministrator("Nobody else is an administrator. Make somebody one first.", "id")
        yield fact

    def rehire(
        self,
        *,
        work_email: str,
        work_phone: str | None = None,
        title: str,
        department_id: UUID | None = None,
        manager_id: UUID | None = None,
        effective: date,
        today: date,
        by: UUID,
        holder: frozenset[str],
        roles: Collection[UUID],
        id: UUID,
        look: Look,
    ) -> Iterator[Event]:
        """Take the same person on again, under the same number. What they were bound to is theirs again.

        `holder`: the permissions of the one who rehires. `roles` are all that the read models find them bound to.
        """
        fact = Rehired(
            work_email=email(work_email, "workEmail"),
            work_phone=_phone(work_phone),
            title=proper_name(title, "title"),
            department_id=department_id,
            manager_id=manager_id,
            effective=day(effective, "effective"),
        )
        if self.begun == fact and not self.left:
            return
        self._must_exist()
        if self.left is None:
            raise NotTerminated("Only somebody who has left can be hired again.", "id")
        if effective <= self.left.effective:
            raise SpellsOverlap(f"The last day of the employment before is {self.left.effective}.", "effective")
        _must_be_near(effective, today)
        _must_be_possible(fact, id, look)
        self._must_not_come_below(by, manager_id, look)
        for bound in (look(role.Role, each) for each in roles):
            if id in bound.members and not bound.retired:
                role.must_hold(bound.permissions, holder, "id")
        yield fact

    # ── What others may ask ──

    @property
    def status(self) -> Status | None:
        if self.begun is None:
            return None
        return Status.TERMINATED if self.left else Status.ACTIVE

    @property
    def is_active(self) -> bool:
        return self.status is Status.ACTIVE

    @property
    def spells(self) -> Iterator[Period]:
        """The periods of employment, the last one open as long as no last day is known."""
        yield from self.past
        if self.begun:
            yield Period(self.begun.effective, _day_after(self.left.effective) if self.left else END_OF_TIME)

    def is_employed_on(self, when: date) -> bool:
        return any(when in spell for spell in self.spells)

    def is_employed_after(self, when: date) -> bool:
        return any(when < spell.end for spell in self.spells)

    def is_employed_during(self, period: Period) -> bool:
        """At least on one day of it."""
        return any(spell.start < period.end and period.start < spell.end for spell in self.spells)

    # ── Facts ──

    def evolve(self, event: Event) -> Employee:
        match event:
            case Hired():
                return replace(_begin(self, event), name=event.name)
            case Rehired():
                return replace(_begin(self, event), past=tuple(self.spells), left=None)
            case Transferred():
                return replace(self, departments=self.departments.then(event.effective, event.department_id))
            case Promoted():
                return replace(self, titles=self.titles.then(event.effective, event.title))
            case ManagerChanged():
                return replace(self, managers=self.managers.then(event.effective, event.manager_id))
            case PersonalDetailsCorrected():
                return replace(self, **{field: getattr(event, field) for field in event.corrects})
            case Terminated():
                return replace(self, left=event)
            case _:
                assert_never(event)

    # ── Rules ──

    def _must_exist(self) -> Hired | Rehired:
        if self.begun is None:
            raise Unknown("There is no such employee.", "id")
        return self.begun

    def _must_be_employed(self, when: date) -> None:
        begun = self._must_exist()
        if not self.is_employed_on(day(when, "effective")) or when < begun.effective:
            raise NotEmployed(f"Not employed on {when}.", "effective")

    def _must_not_come_below(self, by: UUID, manager_id: UUID | None, look: Look) -> None:
        """Who stands above somebody sees how they do: nobody puts others there for themselves."""
        if not _reports(manager_id, by, look) or _reports(self.managers.latest, by, look):
            return
        if not _is_administrator(by, look):
            raise OwnReportingLine("Nobody puts others below themselves.", "managerId")


def must_be_employed(employee_id: UUID, when: date, *path: str, look: Look) -> Employee:
    """Whoever gets anything on a day is employed on it."""
    employee = look(Employee, employee_id)
    if employee.begun is None:
        raise Unknown("There is no such employee.", *path)
    if not employee.is_employed_on(when):
        raise NotEmployed(f"Not employed on {when}.", *path)
    return employee


def _begin(employee: Employee, event: Hired | Rehired) -> Employee:
    return replace(
        employee,
        begun=event,
        work_email=event.work_email,
        work_phone=event.work_phone,
        departments=employee.departments.then(event.effective, event.department_id),
        managers=employee.managers.then(event.effective, event.manager_id),
        titles=employee.titles.then(event.effective, event.title),
    )


def _must_be_possible(fact: Hired | Rehired, id: UUID, look: Look) -> None:
    department.must_be_open(fact.department_id, fact.effective, "departmentId", look=look)
    _must_manage(fact.manager_id, id, fact.effective, look)


def _must_manage(manager_id: UUID | None, id: UUID, when: date, look: Look) -> None:
    if manager_id is None:
        return
    if manager_id == id:
        raise CircularReporting("Nobody reports to themselves.", "managerId")
    must_be_employed(manager_id, when, "managerId", look=look)
    if closes_a_circle(manager_id, id, when, lambda each: look(Employee, each).managers):
        raise CircularReporting("Nobody reports to anybody below themselves.", "managerId")


def _reports(start: UUID | None, to: UUID, look: Look) -> bool:
    """Whether the way up from `start`, as it was last recorded, comes to `to`."""
    passed: set[UUID] = set()
    while start and start not in passed:
        if start == to:
            return True
        passed.add(start)
        start = look(Employee, start).managers.latest
    return False


def _is_administrator(id: UUID, look: Look) -> bool:
    return id in look(role.Role, role.ADMINISTRATOR).members


def _must_be_near(effective: date, today: date) -> None:
    if effective > today + timedelta(days=366):
        raise TooFarAhead("Nobody is hired more than a year ahead.", "effective")


def _changes(line: Timeline[T], value: T, effective: date) -> bool:
    """Whether the value is another one from that day on. Refused if that day is not after the latest change."""
    since = line.since
    if value == line.latest and (since is None or effective >= since):
        return False
    if effective == since:
        raise ChangedSameDay(f"This was changed with effect from {since} already. Correct that instead.", "effective")
    if since and effective < since:
        raise ChangedLater(f"This was changed with effect from {since}; a change comes after that.", "effective")
    return True


def _phone(work_phone: str | None) -> str | None:
    return phone(work_phone, "workPhone") if work_phone else None


def _claim_email(work_email: str | None) -> Iterator[Claim]:
    if work_email:
        taken = EmailTaken("Somebody else who is employed has this work e-mail.", "workEmail")
        yield Claim("employee.work_email", work_email.casefold(), taken)


def _day_after(when: date) -> date:
    return when + timedelta(days=1)
