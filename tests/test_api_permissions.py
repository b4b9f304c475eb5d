"""Every command on people, departments and roles: for whoever has just its permission, and for nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from strawberry.utils.str_converters import to_camel_case

from domain.department import Department
from domain.employee import Employee, Reason
from domain.role import ADMINISTRATOR, PERMISSIONS, Role
from schema import schema
from tests._api import EVERYTHING, Api, gid

DAY = "2017-03-01"

NEEDED = {
    "hireEmployee": "employee.hire",
    "rehireEmployee": "employee.hire",
    "correctPersonalDetails": "employee.edit",
    "transferEmployee": "employee.edit",
    "promoteEmployee": "employee.edit",
    "changeManager": "employee.edit",
    "terminateEmployment": "employee.terminate",
    "createDepartment": "department.edit",
    "renameDepartment": "department.edit",
    "moveDepartment": "department.edit",
    "closeDepartment": "department.edit",
    "defineRole": "role.edit",
    "renameRole": "role.edit",
    "grantPermission": "role.edit",
    "revokePermission": "role.edit",
    "bindRole": "role.edit",
    "unbindRole": "role.edit",
    "retireRole": "role.edit",
}


@pytest.fixture
async def inputs(api: Api) -> Mapping[str, Mapping[str, Any]]:
    """For each command something that it would do."""
    boss, anna, left, member = [await api.hire(name) for name in ("Bo", "Anna", "Lee", "Mem")]
    await api.run(Employee, left, Employee.terminate, last_day=date(2016, 12, 31), reason=Reason.RESIGNED)
    top, sub, end = uuid4(), uuid4(), uuid4()
    for id, code in ((top, "TOP"), (sub, "SUB"), (end, "END")):
        await api.run(Department, id, Department.create, code=code, name=code, effective=date(2016, 1, 1))
    role = uuid4()
    await api.run(Role, role, Role.define, name="Greeters")
    await api.run(Role, role, Role.bind, employee_id=member, holder=EVERYTHING)
    person, part, greeters = gid("Employee", anna), gid("Department", sub), gid("Role", role)
    job = {"workEmail": "new@example.com", "title": "Agent", "effective": DAY}
    return {
        "hireEmployee": {"number": "N-1", "name": "New One", **job},
        "correctPersonalDetails": {"id": person, "name": "Anne"},
        "transferEmployee": {"id": person, "departmentId": part, "effective": DAY},
        "promoteEmployee": {"id": person, "title": "Senior agent", "effective": DAY},
        "changeManager": {"id": person, "managerId": gid("Employee", boss), "effective": DAY},
        "terminateEmployment": {"id": person, "lastDay": "2017-12-31", "because": "OTHER"},
        "rehireEmployee": {"id": gid("Employee", left), **job, "workEmail": "lee@example.com"},
        "createDepartment": {"code": "NEW", "name": "New", "effective": DAY},
        "renameDepartment": {"id": gid("Department", top), "name": "Above", "effective": DAY},
        "moveDepartment": {"id": part, "parentId": gid("Department", top), "effective": "2017-02-01"},
        "closeDepartment": {"id": gid("Department", end), "effective": "2018-03-01"},
        "defineRole": {"name": "Helpers"},
        "renameRole": {"id": greeters, "name": "Hosts"},
        "grantPermission": {"id": greeters, "permission": "role.edit"},
        "bindRole": {"id": greeters, "employeeId": gid("Employee", boss)},
        "unbindRole": {"id": greeters, "employeeId": gid("Employee", member)},
        "revokePermission": {"id": greeters, "permission": "role.edit"},
        "retireRole": {"id": greeters},
    }


async def test_every_other_permission_together_is_not_enough(api: Api, inputs: Mapping[str, Mapping[str, Any]]) -> None:
    clerks = {each: await api.clerk(*(PERMISSIONS.keys() - {each})) for each in set(NEEDED.values())}
    head = await api.log.head()
    for mutation, needed in NEEDED.items():
        assert await api.give(clerks[needed], mutation, **inputs[mutation]) == {
            "__typename": "Refused",
            "code": "FORBIDDEN",
            "message": f'This needs may("{needed}").',
            "path": [],
            "currentVersion": None,
        }
    assert await api.log.head() == head


async def test_the_one_permission_is_enough(api: Api, inputs: Mapping[str, Mapping[str, Any]]) -> None:
    clerks = {each: await api.clerk(each) for each in set(NEEDED.values())}
    head = await api.log.head()
    for mutation, given in inputs.items():
        answer = await api.give(clerks[NEEDED[mutation]], mutation, **given)
        assert answer["__typename"].endswith("Payload"), (mutation, answer)
        assert answer["position"] == await api.log.head() > head, mutation
        head = answer["position"]


def test_no_command_is_forgotten_here() -> None:
    mutation: Any = schema().get_type_by_name("Mutation")
    people = {"schema.employee", "schema.department", "schema.role"}
    assert {to_camel_case(each.name) for each in mutation.fields if each.origin.__module__ in people} == NEEDED.keys()


async def test_nobody_hands_out_more_than_they_hold(api: Api) -> None:
    await api.administrator()
    anna = await api.clerk("role.edit", "employee.hire")
    mine = await api.permit(anna)
    administrators, own = gid("Role", ADMINISTRATOR), gid("Role", mine)
    head = await api.log.head()
    for mutation, given in (
        ("grantPermission", {"id": own, "permission": "pay.view"}),
        ("bindRole", {"id": administrators, "employeeId": gid("Employee", anna)}),
        ("grantPermission", {"id": administrators, "permission": "pay.view"}),
    ):
        answer = await api.give(anna, mutation, **given)
        assert answer["code"] == "ROLE_MORE_THAN_HELD", answer
    assert await api.log.head() == head
    await api.give(anna, "grantPermission", id=own, permission="employee.hire")
    assert await api.log.head() == head + 1


async def test_what_was_taken_while_somebody_held_it_is_handed_out_no_more(api: Api) -> None:
    anna, bo = await api.clerk("role.edit"), await api.hire("Bo")
    lent, target = await api.permit(anna, "pay.view"), await api.permit(bo)
    await api.run(Role, lent, Role.revoke, permission="pay.view")
    answer = await api.give(anna, "grantPermission", id=gid("Role", target), permission="pay.view")
    assert answer["code"] == "ROLE_MORE_THAN_HELD"


async def test_the_last_administrator_stays(api: Api) -> None:
    ada = await api.administrator()
    administrators, herself = gid("Role", ADMINISTRATOR), gid("Employee", ada)
    head = await api.log.head()
    unbound = await api.give(ada, "unbindRole", id=administrators, employeeId=herself)
    left = await api.give(ada, "terminateEmployment", id=herself, lastDay="2017-12-31", because="RETIRED")
    retired = await api.give(ada, "retireRole", id=administrators)
    codes = [each["code"] for each in (unbound, left, retired)]
    assert codes == ["ROLE_LAST_ADMINISTRATOR", "EMPLOYEE_LAST_ADMINISTRATOR", "ROLE_BUILT_IN"]
    assert await api.log.head() == head
