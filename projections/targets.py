"""Targets as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from sqlalchemy import Column, Index, Numeric, Text, Uuid

from domain.target import Amended, TargetSet, Withdrawn
from projections._kernel import Change, projection, read_model
from store.recorded import Recorded


class State(StrEnum):
    SET = "SET"
    AMENDED = "AMENDED"
    WITHDRAWN = "WITHDRAWN"


targets = read_model(
    "targets",
    Column("employee_id", Uuid, nullable=False),
    Column("metric", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("amount", Numeric, nullable=False),
    Column("currency", Text),
    Column("state", Text, nullable=False),
)
Index(f"{targets.table.name}_whose", targets.c.employee_id, targets.c.metric, targets.c.period)
for _column in (targets.c.period, targets.c.amount):
    Index(f"{targets.table.name}_{_column.name}", _column, targets.c.id)
Index(f"{targets.table.name}_metric", targets.c.metric, targets.c.period, targets.c.id)
Index(
    f"{targets.table.name}_state",
    targets.c.state,
    targets.c.period,
    targets.c.id,
    postgresql_where=targets.c.state != State.SET.name,
)


@projection(targets)
def project(recorded: Recorded) -> Iterator[Change]:
    id = recorded.stream_id
    match recorded.fact:
        case TargetSet() as it:
            yield targets.put(
                id,
                employee_id=it.employee_id,
                metric=it.metric,
                period=it.period,
                amount=it.amount,
                currency=it.currency,
                state=State.SET,
            )
        case Amended() as it:
            yield targets.patch(id, amount=it.amount, state=State.AMENDED)
        case Withdrawn():
            yield targets.patch(id, state=State.WITHDRAWN)
