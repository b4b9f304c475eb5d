"""Who is signed in, and what they may do."""

from __future__ import annotations

from typing import Any

import strawberry
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from strawberry import ID

from projections.roles import role_bindings, role_permissions, roles
from schema._kernel import STAFF, At, one, part, seen_by, view
from schema._rows import json_list
from schema.employee import Employee


@part
class Viewer:
    """Who asks."""

    id: ID = seen_by(STAFF, of="Viewer", description="Not the employee's: caches tell the two apart by it.")
    employee: Employee | None = one("id")
    permissions: list[str] = seen_by(STAFF, description="What they may do, by all their roles together.")


def signed_in(at: At) -> dict[str, Any]:
    """Who is signed in."""
    bound, role, granted = (each.table.alias(each.name) for each in (role_bindings, roles, role_permissions))
    names = func.json_agg(aggregate_order_by(granted.c.permission.distinct(), granted.c.permission))
    permissions = (
        select(json_list(names))
        .select_from(bound)
        .join(role, (role.c.id == bound.c.role_id) & ~role.c.retired)
        .join(granted, granted.c.role_id == role.c.id)
        .where(bound.c.employee_id == at.viewer)
    )
    return {"id": at.viewer, "permissions": permissions.scalar_subquery()}


@strawberry.type
class Query:
    viewer: Viewer = view(signed_in)


WORDS = {
    "Viewer.employee": "Who it is.",
}
