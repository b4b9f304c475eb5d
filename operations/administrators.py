"""Who administrates: made, unmade and listed from the command line, by the same commands that the API gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg

from domain.employee import Employee, Status
from domain.role import ADMINISTRATOR, PERMISSIONS, Role
from projections.employees import employees
from projections.roles import role_bindings
from store.log import Log
from store.recorded import Origin

_LISTED = f"""
    SELECT e.id, e.number, e.name, e.status = $2 AS works_here
    FROM {role_bindings.table} b JOIN {employees.table} e ON e.id = b.employee_id
    WHERE b.role_id = $1 ORDER BY e.number
"""  # noqa: S608

EVERYTHING = frozenset(PERMISSIONS)


@dataclass(frozen=True, slots=True)
class Administrator:
    id: UUID
    number: str
    name: str | None
    works_here: bool


async def listed(pool: asyncpg.Pool[asyncpg.Record]) -> Sequence[Administrator]:
    rows = await pool.fetch(_LISTED, ADMINISTRATOR, Status.ACTIVE)
    return [Administrator(**row) for row in rows]


async def create(log: Log, origin: Origin, *, number: str, name: str, work_email: str, title: str) -> UUID:
    """Hire somebody as of today, and make them administrator. Raises Refused."""
    id, today = uuid4(), datetime.now(UTC).date()
    await log.run(
        Employee,
        id,
        Employee.hire,
        origin=origin,
        number=number,
        name=name,
        work_email=work_email,
        title=title,
        effective=today,
        today=today,
    )
    await make(log, origin, id)
    return id


async def make(log: Log, origin: Origin, id: UUID) -> None:
    """Raises Refused, if it is nobody who works here."""
    await log.run(Role, ADMINISTRATOR, Role.bind, origin=origin, employee_id=id, holder=EVERYTHING)


async def unmake(log: Log, origin: Origin, id: UUID) -> None:
    """Raises Refused, if nobody else is left."""
    await log.run(Role, ADMINISTRATOR, Role.unbind, origin=origin, employee_id=id, holder=EVERYTHING)
