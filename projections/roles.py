"""Roles: what they are called, what they permit, who is bound to them; and when any of it last made a difference.

A retired role keeps its permissions and members here: who was bound to it remains known. It gives nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Text, Uuid

from domain.employee import Terminated
from domain.role import Bound, Defined, Granted, Renamed, Retired, Revoked, Unbound
from projections._kernel import Change, projection, read_model
from store.recorded import Recorded

roles = read_model(
    "roles",
    Column("name", Text, nullable=False, index=True),
    Column("built_in", Boolean, nullable=False),
    Column("retired", Boolean, nullable=False),
)

role_permissions = read_model(
    "role_permissions",
    Column("role_id", Uuid, primary_key=True),
    Column("permission", Text, primary_key=True),
)

role_bindings = read_model(
    "role_bindings",
    Column("employee_id", Uuid, primary_key=True),
    Column("role_id", Uuid, primary_key=True),
    Column("bound_at", DateTime(timezone=True), nullable=False),
)
Index(
    f"{role_bindings.table.name}_role", role_bindings.c.role_id, role_bindings.c.bound_at, role_bindings.c.employee_id
)

policy = read_model(
    "policy",
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)
"""One row: the position of the last fact that changed what somebody who can sign in may do."""


@projection(roles)
def project_roles(recorded: Recorded) -> Iterator[Change]:
    match recorded.fact:
        case Defined() as it:
            yield roles.put(recorded.stream_id, name=it.name, built_in=it.built_in, retired=False)
        case Renamed() as it:
            yield roles.patch(recorded.stream_id, name=it.name)
        case Retired():
            yield roles.patch(recorded.stream_id, retired=True)
        case Granted() | Revoked() | Bound() | Unbound():
            yield roles.patch(recorded.stream_id)


@projection(role_permissions)
def project_permissions(recorded: Recorded) -> Iterator[Change]:
    match recorded.fact:
        case Granted() as it:
            yield role_permissions.put(recorded.stream_id, it.permission)
        case Revoked() as it:
            yield role_permissions.drop(recorded.stream_id, it.permission)


@projection(role_bindings)
def project_bindings(recorded: Recorded) -> Iterator[Change]:
    match recorded.fact:
        case Bound() as it:
            yield role_bindings.put(it.employee_id, recorded.stream_id, bound_at=recorded.recorded_at)
        case Unbound() as it:
            yield role_bindings.drop(it.employee_id, recorded.stream_id)


@projection(policy)
def project_policy(recorded: Recorded) -> Iterator[Change]:
    match recorded.fact:
        case Granted() | Revoked() | Bound() | Unbound() | Retired() | Terminated():
            yield policy.put(1, version=recorded.position)
