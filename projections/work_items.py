"""Work items as they stand: customers, opportunities, campaigns and tasks."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, Computed, Date, Index, Numeric, Text, Uuid

from domain.work_item import (
    Assigned,
    Completed,
    DealReversed,
    Kind,
    Lost,
    Reassigned,
    Registered,
    Returned,
    Status,
    Won,
)
from projections._kernel import Change, projection, read_model
from store.recorded import Recorded

PRIVATE_TO = f"CASE WHEN kind <> '{Kind.CUSTOMER}' THEN owner_id END"
"""Customers, and work that nobody owns yet, are everybody's to know."""

work_items = read_model(
    "work_items",
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("reference", Text),
    Column("customer_id", Uuid),
    Column("owner_id", Uuid, index=True),
    Column("private_to", Uuid, Computed(PRIVATE_TO, persisted=True), index=True),
    Column("status", Text, nullable=False),
    Column("engaged_on", Date),
    Column("assigned_on", Date),
    Column("closed_on", Date),
    Column("amount", Numeric),
    Column("currency", Text),
    Column("lost_because", Text),
    Column("reversed_on", Date),
    Column("reversed_because", Text),
)
Index(f"{work_items.table.name}_title", work_items.c.title, work_items.c.id)
Index(f"{work_items.table.name}_reference", work_items.c.reference, work_items.c.kind)
for _column in (work_items.c.status, work_items.c.engaged_on, work_items.c.closed_on, work_items.c.amount):
    Index(f"{work_items.table.name}_{_column.name}", _column, work_items.c.id)
Index(
    f"{work_items.table.name}_kind",  # most are opportunities
    work_items.c.kind,
    work_items.c.title,
    work_items.c.id,
    postgresql_where=work_items.c.kind != Kind.OPPORTUNITY.name,
)
Index(
    f"{work_items.table.name}_customer",
    work_items.c.customer_id,
    postgresql_where=work_items.c.customer_id.is_not(None),
)


@projection(work_items)
def project(recorded: Recorded) -> Iterator[Change]:
    id = recorded.stream_id
    match recorded.fact:
        case Registered() as it:
            yield work_items.put(
                id,
                kind=it.kind,
                title=it.title,
                reference=it.reference,
                customer_id=it.customer_id,
                engaged_on=it.engaged_on,
                status=Status.UNASSIGNED,
            )
        case Assigned() | Reassigned() as it:
            yield work_items.patch(id, owner_id=it.owner_id, assigned_on=it.effective, status=Status.ACTIVE)
        case Returned():
            yield work_items.patch(id, owner_id=None, assigned_on=None, status=Status.UNASSIGNED)
        case Won() as it:
            yield work_items.patch(
                id, status=Status.WON, closed_on=it.effective, amount=it.amount, currency=it.currency
            )
        case Lost() as it:
            yield work_items.patch(id, status=Status.LOST, closed_on=it.effective, lost_because=it.reason)
        case Completed() as it:
            yield work_items.patch(id, status=Status.COMPLETED, closed_on=it.effective)
        case DealReversed() as it:
            yield work_items.patch(id, status=Status.REVERSED, reversed_on=it.effective, reversed_because=it.reason)
