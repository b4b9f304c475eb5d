"""Assignments: who owned which work item from when to when, one row for each spell."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Column, Date, Index, Text, Uuid

from domain._ids import following
from domain.work_item import Assigned, Completed, Lost, Reassigned, Returned, Won
from projections._kernel import Change, projection, read_model
from store.recorded import Recorded


class State(StrEnum):
    ACTIVE = "ACTIVE"
    REASSIGNED = "REASSIGNED"
    RETURNED = "RETURNED"
    COMPLETED = "COMPLETED"


assignments = read_model(
    "assignments",
    Column("id", Uuid, primary_key=True),
    Column("work_item_id", Uuid, nullable=False, index=True),
    Column("employee_id", Uuid, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("state", Text, nullable=False),
)
Index(f"{assignments.table.name}_employee", assignments.c.employee_id, assignments.c.since)
Index(f"{assignments.table.name}_since", assignments.c.since, assignments.c.id)
Index(f"{assignments.table.name}_until", assignments.c.until, assignments.c.id)
Index(
    f"{assignments.table.name}_state",  # most are completed in the end
    assignments.c.state,
    assignments.c.since,
    assignments.c.id,
    postgresql_where=assignments.c.state != State.COMPLETED.name,
)


@projection(assignments)
def project(recorded: Recorded) -> Iterator[Change]:
    """Whatever happens to work that somebody owns ends the spell: so it is the fact before that began it."""
    match recorded.fact:
        case Reassigned():
            yield _ended(recorded, State.REASSIGNED)
            yield _begun(recorded)
        case Assigned():
            yield _begun(recorded)
        case Returned():
            yield _ended(recorded, State.RETURNED)
        case Won() | Lost() | Completed():
            yield _ended(recorded, State.COMPLETED)


def _begun(recorded: Recorded) -> Change:
    it = recorded.fact
    return assignments.put(
        _spell(recorded.stream_id, recorded.version),
        work_item_id=recorded.stream_id,
        employee_id=it.owner_id,
        since=it.effective,
        state=State.ACTIVE,
    )


def _ended(recorded: Recorded, state: State) -> Change:
    return assignments.patch(
        _spell(recorded.stream_id, recorded.version - 1), until=recorded.fact.effective, state=state
    )


def _spell(work_item_id: UUID, version: int) -> UUID:
    return following(work_item_id, f"assignment {version}")
