"""What changed in each employment, and from which day on: one row for each change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, Text, Uuid

from domain.employee import Hired, ManagerChanged, Promoted, Rehired, Terminated, Transferred
from projections._kernel import Change, projection, read_model
from store.recorded import Recorded

employment_changes = read_model(
    "employment_changes",
    Column("employee_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("effective", Date, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("title", Text),
    Column("department_id", Uuid, index=True),
    Column("manager_id", Uuid),
    Column("because", Text),
)


@projection(employment_changes)
def project(recorded: Recorded) -> Iterator[Change]:
    match recorded.fact:
        case Hired() as it:
            yield _change(recorded, "HIRED", title=it.title, department_id=it.department_id, manager_id=it.manager_id)
        case Rehired() as it:
            yield _change(recorded, "REHIRED", title=it.title, department_id=it.department_id, manager_id=it.manager_id)
        case Transferred() as it:
            yield _change(recorded, "TRANSFERRED", department_id=it.department_id)
        case Promoted() as it:
            yield _change(recorded, "PROMOTED", title=it.title)
        case ManagerChanged() as it:
            yield _change(recorded, "MANAGER_CHANGED", manager_id=it.manager_id)
        case Terminated() as it:
            yield _change(recorded, "TERMINATED", because=it.reason)


def _change(recorded: Recorded, kind: str, **values: Any) -> Change:
    return employment_changes.put(
        recorded.stream_id,
        recorded.version,
        kind=kind,
        effective=recorded.effective,
        recorded_at=recorded.recorded_at,
        position=recorded.position,
        **values,
    )
