"""Departments: what the API shows of them, and how they change."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, func, select
from strawberry import ID

from domain import department as domain
from domain.employee import Status
from projections.departments import department_parents, departments
from projections.employees import employees
from projections.employment_changes import employment_changes
from schema._kernel import (
    STAFF,
    CommandInput,
    Connection,
    Info,
    Outcome,
    Position,
    by_id,
    by_key,
    give,
    many,
    may,
    mutation,
    names,
    new_id,
    one,
    reads,
    seen_by,
    uuid_of,
)

if TYPE_CHECKING:
    from schema.employee import Employee


def works_here(c: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = c.status == Status.ACTIVE.name
    return found


def _head_count(c: Any) -> ColumnElement[int]:
    who = employees.table.alias("counted")
    count = select(func.count()).select_from(who).where(who.c.department_id == c.id, works_here(who.c))
    return count.scalar_subquery()


@reads(departments, rows=STAFF)
class Department:
    """A part of the organisation, as it was last recorded: a change that is to come shows at once."""

    id: ID = seen_by(STAFF)
    code: str = seen_by(STAFF, description="Short, and no other department's.")
    name: str = seen_by(STAFF)
    parent: Department | None = one("parent_id", description="What it is part of; null at the top.")
    children: Connection[Department] = many(
        "parent_id", where=("code", "name", "closed_on"), order_by=("code", "name"), order=("code",)
    )
    members: Connection[Employee] = many(
        "department_id",
        where=("name", "title"),
        order_by=("name", "number", "title"),
        order=("name",),
        only=works_here,
        description="Who works here and belongs to it; not those of the departments below it.",
    )
    head_count: int = seen_by(STAFF, sql=_head_count, description="How many who work here belong to it.")
    opened_on: date = seen_by(STAFF)
    closed_on: date | None = seen_by(STAFF, description="The first day on which there is no such department.")
    version: int = seen_by(STAFF)
    position: Position = seen_by(STAFF, description="Of the last fact about it.")


@strawberry.type
class Query:
    department: Department | None = by_id()
    department_by_code: Department | None = by_key("code")
    departments: Connection[Department] = many(
        where=("id", "code", "name", "parent", "opened_on", "closed_on"),
        order_by=("code", "name", "opened_on"),
        order=("code",),
    )


# ── Commands ──


@strawberry.input
class CreateDepartmentInput(CommandInput):
    code: str = strawberry.field(description="Short, and no other department's: 1 to 40 characters.")
    name: str = strawberry.field(description="Up to 120 characters.")
    parent_id: ID | None = names(Department, "What it is part of; left out at the top.", optional=True)
    effective: date = strawberry.field(description="The first day on which people can belong to it.")


@strawberry.input
class RenameDepartmentInput(CommandInput):
    id: ID = names(Department, "The department's.")
    name: str = strawberry.field(description="Up to 120 characters.")
    effective: date = strawberry.field(description="The day from which it is called so; after the last renaming.")


@strawberry.input
class MoveDepartmentInput(CommandInput):
    id: ID = names(Department, "The department's.")
    parent_id: ID | None = names(Department, "What it becomes part of; null for the top.", chosen=True)
    effective: date = strawberry.field(description="The day from which it belongs there; after the last move.")


@strawberry.input
class CloseDepartmentInput(CommandInput):
    id: ID = names(Department, "The department's.")
    effective: date = strawberry.field(description="The first day on which there is no such department.")


CHILDREN = f"SELECT department_id FROM {department_parents.table} WHERE parent_id = $1"  # noqa: S608
"""Whatever was ever put under it: what is moved away with effect from a later day is still there until then."""

MEMBERS = f"""
    SELECT DISTINCT e.id FROM {employment_changes.table} c JOIN {employees.table} e ON e.id = c.employee_id
    WHERE c.department_id = $1 AND (e.left_on IS NULL OR e.left_on >= $2)
"""  # noqa: S608
"""Whoever ever belonged to it and has not left before that day."""


@strawberry.type
class Mutation:
    @mutation(may("department.edit"), changes=Department)
    async def create_department(self, info: Info, input: CreateDepartmentInput) -> Outcome:
        return await give(info, domain.Department, domain.Department.create, input, id=new_id(Department, input))

    @mutation(may("department.edit"), changes=Department)
    async def rename_department(self, info: Info, input: RenameDepartmentInput) -> Outcome:
        return await give(info, domain.Department, domain.Department.rename, input)

    @mutation(may("department.edit"), changes=Department)
    async def move_department(self, info: Info, input: MoveDepartmentInput) -> Outcome:
        """Put it, with all that is below it, under another department, or at the top."""
        return await give(info, domain.Department, domain.Department.move, input)

    @mutation(may("department.edit"), changes=Department)
    async def close_department(self, info: Info, input: CloseDepartmentInput) -> Outcome:
        """Refused while somebody belongs to it, or a department below it is open."""
        id = uuid_of(Department, input.id, "id")
        return await give(
            info,
            domain.Department,
            domain.Department.close,
            input,
            children=await _ids(info, CHILDREN, id),
            members=await _ids(info, MEMBERS, id, input.effective),
        )


async def _ids(info: Info, sql: str, *values: Any) -> list[UUID]:
    return [id for (id,) in await info.context.reader.pool.fetch(sql, *values)]


WORDS = {
    "Department.name": "What it is called.",
    "Department.children": "The departments that are part of it, one level down.",
    "Department.openedOn": "The first day on which people could belong to it.",
}
