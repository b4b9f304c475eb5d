"""Roles: what the API shows of them and of who is bound to them, and how they change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from strawberry import ID

from domain import role as domain
from projections.roles import role_bindings, role_permissions, roles
from schema._kernel import (
    OWN,
    STAFF,
    CommandInput,
    Connection,
    Info,
    Outcome,
    Position,
    by_id,
    give,
    many,
    may,
    mutation,
    names,
    new_id,
    one,
    reads,
    seen_by,
)
from schema._rows import json_list
from schema.employee import Employee

strawberry.enum(domain.Kind, name="PermissionKind", description="What a permission is about.")

BINDINGS = may("role.view") | may("role.edit")
"""Who sees to which roles others are bound."""


def _permissions(c: Any) -> Any:
    each = role_permissions.table.alias("granted")
    names = func.json_agg(aggregate_order_by(each.c.permission, each.c.permission))
    return select(json_list(names)).select_from(each).where(each.c.role_id == c.id).scalar_subquery()


@reads(roles, rows=STAFF)
class Role:
    """What those who are bound to it may do."""

    id: ID = seen_by(STAFF)
    name: str = seen_by(STAFF)
    permissions: list[str] = seen_by(STAFF, sql=_permissions, description="By name, as in `permissions`.")
    built_in: bool = seen_by(STAFF, description="The administrators' role: never renamed, retired or cut down.")
    retired: bool = seen_by(STAFF, description="Whether it gives nothing any more.")
    members: Connection[RoleBinding] | None = many("role_id", seen_by=BINDINGS, order=("bound_at",))
    version: int = seen_by(STAFF)
    position: Position = seen_by(STAFF, description="Of the last fact about it.")


@reads(role_bindings, rows=OWN | BINDINGS, person="employee_id")
class RoleBinding:
    """Somebody bound to a role."""

    role: Role | None = one("role_id")
    employee: Employee | None = one("employee_id")
    bound_at: datetime = seen_by(STAFF)


@strawberry.type
class Permission:
    """Something that a role may permit."""

    name: str = seen_by(STAFF)
    kind: domain.Kind = seen_by(STAFF)
    description: str = seen_by(STAFF)


def _all_permissions() -> list[Permission]:
    return [
        Permission(name=name, kind=each.kind, description=each.description) for name, each in domain.PERMISSIONS.items()
    ]


@strawberry.type
class Query:
    role: Role | None = by_id()
    roles: Connection[Role] = many(where=("id", "name", "built_in", "retired"), order_by=("name",), order=("name",))
    permissions: list[Permission] = strawberry.field(
        resolver=_all_permissions, metadata={"rule": STAFF}, description="Every permission there is."
    )


# ── Commands ──


@strawberry.input
class DefineRoleInput(CommandInput):
    name: str = strawberry.field(description="No other role's that is not retired; up to 120 characters.")


@strawberry.input
class RenameRoleInput(CommandInput):
    id: ID = names(Role, "The role's.")
    name: str = strawberry.field(description="No other role's that is not retired; up to 120 characters.")


@strawberry.input
class GrantPermissionInput(CommandInput):
    id: ID = names(Role, "The role's.")
    permission: str = strawberry.field(description='Its name, as in `permissions`: "employee.hire".')


@strawberry.input
class RevokePermissionInput(CommandInput):
    id: ID = names(Role, "The role's.")
    permission: str = strawberry.field(description='Its name, as in `permissions`: "employee.hire".')


@strawberry.input
class BindRoleInput(CommandInput):
    id: ID = names(Role, "The role's.")
    employee_id: ID = names(Employee, "Somebody who works here.")


@strawberry.input
class UnbindRoleInput(CommandInput):
    id: ID = names(Role, "The role's.")
    employee_id: ID = names(Employee, "Somebody who is bound to it.")


@strawberry.input
class RetireRoleInput(CommandInput):
    id: ID = names(Role, "The role's.")


@strawberry.type
class Mutation:
    @mutation(may("role.edit"), changes=Role)
    async def define_role(self, info: Info, input: DefineRoleInput) -> Outcome:
        """A new role, which permits nothing yet."""
        return await give(info, domain.Role, domain.Role.define, input, id=new_id(Role, input))

    @mutation(may("role.edit"), changes=Role)
    async def rename_role(self, info: Info, input: RenameRoleInput) -> Outcome:
        return await give(info, domain.Role, domain.Role.rename, input)

    @mutation(may("role.edit"), changes=Role)
    async def grant_permission(self, info: Info, input: GrantPermissionInput) -> Outcome:
        """Let the members of a role do something that you may do yourself; from their next operation on."""
        return await give(info, domain.Role, domain.Role.grant, input)

    @mutation(may("role.edit"), changes=Role)
    async def revoke_permission(self, info: Info, input: RevokePermissionInput) -> Outcome:
        """Take a permission from a role; from its members' next operation on."""
        return await give(info, domain.Role, domain.Role.revoke, input)

    @mutation(may("role.edit"), changes=Role)
    async def bind_role(self, info: Info, input: BindRoleInput) -> Outcome:
        """Let somebody do what the role permits, all of which you may do yourself; from their next operation on."""
        return await give(info, domain.Role, domain.Role.bind, input)

    @mutation(may("role.edit"), changes=Role)
    async def unbind_role(self, info: Info, input: UnbindRoleInput) -> Outcome:
        """Take a role from somebody; from their next operation on."""
        return await give(info, domain.Role, domain.Role.unbind, input)

    @mutation(may("role.edit"), changes=Role)
    async def retire_role(self, info: Info, input: RetireRoleInput) -> Outcome:
        """Nobody has anything of it any more. Who was bound to it remains known."""
        return await give(info, domain.Role, domain.Role.retire, input)


WORDS = {
    "Permission": "Something that a role may allow.",
    "Permission.name": "What commands and fields ask for: `payout.approve`.",
    "Permission.kind": "Whether it is about running the system or about the business.",
    "Permission.description": "What it allows, for people.",
    "PermissionKind.SYSTEM": "About running the system: who may do what.",
    "PermissionKind.BUSINESS": "About the business itself.",
    "Role.name": "What it is called.",
    "RoleBinding.role": "The role.",
    "RoleBinding.employee": "Who has it.",
    "RoleBinding.boundAt": "Since when.",
}
