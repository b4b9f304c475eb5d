"""What somebody tries who wants to know or to change more than is theirs, and what comes of it."""

from __future__ import annotations

import json
from datetime import date

import pytest

from domain.employee import Employee, Reason
from domain.role import ADMINISTRATOR, Role
from tests._api import EVERYTHING, Api, gid


@pytest.mark.parametrize("letter", "tpaovj")
async def test_whatever_a_client_calls_a_field_the_answer_is_the_same(api: Api, letter: str) -> None:
    boss = await api.hire("Bo")
    anna = await api.hire("Anna", manager_id=boss)
    for number in range(1, 10):
        document = "query ($id: ID!) { KEY: employee(id: $id) { manager { KEY: name reports { nodes { KEY: id } } } } }"
        keyed = await api.data(anna, document.replace("KEY", f"{letter}{number}"), id=gid("Employee", anna))
        plain = await api.data(anna, document.replace("KEY", "plain"), id=gid("Employee", anna))
        assert json.dumps(keyed).replace(f'"{letter}{number}"', '"plain"') == json.dumps(plain)


async def test_who_may_edit_people_does_not_come_to_see_how_they_do(api: Api) -> None:
    boss = await api.hire("Bo")
    clerk = await api.clerk("employee.edit", "employee.hire", manager_id=boss)
    anna, left = await api.hire("Anna", manager_id=boss), await api.hire("Lee", manager_id=boss)
    await api.run(Employee, left, Employee.terminate, last_day=date(2016, 12, 31), reason=Reason.RESIGNED)
    head = await api.log.head()
    mine = {"managerId": gid("Employee", clerk), "effective": "2017-01-01"}
    job = {"workEmail": "lee@example.com", "title": "Agent"}
    for refused in (
        await api.give(clerk, "changeManager", id=gid("Employee", anna), **mine),
        await api.give(clerk, "rehireEmployee", id=gid("Employee", left), **mine, **job),
        await api.give(clerk, "changeManager", id=gid("Employee", clerk), effective="2017-01-01", managerId=None),
    ):
        assert refused["code"] == "EMPLOYEE_OWN_REPORTING_LINE"
    assert await api.log.head() == head


async def test_who_may_rehire_people_does_not_bring_back_rights_that_they_lack(api: Api) -> None:
    await api.administrator()
    clerk, left = await api.clerk("employee.hire"), await api.hire("Lee")
    await api.run(Role, ADMINISTRATOR, Role.bind, employee_id=left, holder=EVERYTHING)
    await api.run(Employee, left, Employee.terminate, last_day=date(2016, 12, 31), reason=Reason.RESIGNED)
    head = await api.log.head()
    job = {"workEmail": "lee@example.com", "title": "Agent", "effective": "2017-01-01"}
    refused = await api.give(clerk, "rehireEmployee", id=gid("Employee", left), **job)
    assert refused["code"] == "ROLE_MORE_THAN_HELD"
    assert await api.log.head() == head
