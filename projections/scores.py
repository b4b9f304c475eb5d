"""Scores as they stand: each won deal's and each one that somebody recorded by hand."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Numeric, Text, Uuid

from domain._ids import following
from domain.score import Corrected, Metric, ScoreRecorded, Withdrawn
from domain.work_item import DealReversed, Won
from projections._kernel import Change, projection, read_model
from store.recorded import Recorded


class State(StrEnum):
    RECORDED = "RECORDED"
    CORRECTED = "CORRECTED"
    WITHDRAWN = "WITHDRAWN"


scores = read_model(
    "scores",
    Column("id", Uuid, primary_key=True),
    Column("employee_id", Uuid, nullable=False),
    Column("metric", Text, nullable=False),
    Column("value", Numeric, nullable=False),
    Column("currency", Text),
    Column("effective", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text),
    Column("reason", Text),
    Column("work_item_id", Uuid),
    Column("scored_by", Uuid),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
)
Index(f"{scores.table.name}_employee", scores.c.employee_id, scores.c.effective)
Index(f"{scores.table.name}_day", scores.c.effective, scores.c.id)
Index(f"{scores.table.name}_metric", scores.c.metric, scores.c.effective, scores.c.id)
Index(f"{scores.table.name}_value", scores.c.value, scores.c.id)
Index(
    f"{scores.table.name}_state",
    scores.c.state,
    scores.c.effective,
    scores.c.id,
    postgresql_where=scores.c.state != State.RECORDED.name,
)
Index(f"{scores.table.name}_deal", scores.c.work_item_id, postgresql_where=scores.c.work_item_id.is_not(None))


@projection(scores)
def project(recorded: Recorded) -> Iterator[Change]:
    """A score by hand has the id of its stream; the two of a deal have ids that follow from the work item's."""
    id, at = recorded.stream_id, {"version": recorded.version, "position": recorded.position}
    match recorded.fact:
        case ScoreRecorded() as it:
            yield scores.put(
                id,
                employee_id=it.employee_id,
                metric=it.metric,
                value=it.value,
                effective=it.effective,
                state=State.RECORDED,
                note=it.note,
                scored_by=recorded.origin.actor,
                **at,
            )
        case Corrected() as it:
            yield scores.patch(id, value=it.value, state=State.CORRECTED, reason=it.reason, **at)
        case Withdrawn() as it:
            yield scores.patch(id, state=State.WITHDRAWN, reason=it.reason, **at)
        case Won() as it:
            deal = {"employee_id": it.owner_id, "effective": it.effective, "state": State.RECORDED, **at}
            amount, one = {"value": it.amount, "currency": it.currency}, {"value": Decimal(1)}
            yield scores.put(
                _of_deal(id, Metric.WON_AMOUNT), metric=Metric.WON_AMOUNT, work_item_id=id, **amount, **deal
            )
            yield scores.put(_of_deal(id, Metric.DEALS_WON), metric=Metric.DEALS_WON, work_item_id=id, **one, **deal)
        case DealReversed() as it:
            for metric in (Metric.WON_AMOUNT, Metric.DEALS_WON):
                yield scores.patch(_of_deal(id, metric), state=State.WITHDRAWN, reason=it.reason, **at)


def _of_deal(work_item_id: UUID, metric: Metric) -> UUID:
    return following(work_item_id, metric)
