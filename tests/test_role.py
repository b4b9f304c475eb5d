from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from domain.employee import Employee, Reason, Terminated
from domain.role import (
    ADMINISTRATOR,
    PERMISSIONS,
    AdministratorsOnly,
    AlreadyDefined,
    Bound,
    BuiltIn,
    Defined,
    Granted,
    IsRetired,
    LastAdministrator,
    MoreThanHeld,
    NameTaken,
    NotEmployed,
    Renamed,
    Retired,
    Revoked,
    Role,
    Unbound,
    Unknown,
    UnknownPermission,
)
from tests._people import hired
from tests._scenario import World, given

ANNA, BO, GONE = UUID(int=2), UUID(int=3), UUID(int=4)
ALL = frozenset(PERMISSIONS)
DEFINED = Defined(name="Payroll")
ADMIN = (Defined(name="Administrator", built_in=True), *(Granted(permission=each) for each in PERMISSIONS))
LEFT = Terminated(reason=Reason.OTHER, effective=date(2017, 1, 1))


@pytest.fixture
def world() -> World:
    return (
        World()
        .having(Employee, ANNA, hired("E-1"))
        .having(Employee, BO, hired("E-2"))
        .having(Employee, GONE, hired("E-3"), LEFT)
    )


def test_a_role_is_defined_once() -> None:
    given(Role).when(Role.define, name=" Payroll ").then(DEFINED)
    given(Role, DEFINED).when(Role.define, name="Payroll").nothing()
    given(Role, DEFINED).when(Role.define, name="Sales").refused(AlreadyDefined, "id")


def test_live_roles_have_different_names(world: World) -> None:
    first, second = UUID(int=10), UUID(int=11)
    world.run(Role, first, Role.define, name="Payroll")
    with pytest.raises(NameTaken):
        world.run(Role, second, Role.define, name="PAYROLL")
    world.run(Role, first, Role.rename, name="Payroll officers")
    world.run(Role, second, Role.define, name="Payroll")
    world.run(Role, second, Role.retire)
    world.run(Role, first, Role.rename, name="payroll")


def test_a_role_is_renamed() -> None:
    given(Role, DEFINED).when(Role.rename, name="Pay").then(Renamed(name="Pay", was="Payroll"))
    given(Role, DEFINED).when(Role.rename, name="Payroll").nothing()
    given(Role).when(Role.rename, name="Pay").refused(Unknown, "id")


def test_a_permission_is_granted_and_revoked() -> None:
    granted = Granted(permission="payout.open")
    given(Role, DEFINED).when(Role.grant, permission="payout.open", holder=ALL).then(granted)
    given(Role, DEFINED, granted).when(Role.grant, permission="payout.open", holder=ALL).nothing()
    given(Role, DEFINED, granted).when(Role.revoke, permission="payout.open").then(Revoked(permission="payout.open"))
    given(Role, DEFINED).when(Role.revoke, permission="payout.open").nothing()


def test_an_unknown_permission_is_neither_granted_nor_revoked() -> None:
    given(Role, DEFINED).when(Role.grant, permission="payout.steal", holder=ALL).refused(
        UnknownPermission, "permission"
    )
    given(Role, DEFINED).when(Role.revoke, permission="payout.steal").refused(UnknownPermission, "permission")


def test_a_permission_that_is_no_more_can_still_be_revoked() -> None:
    given(Role, DEFINED, Granted(permission="fax.send")).when(Role.revoke, permission="fax.send").then(
        Revoked(permission="fax.send")
    )


def test_nobody_hands_out_more_than_they_hold(world: World) -> None:
    few = frozenset({"role.edit", "payout.open"})
    given(Role, DEFINED).when(Role.grant, permission="payout.release", holder=few).refused(MoreThanHeld, "permission")
    role = given(Role, DEFINED, Granted(permission="payout.release")).among(world)
    role.when(Role.bind, employee_id=ANNA, holder=few).refused(MoreThanHeld, "id")
    given(Role, *ADMIN).among(world).when(Role.bind, employee_id=ANNA, holder=few).refused(MoreThanHeld, "id")


def test_only_employed_people_are_bound(world: World) -> None:
    role = given(Role, DEFINED).among(world)
    role.when(Role.bind, employee_id=ANNA, holder=ALL).then(Bound(employee_id=ANNA))
    role.when(Role.bind, employee_id=GONE, holder=ALL).refused(NotEmployed, "employeeId")
    role.when(Role.bind, employee_id=UUID(int=99), holder=ALL).refused(NotEmployed, "employeeId")
    given(Role, DEFINED, Bound(employee_id=ANNA)).among(world).when(Role.bind, employee_id=ANNA, holder=ALL).nothing()


def test_somebody_is_unbound_once() -> None:
    given(Role, DEFINED, Bound(employee_id=ANNA)).when(Role.unbind, employee_id=ANNA, holder=ALL).then(
        Unbound(employee_id=ANNA)
    )
    given(Role, DEFINED).when(Role.unbind, employee_id=ANNA, holder=ALL).nothing()


def test_a_retired_role_changes_no_more(world: World) -> None:
    given(Role, DEFINED).when(Role.retire).then(Retired())
    retired = given(Role, DEFINED, Bound(employee_id=ANNA), Retired()).among(world)
    retired.when(Role.retire).nothing()
    retired.when(Role.rename, name="Pay").refused(IsRetired, "id")
    retired.when(Role.grant, permission="payout.open", holder=ALL).refused(IsRetired, "id")
    retired.when(Role.revoke, permission="payout.open").refused(IsRetired, "id")
    retired.when(Role.bind, employee_id=BO, holder=ALL).refused(IsRetired, "id")
    retired.when(Role.unbind, employee_id=ANNA, holder=ALL).refused(IsRetired, "id")


def test_the_administrators_role_is_established_whole_with_a_first_member(world: World) -> None:
    given(Role, id=ADMINISTRATOR).among(world).when(Role.establish, administrator=ANNA).then(
        *ADMIN, Bound(employee_id=ANNA)
    )
    given(Role, *ADMIN, Bound(employee_id=ANNA)).among(world).when(Role.establish, administrator=ANNA).nothing()
    given(Role, *ADMIN, Bound(employee_id=ANNA)).when(Role.establish).nothing()
    given(Role).among(world).when(Role.establish, administrator=GONE).refused(NotEmployed, "employeeId")
    given(Role, DEFINED).when(Role.establish).refused(AlreadyDefined, "id")


def test_the_administrators_role_gets_what_a_later_version_adds() -> None:
    given(Role, *ADMIN[:-1]).when(Role.establish).then(ADMIN[-1])


def test_the_administrators_role_is_never_renamed_retired_or_cut_down() -> None:
    role = given(Role, *ADMIN, Bound(employee_id=ANNA))
    role.when(Role.rename, name="Root").refused(BuiltIn, "id")
    role.when(Role.retire).refused(BuiltIn, "id")
    role.when(Role.revoke, permission="role.edit").refused(BuiltIn, "id")


def test_somebody_employed_is_always_an_administrator(world: World) -> None:
    alone = given(Role, *ADMIN, Bound(employee_id=ANNA), Bound(employee_id=GONE)).among(world)
    alone.when(Role.unbind, employee_id=ANNA, holder=ALL).refused(LastAdministrator, "employeeId")
    two = given(Role, *ADMIN, Bound(employee_id=ANNA), Bound(employee_id=BO)).among(world)
    two.when(Role.unbind, employee_id=ANNA, holder=ALL).then(Unbound(employee_id=ANNA))


def test_only_administrators_unbind_one(world: World) -> None:
    two = given(Role, *ADMIN, Bound(employee_id=ANNA), Bound(employee_id=BO)).among(world)
    two.when(Role.unbind, employee_id=ANNA, holder=ALL - {"pay.view"}).refused(AdministratorsOnly, "id")
    role = given(Role, DEFINED, Granted(permission="pay.view"), Bound(employee_id=ANNA)).among(world)
    role.when(Role.unbind, employee_id=ANNA, holder=frozenset({"role.edit"})).then(Unbound(employee_id=ANNA))


def test_permissions_are_named_by_what_and_how() -> None:
    assert all(name.count(".") == 1 and name.islower() for name in PERMISSIONS)
