"""The read models of people, departments and roles: the same whether a commit wrote them or a rebuild."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from domain.department import Department
from domain.employee import Employee, Reason
from domain.role import Role
from projections._build import rebuild
from projections.departments import department_parents, departments
from projections.employees import employees
from projections.employment_changes import employment_changes
from projections.roles import policy, role_bindings, role_permissions, roles
from tests._api import EVERYTHING, Api

MODELS = (
    employees,
    employment_changes,
    departments,
    department_parents,
    roles,
    role_permissions,
    role_bindings,
    policy,
)


async def _rows(api: Api) -> dict[str, list[Any]]:
    tables = [each.table for each in MODELS] + [each.closure for each in MODELS if each.closure is not None]
    pool = api.organisation.pool
    return {
        table.name: [tuple(row) for row in await pool.fetch(f"SELECT * FROM {table} t ORDER BY t")] for table in tables
    }


async def test_rebuilt_from_the_log_they_are_the_same(api: Api) -> None:
    ada = await api.administrator()
    boss, anna = await api.hire("Bo", manager_id=ada), await api.clerk("pay.view", "role.view")
    top, sub = uuid4(), uuid4()
    day = date(2016, 1, 1)
    await api.run(Department, top, Department.create, code="TOP", name="Top", effective=day)
    await api.run(Department, sub, Department.create, code="SUB", name="Sub", parent_id=top, effective=day)
    await api.run(Department, sub, Department.rename, name="Below", effective=date(2016, 3, 1))
    await api.run(Department, sub, Department.move, parent_id=None, effective=date(2016, 3, 1))
    await api.run(Department, top, Department.close, effective=date(2016, 3, 1), children=[sub], members=[])
    await api.run(Employee, anna, Employee.transfer, department_id=sub, effective=date(2016, 4, 1))
    await api.run(Employee, anna, Employee.change_manager, manager_id=boss, effective=date(2016, 4, 1))
    await api.run(Employee, anna, Employee.promote, title="Senior agent", effective=date(2016, 4, 1))
    right: dict[str, Any] = {"name": "Anne", "work_email": "anne@example.com", "work_phone": "+442079460018"}
    await api.run(Employee, anna, Employee.correct_personal_details, **right)
    await api.run(Employee, boss, Employee.terminate, last_day=date(2016, 5, 1), reason=Reason.RETIRED)
    back = date(2016, 6, 1)
    again: dict[str, Any] = {"work_email": "bo@example.com", "title": "Adviser", "effective": back, "today": back}
    again |= {"holder": EVERYTHING, "roles": []}
    await api.run(Employee, boss, Employee.rehire, **again)
    role = await api.permit(boss, "pay.view")
    await api.run(Role, role, Role.rename, name="Payers")
    await api.run(Role, role, Role.revoke, permission="pay.view")
    await api.run(Role, role, Role.unbind, employee_id=boss, holder=EVERYTHING)
    await api.run(Role, role, Role.retire)
    live = await _rows(api)
    assert all(live.values())
    await rebuild(api.organisation.pool, api.log.keys, api.organisation.read_models)
    assert await _rows(api) == live
