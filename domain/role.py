"""Role: what those who are bound to it may do.

defined ──► retired

The administrators' role is built in: it holds every permission, also those that a later version adds; it is never
renamed, retired or cut down, and somebody who is employed is always bound to it.

Nobody hands out more than they hold: neither by granting a permission, nor by binding anybody to a role that has it,
nor by rehiring somebody who is still bound to one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never
from uuid import UUID

from domain import employee  # a module: the two know each other
from domain._kernel import (
    Claim,
    Duplicate,
    Forbidden,
    Invalid,
    InvalidTransition,
    Look,
    NotFound,
    Release,
    event,
    replace,
)
from domain._values import folded, proper_name

ADMINISTRATOR = UUID("00000000-0000-0000-0000-0000000000ad")


class Kind(StrEnum):
    SYSTEM = "SYSTEM"
    """About Meritbook itself: who may do what, and what has been done."""
    BUSINESS = "BUSINESS"


@dataclass(frozen=True)
class Permission:
    kind: Kind
    description: str


def _business(description: str) -> Permission:
    return Permission(Kind.BUSINESS, description)


def _system(description: str) -> Permission:
    return Permission(Kind.SYSTEM, description)


PERMISSIONS = MappingProxyType(
    {
        "employee.hire": _business("Hire and rehire people."),
        "employee.edit": _business("Transfer and promote people, change who they report to, correct their details."),
        "employee.terminate": _business("End employments."),
        "department.edit": _business("Create, rename, move and close departments."),
        "role.edit": _system("Define roles, grant their permissions, and bind people to them."),
        "role.view": _system("See who is bound to which role."),
        "work.register": _business("Register customers, opportunities, campaigns and tasks."),
        "work.assign": _business("Give work to people and take it back."),
        "work.complete": _business("Close work: won, lost or done; reverse deals."),
        "work.view": _business("See everybody's work."),
        "score.record": _business("Score people by hand, correct and withdraw such scores."),
        "score.view": _business("See everybody's scores."),
        "target.set": _business("Set, amend and withdraw targets."),
        "target.view": _business("See everybody's targets."),
        "plan.edit": _business("Draft and retire commission plans."),
        "plan.approve": _business("Approve commission plans that somebody else has drafted."),
        "plan.view": _business("See commission plans."),
        "payout.open": _business("Open and cancel payout runs."),
        "payout.calculate": _business("Calculate payout runs."),
        "payout.approve": _business("Approve and reject payout runs that somebody else has calculated."),
        "payout.release": _business("Release the payments of approved payout runs."),
        "payout.view": _business("See payout runs."),
        "pay.view": _business("See what others are paid."),
        "personal.view": _business("See the personal details of others."),
        "history.view": _system("See everything that has happened, and check that nothing was altered."),
    }
)
"""Every permission there is. Facts carry their names, so that old ones load when a permission is gone."""


@event("role.defined")
class Defined:
    name: str
    built_in: bool = False

    def claims(self) -> Iterator[Claim | Release]:
        yield _claim_name(self.name)


@event("role.renamed")
class Renamed:
    name: str
    was: str

    def claims(self) -> Iterator[Claim | Release]:
        yield Release("role.name")
        yield _claim_name(self.name)


@event("role.granted")
class Granted:
    permission: str


@event("role.revoked")
class Revoked:
    permission: str


@event("role.bound")
class Bound:
    employee_id: UUID


@event("role.unbound")
class Unbound:
    employee_id: UUID


@event("role.retired")
class Retired:
    def claims(self) -> Iterator[Claim | Release]:
        yield Release("role.name")


Event = Defined | Renamed | Granted | Revoked | Bound | Unbound | Retired


class NameTaken(Duplicate):
    code = "ROLE_NAME_TAKEN"


class AlreadyDefined(Duplicate):
    code = "ROLE_ALREADY_DEFINED"


class Unknown(NotFound):
    code = "ROLE_NOT_FOUND"


class IsRetired(InvalidTransition):
    code = "ROLE_RETIRED"


class UnknownPermission(Invalid):
    code = "ROLE_UNKNOWN_PERMISSION"


class MoreThanHeld(Forbidden):
    code = "ROLE_MORE_THAN_HELD"


class AdministratorsOnly(Forbidden):
    code = "ROLE_ADMINISTRATORS_ONLY"


class BuiltIn(Forbidden):
    code = "ROLE_BUILT_IN"


class LastAdministrator(Forbidden):
    code = "ROLE_LAST_ADMINISTRATOR"


class NotEmployed(Invalid):
    code = "ROLE_NOT_EMPLOYED"


@dataclass(frozen=True)
class Role:
    name: str | None = None
    built_in: bool = False
    retired: bool = False
    permissions: frozenset[str] = frozenset()
    members: frozenset[UUID] = frozenset()

    def establish(self, *, administrator: UUID | None = None, look: Look) -> Iterator[Event]:
        """Make this the administrators' role, whole and, if somebody is named, with a first member.

        Runs at every start, and records only what is missing.
        """
        if self.name is None:
            yield Defined(name="Administrator", built_in=True)
        elif not self.built_in:
            raise AlreadyDefined(f"This is the role {self.name}.", "id")
        yield from (Granted(permission=each) for each in PERMISSIONS if each not in self.permissions)
        if administrator and administrator not in self.members:
            _must_be_employed(administrator, look)
            yield Bound(employee_id=administrator)

    def define(self, *, name: str) -> Iterator[Event]:
        name = proper_name(name, "name")
        if name == self.name:
            return
        if self.name:
            raise AlreadyDefined(f"This is the role {self.name}.", "id")
        yield Defined(name=name)

    def rename(self, *, name: str) -> Iterator[Event]:
        name = proper_name(name, "name")
        current = self._must_be_changeable()
        if name != current:
            yield Renamed(name=name, was=current)

    def grant(self, *, permission: str, holder: frozenset[str]) -> Iterator[Event]:
        """`holder`: the permissions of the one who grants."""
        self._must_be_live()
        _must_be_known(permission)
        must_hold({permission}, holder, "permission")
        if permission not in self.permissions:
            yield Granted(permission=permission)

    def revoke(self, *, permission: str) -> Iterator[Event]:
        self._must_be_changeable()
        if permission in self.permissions:
            yield Revoked(permission=permission)
        else:
            _must_be_known(permission)

    def bind(self, *, employee_id: UUID, holder: frozenset[str], look: Look) -> Iterator[Event]:
        """`holder`: the permissions of the one who binds."""
        self._must_be_live()
        must_hold(self.permissions, holder, "id")
        _must_be_employed(employee_id, look)
        if employee_id not in self.members:
            yield Bound(employee_id=employee_id)

    def unbind(self, *, employee_id: UUID, holder: frozenset[str], look: Look) -> Iterator[Event]:
        """`holder`: the permissions of the one who unbinds."""
        self._must_be_live()
        if self.built_in and not self.permissions <= holder:
            raise AdministratorsOnly("Only administrators say who is one no more.", "id")
        if employee_id not in self.members:
            return
        others = self.members - {employee_id}
        if self.built_in and not any(look(employee.Employee, each).is_active for each in others):
            raise LastAdministrator("Nobody else is an administrator. Make somebody one first.", "employeeId")
        yield Unbound(employee_id=employee_id)

    def retire(self) -> Iterator[Event]:
        """Nobody has anything of it any more. Who was bound to it remains known."""
        if self.retired:
            return
        self._must_be_changeable()
        yield Retired()

    def evolve(self, event: Event) -> Role:
        match event:
            case Defined():
                return replace(self, name=event.name, built_in=event.built_in)
            case Renamed():
                return replace(self, name=event.name)
            case Granted():
                return replace(self, permissions=self.permissions | {event.permission})
            case Revoked():
                return replace(self, permissions=self.permissions - {event.permission})
            case Bound():
                return replace(self, members=self.members | {event.employee_id})
            case Unbound():
                return replace(self, members=self.members - {event.employee_id})
            case Retired():
                return replace(self, retired=True)
            case _:
                assert_never(event)

    def _must_be_live(self) -> str:
        if self.name is None:
            raise Unknown("There is no such role.", "id")
        if self.retired:
            raise IsRetired(f"The role {self.name} is retired.", "id")
        return self.name

    def _must_be_changeable(self) -> str:
        current = self._must_be_live()
        if self.built_in:
            raise BuiltIn(f"The role {current} is built in.", "id")
        return current


def _must_be_known(permission: str) -> None:
    if permission not in PERMISSIONS:
        raise UnknownPermission(f"There is no permission {permission[:60]!r}.", "permission")


def must_hold(permissions: frozenset[str] | set[str], holder: frozenset[str], path: str) -> None:
    if lacking := sorted(permissions - holder):
        raise MoreThanHeld(f"Nobody hands out what they do not hold themselves: {', '.join(lacking)}.", path)


def _must_be_employed(employee_id: UUID, look: Look) -> None:
    if not look(employee.Employee, employee_id).is_active:
        raise NotEmployed("Only somebody who is employed is bound to a role.", "employeeId")


def _claim_name(name: str) -> Claim:
    return Claim("role.name", folded(name), NameTaken(f"Another role is called {name}.", "name"))
