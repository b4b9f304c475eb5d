"""Employees as they were last recorded: one row each, and who reports to whom.

What is recorded last also holds last: a change that is to come shows here at once. When it holds from is told by
`employment_changes`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, Date, Index, Text, Uuid

from domain.employee import (
    Hired,
    ManagerChanged,
    PersonalDetailsCorrected,
    Promoted,
    Rehired,
    Status,
    Terminated,
    Transferred,
)
from projections._kernel import Change, projection, read_model
from store.recorded import Recorded

employees = read_model(
    "employees",
    Column("number", Text, nullable=False, index=True),
    Column("name", Text, index=True),
    Column("work_email", Text),
    Column("work_phone", Text),
    Column("title", Text, nullable=False),
    Column("department_id", Uuid),
    Column("manager_id", Uuid),
    Column("status", Text, nullable=False),
    Column("hired_on", Date, nullable=False),
    Column("left_on", Date),
    Column("left_because", Text),
    tree="manager_id",
)
for _column in (employees.c.department_id, employees.c.manager_id):
    # Who works there, by name: a department's first hundred are found without looking at its five hundred.
    Index(f"{employees.table.name}_of_{_column.name}", _column, employees.c.status, employees.c.name, employees.c.id)
for _column in (employees.c.title, employees.c.hired_on, employees.c.left_on):
    Index(f"{employees.table.name}_{_column.name}", _column, employees.c.id)
Index(f"{employees.table.name}_work_email", employees.c.work_email)
for _column in (employees.c.work_phone, employees.c.left_because):
    Index(f"{employees.table.name}_{_column.name}", _column, postgresql_where=_column.is_not(None))
Index(
    f"{employees.table.name}_status",
    employees.c.status,
    employees.c.name,
    postgresql_where=employees.c.status != Status.ACTIVE.name,
)


@projection(employees)
def project(recorded: Recorded) -> Iterator[Change]:
    this = recorded.stream_id
    match recorded.fact:
        case Hired() as it:
            yield employees.put(
                this,
                number=it.number,
                name=it.name,
                work_email=it.work_email,
                work_phone=it.work_phone,
                title=it.title,
                department_id=it.department_id,
                manager_id=it.manager_id,
                status=Status.ACTIVE,
                hired_on=it.effective,
            )
        case Transferred() as it:
            yield employees.patch(this, department_id=it.department_id)
        case Promoted() as it:
            yield employees.patch(this, title=it.title)
        case ManagerChanged() as it:
            yield employees.patch(this, manager_id=it.manager_id)
        case PersonalDetailsCorrected() as it:
            yield employees.patch(this, **{field: getattr(it, field) for field in it.corrects})
        case Terminated() as it:
            yield employees.patch(
                this,
                status=Status.TERMINATED,
                work_email=None,
                work_phone=None,
                left_on=it.effective,
                left_because=it.reason,
            )
        case Rehired() as it:
            yield employees.patch(
                this,
                work_email=it.work_email,
                work_phone=it.work_phone,
                title=it.title,
                department_id=it.department_id,
                manager_id=it.manager_id,
                status=Status.ACTIVE,
                hired_on=it.effective,
                left_on=None,
                left_because=None,
            )
