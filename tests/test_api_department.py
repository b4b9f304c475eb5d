"""Departments in the API: a tree that people belong to."""

from __future__ import annotations

from typing import Any

from tests._api import Api, gid


async def _create(api: Api, clerk: Any, code: str, parent: str | None = None) -> str:
    given = {"code": code, "name": f"The {code}", "parentId": parent, "effective": "2016-01-01"}
    answer = await api.give(clerk, "createDepartment", "department { id }", **given)
    id: str = answer["department"]["id"]
    return id


async def test_departments_are_a_tree(api: Api) -> None:
    clerk = await api.clerk("department.edit")
    top = await _create(api, clerk, "TOP")
    east = await _create(api, clerk, "EAST", top)
    await _create(api, clerk, "WEST", top)
    document = """query ($east: ID!) {
        department(id: $east) { code parent { code children { totalCount nodes { code name } } } }
        departmentByCode(code: "TOP") { parent { code } headCount openedOn closedOn }
        departments(where: { parent: { isNull: true } }) { nodes { code } }
    }"""
    assert await api.data(clerk, document, east=east) == {
        "department": {
            "code": "EAST",
            "parent": {
                "code": "TOP",
                "children": {
                    "totalCount": 2,
                    "nodes": [{"code": "EAST", "name": "The EAST"}, {"code": "WEST", "name": "The WEST"}],
                },
            },
        },
        "departmentByCode": {"parent": None, "headCount": 0, "openedOn": "2016-01-01", "closedOn": None},
        "departments": {"nodes": [{"code": "TOP"}]},
    }


async def test_a_department_is_renamed_and_moved_and_never_below_itself(api: Api) -> None:
    clerk = await api.clerk("department.edit")
    top = await _create(api, clerk, "TOP")
    east = await _create(api, clerk, "EAST", top)
    renamed = await api.give(
        clerk, "renameDepartment", "department { name version }", id=east, name="Orient", effective="2017-01-01"
    )
    assert renamed["department"] == {"name": "Orient", "version": 2}
    circular = await api.give(clerk, "moveDepartment", id=top, parentId=east, effective="2017-01-01")
    assert (circular["code"], circular["path"]) == ("DEPARTMENT_CIRCULAR", ["parentId"])
    unsaid = await api.give(clerk, "moveDepartment", id=east, effective="2017-01-01")
    assert (unsaid["code"], unsaid["path"]) == ("VALIDATION_FAILED", ["parentId"])
    moved = await api.give(
        clerk, "moveDepartment", "department { parent { code } }", id=east, parentId=None, effective="2017-01-01"
    )
    assert moved["department"] == {"parent": None}
    taken = await api.give(clerk, "createDepartment", code="east", name="Other", effective="2016-01-01")
    assert (taken["code"], taken["path"]) == ("DEPARTMENT_CODE_TAKEN", ["code"])


async def test_a_department_closes_only_when_it_is_empty_on_that_day(api: Api) -> None:
    clerk = await api.clerk("department.edit", "employee.edit")
    top, other = await _create(api, clerk, "TOP"), await _create(api, clerk, "OTHER")
    sub = await _create(api, clerk, "SUB", top)
    anna = gid("Employee", await api.hire())
    await api.give(clerk, "transferEmployee", id=anna, departmentId=top, effective="2017-01-01")
    members = "query ($id: ID!) { department(id: $id) { headCount members { nodes { name } } } }"
    assert (await api.data(clerk, members, id=top))["department"] == {
        "headCount": 1,
        "members": {"nodes": [{"name": "Anna Snelling"}]},
    }

    async def close(day: str) -> str | None:
        answer = await api.give(clerk, "closeDepartment", id=top, effective=day)
        code: str | None = answer.get("code")
        return code

    assert await close("2018-01-01") == "DEPARTMENT_HAS_OPEN_DEPARTMENTS"
    await api.give(clerk, "moveDepartment", id=sub, parentId=other, effective="2018-01-01")
    assert await close("2017-06-01") == "DEPARTMENT_HAS_OPEN_DEPARTMENTS", "it is moved away only later"
    assert await close("2018-01-01") == "DEPARTMENT_HAS_MEMBERS"
    await api.give(clerk, "transferEmployee", id=anna, departmentId=other, effective="2018-02-01")
    assert await close("2018-01-01") == "DEPARTMENT_HAS_MEMBERS", "she is transferred only later"
    assert await close("2018-02-01") is None
    late = await api.give(clerk, "transferEmployee", id=anna, departmentId=top, effective="2018-03-01")
    assert (late["code"], late["path"]) == ("DEPARTMENT_NOT_OPEN", ["departmentId"])
