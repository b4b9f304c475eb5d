"""The bank's accounts, as the next version of the program shows them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import BigInteger, Column, Numeric, Text, Uuid

from projections._kernel import READ_MODELS, Change, Ranked, projection, read_model
from store.recorded import Recorded
from tests._ledger import Booked, Closed, Moved, Opened, nicknames, turnover

accounts = read_model(
    "ledger_accounts",
    Column("number", Text, nullable=False),
    Column("branch", Text, nullable=False),
    Column("balance", Numeric, nullable=False),
    Column("bookings", BigInteger, nullable=False),
    Column("parent_id", Uuid, index=True),
    tree="parent_id",
    ranked=Ranked("balance", ("branch",)),
)


@projection(accounts)
def project(recorded: Recorded) -> Iterator[Change]:
    id, it = recorded.stream_id, recorded.fact
    match it:
        case Opened():
            yield accounts.put(
                id, number=it.number, branch=it.branch, balance=Decimal(), bookings=0, parent_id=it.parent_id
            )
        case Booked():
            yield accounts.add(id, balance=it.amount, bookings=1)
        case Moved():
            yield accounts.patch(id, parent_id=it.parent_id)
        case Closed():
            yield accounts.drop(id)


READ_MODELS.remove(accounts)
MODELS = [accounts, turnover, nicknames]
