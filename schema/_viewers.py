"""Who may sign in, and what they may do: every permission of every role they are bound to, as long as they work here.

Whoever has given notice works here up to their last day. What was found is kept until a fact changes what somebody may
do; who was not found, and whose last day is known, is looked for again each time.
"""

from __future__ import annotations

from uuid import UUID

import asyncpg

from domain.employee import Status
from projections.employees import employees
from projections.roles import policy, role_bindings, role_permissions, roles
from schema._plan import Cache
from schema._reader import Viewer

KEPT = 10_000
"""Viewers who are kept at a time."""

POLICY = f"coalesce((SELECT version FROM {policy.table}), 0)"  # noqa: S608
"""The version of what people may do: the position of the last fact that changed it. An aggregate over the one row
would take twice as long to plan, in every statement.
"""

VIEWER = f"""
    SELECT {POLICY} AS policy, array(
            SELECT status FROM {employees.table} WHERE id = $1 AND (status = $2 OR left_on >= current_date)
        ) AS works_here,
        array(
            SELECT DISTINCT p.permission
            FROM {role_bindings.table} b
            JOIN {roles.table} r ON r.id = b.role_id AND NOT r.retired
            JOIN {role_permissions.table} p ON p.role_id = r.id
            WHERE b.employee_id = $1
        ) AS permissions
"""  # noqa: S608


class RoleViewers:
    """Knows the viewers from their roles."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool
        self._known: Cache[UUID, tuple[Viewer, int]] = Cache(KEPT)

    async def get(self, id: UUID, *, since: int | None = None) -> tuple[Viewer | None, int]:
        """The viewer, None if it is nobody who works here, and the version of the policy that this is of.

        A viewer of an older policy may be returned unless `since` is given.
        """
        known = self._known.find(id)
        if known is not None and (since is None or known[1] >= since):
            return known
        row = await self._pool.fetchrow(VIEWER, id, Status.ACTIVE)
        assert row is not None
        if not row["works_here"]:
            self._known.pop(id, None)
            return None, row["policy"]
        found = Viewer(id, frozenset(row["permissions"])), row["policy"]
        return self._known.keep(id, found) if row["works_here"] == [Status.ACTIVE] else found
