"""Departments as they were last recorded: one row each, and who is below whom."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, Date, Text, Uuid

from domain.department import Closed, Created, Moved, Renamed
from projections._kernel import Change, projection, read_model
from store.recorded import Recorded

departments = read_model(
    "departments",
    Column("code", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("parent_id", Uuid, index=True),
    Column("opened_on", Date, nullable=False),
    Column("closed_on", Date),
    tree="parent_id",
)

department_parents = read_model(
    "department_parents",
    Column("parent_id", Uuid, primary_key=True),
    Column("department_id", Uuid, primary_key=True),
)
"""Which department was put under which, ever."""


@projection(departments)
def project_departments(recorded: Recorded) -> Iterator[Change]:
    this = recorded.stream_id
    match recorded.fact:
        case Created() as it:
            yield departments.put(this, code=it.code, name=it.name, parent_id=it.parent_id, opened_on=it.effective)
        case Renamed() as it:
            yield departments.patch(this, name=it.name)
        case Moved() as it:
            yield departments.patch(this, parent_id=it.parent_id)
        case Closed() as it:
            yield departments.patch(this, closed_on=it.effective)


@projection(department_parents)
def project_parents(recorded: Recorded) -> Iterator[Change]:
    match recorded.fact:
        case Created(parent_id=parent_id) | Moved(parent_id=parent_id) if parent_id:
            yield department_parents.put(parent_id, recorded.stream_id)
