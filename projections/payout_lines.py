"""Payout lines: what each person is paid by a run, and why; or why it could not be calculated.

A line holds while its revision is that of its run: whoever is paid nothing by a later revision keeps an old line here.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Integer, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from domain._commission import PRECISION
from domain._ids import following
from domain._values import minor_units
from domain.payout_run import LineBlocked, LineCalculated
from projections._kernel import Change, projection, read_model
from store.recorded import Recorded


class State(StrEnum):
    CALCULATED = "CALCULATED"
    BLOCKED = "BLOCKED"


payout_lines = read_model(
    "payout_lines",
    Column("id", Uuid, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("employee_id", Uuid, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("blocked_by", Text),
    Column("amount", Numeric),
    Column("currency", Text),
    Column("explanation", JSONB, nullable=False),
)
for _column in (payout_lines.c.employee_id, payout_lines.c.amount):
    _of_run = (payout_lines.c.run_id, payout_lines.c.revision)
    Index(f"{payout_lines.table.name}_run_{_column.name}", *_of_run, _column, payout_lines.c.id)
Index(f"{payout_lines.table.name}_amount", payout_lines.c.amount, payout_lines.c.id)
Index(
    f"{payout_lines.table.name}_state",
    payout_lines.c.state,
    payout_lines.c.id,
    postgresql_where=payout_lines.c.state != State.CALCULATED.name,
)


@projection(payout_lines)
def project(recorded: Recorded) -> Iterator[Change]:
    run_id = recorded.stream_id
    match recorded.fact:
        case LineCalculated() as it:
            yield payout_lines.put(
                _line(run_id, it.employee_id),
                run_id=run_id,
                revision=it.revision,
                employee_id=it.employee_id,
                state=State.CALCULATED,
                amount=it.amount,
                currency=it.currency,
                explanation=_explanation(it),
            )
        case LineBlocked() as it:
            yield payout_lines.put(
                _line(run_id, it.employee_id),
                run_id=run_id,
                revision=it.revision,
                employee_id=it.employee_id,
                state=State.BLOCKED,
                blocked_by=it.code,
                explanation={"deals": [_deal(each, each.currency) for each in it.credits], "legs": []},
            )


def _line(run_id: UUID, employee_id: UUID) -> UUID:
    return following(run_id, str(employee_id))


def _explanation(it: LineCalculated) -> dict[str, Any]:
    places = minor_units(it.currency)
    return {
        "credited": it.credited,
        "attainment": it.attainment,
        "deals": [_deal(each, it.currency) for each in it.deals],
        "legs": [
            {
                "start": _plain(leg.start, places),
                "end": None if leg.end is None else _plain(leg.end, places),
                "amount": _plain(leg.amount, places),
                "rate": leg.rate,
                "exact": _plain(leg.exact, places),
                "earned": leg.earned,
                "currency": it.currency,
            }
            for leg in it.legs
        ],
        "exact": _plain(it.exact, places),
        "rounding": _plain(-it.remainder, places),
        "currency": it.currency,
    }


def _plain(value: Decimal, places: int) -> Decimal:
    """The same number with as many decimals as the currency has, and more only if it needs them."""
    with localcontext(prec=PRECISION):
        needed = value.normalize().as_tuple().exponent
        assert isinstance(needed, int)
        return value.quantize(Decimal(1).scaleb(min(-places, needed)))


def _deal(deal: Any, currency: str) -> dict[str, Any]:
    return {
        "work_item_id": deal.work_item_id,
        "closed_on": deal.closed_on,
        "amount": deal.amount,
        "currency": currency,
        "position": deal.position,
    }
