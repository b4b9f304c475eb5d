"""Employees in the API: what becomes of them, who sees what of them, and what nobody learns by trying."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.employee import Employee, Reason
from tests._api import Api, gid

HIRE = {
    "number": "E-17",
    "name": "王伟",
    "workEmail": "wei@example.com",
    "title": "Sales agent",
    "effective": "2016-10-01",
}
SEE = """
query ($id: ID!) {
  employee(id: $id) { name workEmail hiredOn leftOn leftBecause timeline { nodes { kind } } }
}
"""


async def test_somebody_is_hired_and_seen_at_once(api: Api) -> None:
    clerk = await api.clerk("employee.hire")
    boss = await api.hire("Bo")
    command = str(uuid4())
    given = HIRE | {"managerId": gid("Employee", boss), "commandId": command, "reason": "We grow."}
    answer = await api.give(clerk, "hireEmployee", "employee { id number name status version position }", **given)
    employee = answer["employee"]
    assert employee == {
        "id": employee["id"],
        "number": "E-17",
        "name": "王伟",
        "status": "ACTIVE",
        "version": 1,
        "position": answer["position"],
    }
    (recorded,) = await api.log.after(answer["position"] - 1)
    assert (recorded.origin.actor, recorded.origin.reason) == (clerk, "We grow.")
    assert str(recorded.origin.command_id) == command
    document = """
        query ($boss: ID!) {
          employeeByNumber(number: "E-17") { id manager { name reports { totalCount nodes { id } } } }
          employees(where: { manager: { eq: $boss } }) { nodes { workEmail } }
        }
    """
    assert await api.data(clerk, document, boss=gid("Employee", boss)) == {
        "employeeByNumber": {
            "id": employee["id"],
            "manager": {"name": "Bo", "reports": {"totalCount": 1, "nodes": [{"id": employee["id"]}]}},
        },
        "employees": {"nodes": [{"workEmail": "wei@example.com"}]},
    }


async def test_a_repeated_command_is_answered_and_not_repeated(api: Api) -> None:
    clerk = await api.clerk("employee.hire")
    given = HIRE | {"commandId": str(uuid4())}
    first = await api.give(clerk, "hireEmployee", "employee { id }", **given)
    assert await api.give(clerk, "hireEmployee", "employee { id }", **given) == first
    assert await api.log.head() == first["position"]
    other = await api.give(clerk, "hireEmployee", "employee { id }", **given | {"title": "Other"})
    assert other["code"] == "IDEMPOTENCY_MISMATCH"


async def test_a_stale_version_is_refused_with_the_current_one(api: Api) -> None:
    clerk, anna = await api.clerk("employee.edit"), await api.hire()
    given = {"id": gid("Employee", anna), "title": "Senior agent", "effective": "2017-01-01"}
    answer = await api.give(clerk, "promoteEmployee", **given, expectedVersion=7)
    assert (answer["code"], answer["path"], answer["currentVersion"]) == ("CONFLICT", ["expectedVersion"], 1)
    assert "position" in await api.give(clerk, "promoteEmployee", **given, expectedVersion=1)


@pytest.mark.parametrize(
    ("wrong", "code", "path"),
    [
        ({"number": "E-1"}, "EMPLOYEE_NUMBER_TAKEN", "number"),
        ({"workEmail": "ANNA@example.com"}, "EMPLOYEE_EMAIL_TAKEN", "workEmail"),
        ({"workEmail": "anna"}, "VALIDATION_FAILED", "workEmail"),
        ({"workPhone": "020 7946 0018"}, "VALIDATION_FAILED", "workPhone"),
        ({"name": "\u202eevil"}, "VALIDATION_FAILED", "name"),
        ({"managerId": gid("Employee", UUID(int=9))}, "EMPLOYEE_NOT_FOUND", "managerId"),
        ({"managerId": gid("Department", UUID(int=9))}, "VALIDATION_FAILED", "managerId"),
        ({"departmentId": gid("Department", UUID(int=9))}, "DEPARTMENT_NOT_FOUND", "departmentId"),
        ({"departmentId": "nonsense"}, "VALIDATION_FAILED", "departmentId"),
        ({"effective": "2199-01-01"}, "EMPLOYEE_TOO_FAR_AHEAD", "effective"),
    ],
)
async def test_a_refusal_names_the_input_at_fault(api: Api, wrong: dict[str, Any], code: str, path: str) -> None:
    await api.hire(number="E-1", work_email="anna@example.com")
    clerk = await api.clerk("employee.hire")
    head = await api.log.head()
    answer = await api.give(clerk, "hireEmployee", **HIRE | wrong)
    assert (answer["code"], answer["path"]) == (code, [path])
    assert answer["message"]
    assert await api.log.head() == head


async def test_to_say_nothing_is_not_to_say_none(api: Api) -> None:
    clerk, boss = await api.clerk("employee.edit"), await api.hire("Bo")
    anna = await api.hire(manager_id=boss)
    given = {"id": gid("Employee", anna), "effective": "2017-01-01"}
    answer = await api.give(clerk, "changeManager", **given)
    assert (answer["code"], answer["path"]) == ("VALIDATION_FAILED", ["managerId"])
    answer = await api.give(clerk, "changeManager", "employee { manager { name } }", **given, managerId=None)
    assert answer["employee"]["manager"] is None


async def test_a_work_phone_is_given_corrected_found_by_and_taken_away(api: Api) -> None:
    clerk = await api.clerk("employee.hire", "employee.edit", "employee.terminate")
    hired = await api.give(clerk, "hireEmployee", "employee { id workPhone }", **HIRE, workPhone="+44 20 7946 0018")
    id = hired["employee"]["id"]
    assert hired["employee"]["workPhone"] == "+442079460018"
    found = "query ($number: PhoneNumber!) { employees(where: { workPhone: { eq: $number } }) { nodes { id } } }"
    assert (await api.data(clerk, found, number="+44 (0)20 7946 0018"))["employees"]["nodes"] == [{"id": id}]
    wrong = await api(clerk, found, number="020 7946 0018")
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    for said, known in (
        ({"name": "Wei"}, "+442079460018"),
        ({"workPhone": "+12025550143"}, "+12025550143"),
        ({"workPhone": None}, None),
        ({"workPhone": "+12025550143"}, "+12025550143"),
    ):
        answer = await api.give(clerk, "correctPersonalDetails", "employee { workPhone }", id=id, **said)
        assert answer["employee"]["workPhone"] == known, said
    refused = await api.give(clerk, "correctPersonalDetails", id=id, workPhone="0143")
    assert (refused["code"], refused["path"]) == ("VALIDATION_FAILED", ["workPhone"])
    last = {"lastDay": "2017-06-30", "because": "RESIGNED"}
    left = await api.give(clerk, "terminateEmployment", "employee { workPhone }", id=id, **last)
    assert left["employee"]["workPhone"] is None
    back = {"workEmail": "wei@example.com", "workPhone": "+442079460019", "title": "Agent", "effective": "2017-09-01"}
    again = await api.give(clerk, "rehireEmployee", "employee { workPhone }", id=id, **back)
    assert again["employee"]["workPhone"] == "+442079460019"


async def test_an_employment_from_hire_to_rehire(api: Api) -> None:
    clerk = await api.clerk("employee.hire", "employee.edit", "employee.terminate", "department.edit", "personal.view")
    boss = await api.hire("Bo")
    hq = (await api.give(clerk, "createDepartment", "department { id }", code="HQ", name="HQ", effective="2016-01-01"))[
        "department"
    ]["id"]
    id = (await api.give(clerk, "hireEmployee", "employee { id }", **HIRE))["employee"]["id"]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("correctPersonalDetails", {"name": "王 伟"}),
        ("transferEmployee", {"departmentId": hq, "effective": "2017-01-01"}),
        ("promoteEmployee", {"title": "Senior agent", "effective": "2017-02-01"}),
        ("changeManager", {"managerId": gid("Employee", boss), "effective": "2017-03-01"}),
        ("terminateEmployment", {"lastDay": "2017-06-30", "because": "RESIGNED"}),
    ]
    for mutation, given in steps:
        assert "position" in await api.give(clerk, mutation, id=id, **given), mutation
    left = """
        query ($id: ID!) { employee(id: $id) {
            name workEmail title status hiredOn leftOn leftBecause version department { code headCount }
            manager { reports { totalCount } }
        } }
    """
    assert (await api.data(clerk, left, id=id))["employee"] == {
        "name": "王 伟",
        "workEmail": None,
        "title": "Senior agent",
        "status": "TERMINATED",
        "hiredOn": "2016-10-01",
        "leftOn": "2017-06-30",
        "leftBecause": "RESIGNED",
        "version": 6,
        "department": {"code": "HQ", "headCount": 0},
        "manager": {"reports": {"totalCount": 0}},
    }
    back = {"workEmail": "wei@example.com", "title": "Agent", "effective": "2017-09-01"}
    timeline = (
        "employee { status leftOn hiredOn timeline { nodes { kind effective title because department { code } } } }"
    )
    answer = (await api.give(clerk, "rehireEmployee", timeline, id=id, **back))["employee"]
    assert (answer["status"], answer["leftOn"], answer["hiredOn"]) == ("ACTIVE", None, "2017-09-01")
    assert [tuple(each.values()) for each in answer["timeline"]["nodes"]] == [
        ("HIRED", "2016-10-01", "Sales agent", None, None),
        ("TRANSFERRED", "2017-01-01", None, None, {"code": "HQ"}),
        ("PROMOTED", "2017-02-01", "Senior agent", None, None),
        ("MANAGER_CHANGED", "2017-03-01", None, None, None),
        ("TERMINATED", "2017-06-30", None, "RESIGNED", None),
        ("REHIRED", "2017-09-01", "Agent", None, None),
    ]


# ── Who sees what ──


async def _company(api: Api) -> dict[str, UUID]:
    chief = await api.hire("Chief")
    boss = await api.hire("Boss", manager_id=chief)
    return {
        "chief": chief,
        "boss": boss,
        "anna": await api.hire("Anna", manager_id=boss, effective=date(2016, 2, 2)),
        "colleague": await api.hire("Colleague", manager_id=boss, effective=date(2016, 3, 3)),
        "clerk": await api.clerk("personal.view"),
        "pay": await api.clerk("pay.view", "history.view", "role.edit"),
    }


async def test_dates_of_employment_are_seen_by_oneself_those_above_and_whoever_may(api: Api) -> None:
    who = await _company(api)
    seen = {}
    for name, viewer in who.items():
        answer = await api.data(viewer, SEE, id=gid("Employee", who["anna"]))
        assert answer["employee"]["name"] == "Anna"
        assert answer["employee"]["workEmail"]
        seen[name] = (answer["employee"]["hiredOn"], answer["employee"]["timeline"])
    full, nothing = ("2016-02-02", {"nodes": [{"kind": "HIRED"}]}), (None, None)
    assert seen == {
        "chief": full,
        "boss": full,
        "anna": full,
        "colleague": nothing,
        "clerk": full,
        "pay": nothing,
    }
    boss = await api.data(who["anna"], SEE, id=gid("Employee", who["boss"]))
    assert boss["employee"]["hiredOn"] is None, "what is below sees nothing of what is above"


async def test_whoever_gets_another_manager_is_seen_by_that_one_and_no_more_by_the_one_before(api: Api) -> None:
    who = await _company(api)
    await api.run(Employee, who["anna"], Employee.change_manager, manager_id=who["clerk"], effective=date(2017, 1, 1))
    for viewer in ("boss", "chief"):
        answer = await api.data(who[viewer], SEE, id=gid("Employee", who["anna"]))
        assert answer["employee"]["hiredOn"] is None
    await api.run(Employee, who["clerk"], Employee.change_manager, manager_id=who["boss"], effective=date(2017, 1, 1))
    for viewer in ("boss", "chief"):
        answer = await api.data(who[viewer], SEE, id=gid("Employee", who["anna"]))
        assert answer["employee"]["hiredOn"] == "2016-02-02"


async def test_why_somebody_left_is_not_even_their_managers(api: Api) -> None:
    who = await _company(api)
    await api.run(Employee, who["anna"], Employee.terminate, last_day=date(2017, 1, 31), reason=Reason.DISMISSED)
    answer = await api.data(who["boss"], SEE, id=gid("Employee", who["anna"]))
    assert (answer["employee"]["leftOn"], answer["employee"]["leftBecause"]) == ("2017-01-31", None)
    because = "{ employees(where: { leftBecause: { eq: DISMISSED } }) { totalCount nodes { name } } }"
    assert (await api.data(who["boss"], because))["employees"] == {"totalCount": 0, "nodes": []}
    assert (await api.data(who["clerk"], because))["employees"]["totalCount"] == 1


async def test_a_filter_finds_nobody_by_what_is_hidden(api: Api) -> None:
    who = await _company(api)
    names = "query ($where: EmployeeWhere) { employees(where: $where) { totalCount nodes { name } } }"
    for where in (
        {"hiredOn": {"eq": "2016-02-02"}},
        {"hiredOn": {"gte": "2016-02-01"}, "name": {"eq": "Anna"}},
        {"or": [{"hiredOn": {"in": ["2016-02-02"]}}]},
        {"not": {"or": [{"hiredOn": {"ne": "2016-02-02"}}, {"name": {"ne": "Anna"}}]}, "hiredOn": {"isNull": False}},
    ):
        found = (await api.data(who["colleague"], names, where=where))["employees"]
        assert "Anna" not in [each["name"] for each in found["nodes"]], where
        found = (await api.data(who["boss"], names, where=where))["employees"]
        assert "Anna" in [each["name"] for each in found["nodes"]], where
    below = {"reports": "query ($id: ID!) { employee(id: $id) { reports { nodes { name hiredOn } } } }"}
    answer = await api.data(who["colleague"], below["reports"], id=gid("Employee", who["boss"]))
    assert {each["name"]: each["hiredOn"] for each in answer["employee"]["reports"]["nodes"]} == {
        "Anna": None,
        "Colleague": "2016-03-03",
    }


async def test_an_order_tells_nothing_about_what_is_hidden(api: Api) -> None:
    viewer = await api.hire("Viewer", effective=date(2016, 5, 5))
    for n in range(6):
        await api.hire(f"Colleague {n}", effective=date(2016, 1, 20 - n))
    for direction in ("ASC", "DESC"):
        document = f"""{{ employees(orderBy: [{{ field: HIRED_ON, direction: {direction} }}]) {{
            nodes {{ id name hiredOn }} edges {{ cursor }} }} }}"""
        found = (await api.data(viewer, document))["employees"]
        hidden = [each["id"] for each in found["nodes"] if each["hiredOn"] is None]
        assert len(hidden) == 6
        assert hidden == sorted(hidden, reverse=direction == "DESC"), "by their id, which tells nothing"


async def test_a_cursor_is_only_for_whom_it_was_made(api: Api) -> None:
    anna, bo = await api.hire("Anna"), await api.hire("Bo")
    page = "query ($after: String) { employees(first: 1, after: $after) { nodes { name } pageInfo { endCursor } } }"
    first = (await api.data(anna, page))["employees"]
    cursor = first["pageInfo"]["endCursor"]
    assert (await api.data(anna, page, after=cursor))["employees"]["nodes"] == [{"name": "Bo"}]
    answer = await api(bo, page, after=cursor)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_CURSOR"


async def test_roles_are_seen_by_whoever_has_them_and_whoever_may(api: Api) -> None:
    anna, bo, clerk = await api.hire("Anna"), await api.hire("Bo"), await api.clerk("role.view")
    await api.permit(anna, "pay.view")
    document = """query ($id: ID!) {
        employee(id: $id) { roles { totalCount nodes { role { permissions } } } }
        roles { nodes { permissions members { nodes { employee { name } } } } }
    }"""
    seen = {name: await api(each, document, id=gid("Employee", anna)) for name, each in
            {"anna": anna, "bo": bo, "clerk": clerk}.items()}  # fmt: skip
    own = {"totalCount": 1, "nodes": [{"role": {"permissions": ["pay.view"]}}]}
    assert [seen[name]["data"]["employee"]["roles"] for name in ("anna", "bo", "clerk")] == [own, None, own]
    assert {each["members"] is None for each in seen["anna"]["data"]["roles"]["nodes"]} == {True}
    members = [each["members"]["nodes"] for each in seen["clerk"]["data"]["roles"]["nodes"]]
    assert [{"employee": {"name": "Anna"}}] in members
