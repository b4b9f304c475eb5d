"""Commission plans as they stand."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from domain.commission_plan import Approved, Drafted, Retired, Status
from projections._kernel import Change, projection, read_model
from store.recorded import Recorded

commission_plans = read_model(
    "commission_plans",
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("cadence", Text, nullable=False),
    Column("quota", Numeric, nullable=False),
    Column("mode", Text, nullable=False),
    Column("tiers", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("drafted_by", Uuid, nullable=False),
    Column("approved_by", Uuid),
    Column("retired_by", Uuid),
)


@projection(commission_plans)
def project(recorded: Recorded) -> Iterator[Change]:
    id = recorded.stream_id
    match recorded.fact:
        case Drafted() as it:
            yield commission_plans.put(
                id,
                name=it.name,
                currency=it.currency,
                cadence=it.cadence,
                quota=it.quota,
                mode=it.mode,
                tiers=it.tiers,
                status=Status.DRAFT,
                drafted_by=it.drafted_by,
            )
        case Approved() as it:
            yield commission_plans.patch(id, status=Status.APPROVED, approved_by=it.approved_by)
        case Retired() as it:
            yield commission_plans.patch(id, status=Status.RETIRED, retired_by=it.retired_by)
