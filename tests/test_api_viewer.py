"""Who is signed in, and that what they may do holds from the very next operation on."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.employee import Employee, Reason
from domain.role import ADMINISTRATOR, Role
from identity import Identity
from tests._api import EVERYTHING, Api, gid, http_of

VIEWER = "{ viewer { id employee { id name } permissions } }"
SEE_MEMBERS = "{ roles { nodes { members { totalCount } } } }"
DEPARTMENT = {"code": "HQ", "name": "Head office", "effective": "2016-01-01"}
LAST = date(2017, 6, 30)


def is_nobody(answer: dict[str, Any]) -> bool:
    codes = {error["extensions"]["code"] for error in answer["errors"]}
    return answer["data"] is None and codes == {"UNAUTHENTICATED"}


async def test_the_viewer_has_the_permissions_of_all_their_roles_together(api: Api) -> None:
    anna = await api.clerk("role.view", "employee.hire")
    await api.permit(anna, "role.view", "department.edit")
    retired = await api.permit(anna, "pay.view")
    await api.run(Role, retired, Role.retire)
    assert await api.data(anna, VIEWER) == {
        "viewer": {
            "id": gid("Viewer", anna),  # what has the id of something else would be that in a client's cache
            "employee": {"id": gid("Employee", anna), "name": "Anna Snelling"},
            "permissions": ["department.edit", "employee.hire", "role.view"],
        }
    }


async def test_nobody_gets_nothing(api: Api) -> None:
    assert await api.data(None, "{ __typename }") == {"__typename": "Query"}
    assert is_nobody(await api(None, VIEWER))
    head = await api.log.head()
    create = 'mutation { createDepartment(input: {code: "A", name: "A", effective: "2016-01-01"}) { __typename } }'
    assert is_nobody(await api(None, create))
    assert await api.log.head() == head
    answer = await api(None, '{ employees { nodes { name } } permissions { name } node(id: "x") { id } }')
    assert not any((answer["data"] or {}).values())
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAUTHENTICATED"}


async def test_a_token_of_another_server_or_of_somebody_unknown_is_nobodys(api: Api) -> None:
    anna = await api.hire()
    forged = {"authorization": f"Bearer {Identity(b'another key of thirty-two bytes!').token(anna)}"}
    assert is_nobody((await api.http.post("/graphql", json={"query": VIEWER}, headers=forged)).json())
    assert is_nobody(await api(uuid4(), VIEWER))
    assert is_nobody(await api(UUID(int=0), VIEWER))
    assert is_nobody(await api(ADMINISTRATOR, VIEWER))


async def _takes(api: Api, role: UUID, anna: UUID, how: str) -> None:
    match how:
        case "revoked":
            await api.run(Role, role, Role.revoke, permission="role.view")
            await api.run(Role, role, Role.revoke, permission="department.edit")
        case "unbound":
            await api.run(Role, role, Role.unbind, employee_id=anna, holder=EVERYTHING)
        case "retired":
            await api.run(Role, role, Role.retire)


@pytest.mark.parametrize("how", ["revoked", "unbound", "retired"])
async def test_what_is_taken_away_is_gone_from_the_next_operation_on(api: Api, how: str) -> None:
    anna = await api.hire()
    role = await api.permit(anna, "role.view", "department.edit")
    async with http_of(api.organisation) as http:
        other = Api(api.organisation, http)  # a server of its own, which keeps in memory what it knows
        for each in (api, other):
            assert (await each(anna, SEE_MEMBERS))["data"]["roles"]["nodes"][0]["members"] is not None
        await _takes(api, role, anna, how)
        head = await api.log.head()
        for each in (api, other):
            answer = await each(anna, SEE_MEMBERS)
            assert {node["members"] for node in answer["data"]["roles"]["nodes"] if node} == {None}
            assert answer["extensions"]["denied"][0]["code"] == "FORBIDDEN_FIELD"
            assert (await each.data(anna, VIEWER))["viewer"]["permissions"] == []
            assert (await each.give(anna, "createDepartment", **DEPARTMENT))["code"] == "FORBIDDEN"
        assert await api.log.head() == head


async def test_whoever_takes_their_own_rights_is_answered_and_has_them_no_more(api: Api) -> None:
    await api.administrator()
    anna = await api.hire()
    role = await api.permit(anna, "role.edit", "employee.terminate")
    given = {"id": gid("Role", role), "permission": "role.edit"}
    answer = await api.give(anna, "revokePermission", "role { permissions members { totalCount } }", **given)
    assert answer["role"] == {"permissions": ["employee.terminate"], "members": None}
    assert (await api.give(anna, "revokePermission", **given))["code"] == "FORBIDDEN"
    last = {"id": gid("Employee", anna), "lastDay": "2017-06-30", "because": "RESIGNED"}
    answer = await api.give(anna, "terminateEmployment", "employee { status leftOn }", **last)
    assert answer["employee"] == {"status": "TERMINATED", "leftOn": "2017-06-30"}
    assert is_nobody(await api(anna, VIEWER))


async def test_what_is_given_is_there_from_the_next_operation_on(api: Api) -> None:
    anna = await api.hire()
    assert (await api.give(anna, "createDepartment", **DEPARTMENT))["code"] == "FORBIDDEN"
    role = await api.permit(anna)
    assert (await api.give(anna, "createDepartment", **DEPARTMENT))["code"] == "FORBIDDEN"
    await api.run(Role, role, Role.grant, permission="department.edit", holder=EVERYTHING)
    assert "position" in await api.give(anna, "createDepartment", **DEPARTMENT)


async def test_whoever_will_leave_works_here_up_to_the_last_day(api: Api) -> None:
    await api.administrator()
    anna = await api.clerk("department.edit")
    await api.data(anna, VIEWER)
    await api.run(Employee, anna, Employee.terminate, last_day=date(2199, 12, 31), reason=Reason.RETIRED)
    assert (await api.data(anna, VIEWER))["viewer"]
    assert "position" in await api.give(anna, "createDepartment", **DEPARTMENT)


async def test_whoever_has_left_is_nobody_at_once_and_somebody_again_when_rehired(api: Api) -> None:
    await api.administrator()
    anna = await api.clerk("department.edit")
    async with http_of(api.organisation) as http:
        other = Api(api.organisation, http)
        for each in (api, other):
            await each.data(anna, VIEWER)
        await api.run(Employee, anna, Employee.terminate, last_day=LAST, reason=Reason.RESIGNED)
        head = await api.log.head()
        for each in (api, other):
            assert is_nobody(await each(anna, VIEWER))
            assert is_nobody(await each(anna, "{ employees { nodes { name } } }"))
            assert is_nobody(await each(anna, "{ permissions { name } }"))
            create = "mutation ($it: CreateDepartmentInput!) { createDepartment(input: $it) { __typename } }"
            assert is_nobody(await each(anna, create, it=DEPARTMENT))
        assert await api.log.head() == head
        back = date(2017, 7, 1)
        await api.run(
            Employee,
            anna,
            Employee.rehire,
            work_email="a@example.com",
            title="x",
            effective=back,
            today=back,
            holder=EVERYTHING,
            roles=[],
        )
        for each in (api, other):
            assert (await each.data(anna, VIEWER))["viewer"]["permissions"] == ["department.edit"]
