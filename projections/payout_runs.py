"""Payout runs as they stand, each with the result of its latest calculation."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Computed, DateTime, Integer, Numeric, Text, Uuid

from domain.payout_run import Approved, Calculated, Cancelled, Opened, Rejected, Released, Status
from projections._kernel import Change, projection, read_model
from store.recorded import Recorded

FEW = 5
ABOUT_FEW = f"CASE WHEN line_count < {FEW} THEN id END"
"""What fewer people than that get together says too much of what each gets: such a run is not about nobody."""

payout_runs = read_model(
    "payout_runs",
    Column("plan_id", Uuid, nullable=False),
    Column("period", Text, nullable=False, index=True),
    Column("provisional", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("cutoff", BigInteger),
    Column("inputs_hash", Text),
    Column("result_hash", Text),
    Column("total", Numeric),
    Column("currency", Text),
    Column("line_count", Integer),
    Column("about_few", Uuid, Computed(ABOUT_FEW, persisted=True)),
    Column("blocked_count", Integer),
    Column("opened_by", Uuid, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("calculated_by", Uuid),
    Column("calculated_at", DateTime(timezone=True)),
    Column("approved_by", Uuid),
    Column("approved_at", DateTime(timezone=True)),
    Column("released_by", Uuid),
    Column("released_at", DateTime(timezone=True)),
    Column("rejected_by", Uuid),
    Column("cancelled_by", Uuid),
    Column("because", Text),
)


@projection(payout_runs)
def project(recorded: Recorded) -> Iterator[Change]:
    """`because`: why it was rejected or cancelled, while it is."""
    id, at = recorded.stream_id, recorded.recorded_at
    match recorded.fact:
        case Opened() as it:
            yield payout_runs.put(
                id,
                plan_id=it.plan_id,
                period=it.period,
                provisional=it.provisional,
                status=Status.DRAFT,
                revision=0,
                opened_by=it.opened_by,
                opened_at=at,
            )
        case Calculated() as it:
            yield payout_runs.patch(
                id,
                status=Status.CALCULATED,
                revision=it.revision,
                cutoff=it.cutoff,
                inputs_hash=it.inputs_hash,
                result_hash=it.result_hash,
                total=it.total,
                currency=it.currency,
                line_count=it.lines,
                blocked_count=it.blocked,
                calculated_by=it.calculated_by,
                calculated_at=at,
                rejected_by=None,
                because=None,
            )
        case Approved() as it:
            yield payout_runs.patch(id, status=Status.APPROVED, approved_by=it.approved_by, approved_at=at)
        case Rejected() as it:
            yield payout_runs.patch(id, status=Status.REJECTED, rejected_by=it.rejected_by, because=it.reason)
        case Released() as it:
            yield payout_runs.patch(id, status=Status.RELEASED, released_by=it.released_by, released_at=at)
        case Cancelled() as it:
            yield payout_runs.patch(id, status=Status.CANCELLED, cancelled_by=it.cancelled_by, because=it.reason)
