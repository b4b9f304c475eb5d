"""Work that has been done, when it does not matter how it came about."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from domain.work_item import Kind, WorkItem
from tests._api import Api

LONG_AGO = date(2016, 1, 1)


async def opportunity(api: Api, owner_id: UUID | None = None, title: str = "A deal", **given: Any) -> UUID:
    """An opportunity, somebody's since long ago."""
    id = uuid4()
    await api.run(WorkItem, id, WorkItem.register, kind=Kind.OPPORTUNITY, title=title, **given)
    if owner_id:
        await api.run(WorkItem, id, WorkItem.assign, owner_id=owner_id, effective=LONG_AGO)
    return id


async def won(api: Api, owner_id: UUID, amount: str, day: str = "2017-02-01", currency: str = "USD") -> UUID:
    """A deal that counts for somebody on a day."""
    id = await opportunity(api, owner_id)
    money: dict[str, Any] = {"amount": Decimal(amount), "currency": currency}
    await api.run(WorkItem, id, WorkItem.win, effective=date.fromisoformat(day), **money)
    return id


async def taken_back(api: Api, id: UUID, day: str) -> None:
    await api.run(WorkItem, id, WorkItem.reverse, reason="Never real.", effective=date.fromisoformat(day))
