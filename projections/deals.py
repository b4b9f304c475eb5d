"""The ledger of deals: what counts for whom at which amount, one row for each fact, and none ever changes.

Payouts are calculated from it: up to a position of the log it says the same today and in ten years. A deal that is
reversed counts against the day on which it was won, so that a period comes to what it should have been. If the period
was paid by then, nothing is paid back by this alone: proposing adjustments to paid periods is not built yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from asyncpg import Pool, Record
from sqlalchemy import BigInteger, Column, Date, Numeric, Text, Uuid

from domain._kernel import Invalid
from domain._values import Period
from domain.payout_run import Credit, PayoutRun
from domain.work_item import DealReversed, Won
from projections._kernel import Change, projection, read_model
from projections.payout_runs import payout_runs
from store.command import Outcome
from store.log import Log
from store.recorded import Origin, Recorded
from store.writer import Unavailable

deals = read_model(
    "deals",
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("work_item_id", Uuid, nullable=False),
    Column("employee_id", Uuid, nullable=False),
    Column("amount", Numeric, nullable=False),
    Column("currency", Text, nullable=False),
    Column("closed_on", Date, nullable=False, index=True),
)


@projection(deals)
def project(recorded: Recorded) -> Iterator[Change]:
    match recorded.fact:
        case Won() as it:
            amount, closed_on = it.amount, it.effective
        case DealReversed() as it:
            amount, closed_on = -it.amount, it.won_on
        case _:
            return
    yield deals.put(
        recorded.position,
        work_item_id=recorded.stream_id,
        employee_id=it.owner_id,
        amount=amount,
        currency=it.currency,
        closed_on=closed_on,
    )


# ── What a payout run is calculated from ──

_PERIOD = f'SELECT period FROM read."{payout_runs.table.name}" WHERE id = $1'  # noqa: S608 - our own table

_CREDITS = f"""
SELECT work_item_id, employee_id, amount, currency, closed_on, position FROM read."{deals.table.name}"
WHERE closed_on >= $1 AND closed_on < $2 AND position <= $3 ORDER BY position
"""  # noqa: S608 - our own table


async def credits_of(pool: Pool[Record], run_id: UUID, cutoff: int | None = None) -> tuple[list[Credit], int]:
    """The credits of the run's period that are recorded up to the position `cutoff`, and the cutoff.

    Without one it is the head of the log. Raises Invalid if it is ahead of that; no run, no credits.
    """
    needed = {deals.table.name, payout_runs.table.name}
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow("SELECT position, live FROM store.head")
        assert head is not None
        if not needed <= set(head["live"]):
            raise Unavailable("The deals are being brought up to date. Try again in a moment.")
        cutoff = head["position"] if cutoff is None else cutoff
        if cutoff > head["position"]:
            raise Invalid(f"The log stands at {head['position']}, before {cutoff}.", "cutOff")
        period = await connection.fetchval(_PERIOD, run_id)
        if period is None:
            return [], cutoff
        days = Period.parse(period)
        rows = await connection.fetch(_CREDITS, days.start, days.end, cutoff)
    return [Credit(**row) for row in rows], cutoff


async def calculate(
    log: Log,
    pool: Pool[Record],
    run_id: UUID,
    *,
    origin: Origin,
    cutoff: int | None = None,
    expected_version: int | None = None,
    keyed: bool = False,
    asked: Any = None,
) -> Outcome:
    """Calculate a payout run from the facts up to `cutoff`, or up to now; see `Log.run` for the rest. Raises Refused.

    The same cutoff gives the same result, whatever has been recorded since.
    """
    credits, up_to = await credits_of(pool, run_id, cutoff)
    return await log.run(
        PayoutRun,
        run_id,
        PayoutRun.calculate,
        origin=origin,
        expected_version=expected_version,
        keyed=keyed,
        asked={"cutoff": cutoff} if asked is None else asked,
        credits=credits,
        cutoff=up_to,
        by=origin.actor,
    )
