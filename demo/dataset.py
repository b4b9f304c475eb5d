"""The files of the demo, read strictly: rows with types, and with a remark wherever the file is not what it should be.

Known dirt is put right or left out, never silently: each kind is counted, and each row says what its file said. What
nobody has seen yet (an unknown agent, an id twice, a close date before the engage date) is Unreadable.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from demo.dirt import Dirt, Remark, misspelt, of_one_deal, spelt

DATA = Path(__file__).parent / "data"
TEAMS, ACCOUNTS, PRODUCTS, PIPELINE = "sales_teams.csv", "accounts.csv", "products.csv", "sales_pipeline.csv"


class Unreadable(Exception):
    """A file says something that can't be, and that nobody has decided how to read."""


# ── Rows ──


class Stage(StrEnum):
    PROSPECTING = "Prospecting"
    ENGAGING = "Engaging"
    WON = "Won"
    LOST = "Lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    file: str
    line: int
    remarks: tuple[Remark, ...] = ()

    def because(self, *kinds: Dirt) -> str:
        """Where it comes from, and what there is to say of it: of these kinds, or of all."""
        said = [remark.text for remark in self.remarks if not kinds or remark.dirt in kinds]
        return " ".join([f"{self.file}, line {self.line}.", *said])


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent(Row):
    name: str
    manager: str
    office: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Row):
    name: str
    sector: str
    founded: int
    country: str
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal(Row):
    """`amount` in US dollars, of a deal that was won."""

    reference: str
    agent: str
    product: str
    account: str | None
    stage: Stage
    engaged_on: date | None
    closed_on: date | None
    amount: Decimal | None

    @property
    def is_open(self) -> bool:
        return self.closed_on is None


@dataclass(frozen=True, kw_only=True)
class Dataset:
    agents: Sequence[Agent]
    accounts: Sequence[Account]
    deals: Sequence[Deal]

    @cached_property
    def managers(self) -> dict[str, Agent]:
        """Each manager, by the first of their agents: who says in which office they are."""
        return {agent.manager: agent for agent in reversed(self.agents)}

    @cached_property
    def last_day(self) -> date:
        return max(deal.closed_on for deal in self.deals if deal.closed_on)

    @cached_property
    def dirt(self) -> Counter[Dirt]:
        """How much of each kind there is."""
        rows = (*self.agents, *self.accounts, *self.deals)
        return Counter(remark.dirt for row in rows for remark in row.remarks)


# ── Reading ──


def read(folder: Path = DATA) -> Dataset:
    """All of it. Raises Unreadable."""
    agents = [_agent(line, said) for line, said in _rows(folder / TEAMS)]
    accounts = [_account(line, said) for line, said in _rows(folder / ACCOUNTS)]
    products = {said["product"] for _, said in _rows(folder / PRODUCTS)}
    deals = [_deal(line, said) for line, said in _rows(folder / PIPELINE)]
    _must_be_known("product", (deal.product for deal in deals), products)
    _must_be_known("agent", (deal.agent for deal in deals), {agent.name for agent in agents})
    _must_be_known("account", (deal.account for deal in deals), {None} | {account.name for account in accounts})
    _must_be_known("account", (account.parent for account in accounts), {None} | {it.name for it in accounts})
    if len({(agent.manager, agent.office) for agent in agents}) > len({agent.manager for agent in agents}):
        raise Unreadable("A manager is in two offices.")
    for name, keys in {
        "agent": [agent.name for agent in agents],
        "account": [account.name.casefold() for account in accounts],
        "opportunity": [deal.reference.casefold() for deal in deals],
    }.items():
        if twice := [key for key, times in Counter(keys).items() if times > 1]:
            raise Unreadable(f"There is an {name} twice: {twice[0]}.")
    return Dataset(agents=_without_deals(agents, deals), accounts=accounts, deals=_compared(deals, accounts))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        for row in rows:
            yield rows.line_num, row


def _agent(line: int, said: Mapping[str, str]) -> Agent:
    return Agent(
        file=TEAMS, line=line, name=said["sales_agent"], manager=said["manager"], office=said["regional_office"]
    )


def _account(line: int, said: Mapping[str, str]) -> Account:
    return Account(
        file=ACCOUNTS,
        line=line,
        name=said["account"],
        sector=spelt(said["sector"]),
        founded=int(said["year_established"]),
        country=spelt(said["office_location"]),
        parent=said["subsidiary_of"] or None,
        remarks=(*misspelt(Dirt.SECTOR, said["sector"]), *misspelt(Dirt.COUNTRY, said["office_location"])),
    )


def _deal(line: int, said: Mapping[str, str]) -> Deal:
    try:
        stage = Stage(said["deal_stage"])
        engaged_on, closed_on = (
            date.fromisoformat(it) if (it := said[f"{k}_date"]) else None for k in ("engage", "close")
        )
    except ValueError as error:
        raise Unreadable(f"{PIPELINE}, line {line}: {error}") from error
    closed, value = stage in (Stage.WON, Stage.LOST), said["close_value"]
    won = stage is Stage.WON
    if closed is not bool(closed_on and engaged_on and engaged_on <= closed_on) or closed is not bool(value):
        raise Unreadable(
            f"{PIPELINE}, line {line}: a deal has a value and a close date, after its engage date, if closed."
        )
    if closed and won is not (value.isdecimal() and int(value) > 0):
        raise Unreadable(f"{PIPELINE}, line {line}: a deal is worth something if, and only if, it was won.")
    return Deal(
        file=PIPELINE,
        line=line,
        reference=said["opportunity_id"],
        agent=said["sales_agent"],
        product=spelt(said["product"]),
        account=said["account"] or None,
        stage=stage,
        engaged_on=engaged_on,
        closed_on=closed_on,
        amount=Decimal(value) if won else None,
        remarks=tuple(of_one_deal(said)),
    )


# ── Remarks ──


def _compared(deals: Sequence[Deal], accounts: Sequence[Account]) -> list[Deal]:
    """What there is to say of a deal only when all the others are known."""
    founded = {account.name: account.founded for account in accounts}
    last_day = max(deal.closed_on for deal in deals if deal.closed_on)
    longest = max(deal.closed_on - deal.engaged_on for deal in deals if deal.closed_on and deal.engaged_on)
    first: dict[Deal, str] = {}
    compared = []
    for deal in deals:
        remarks = list(deal.remarks)
        alike = first.setdefault(replace(deal, line=0, reference=""), deal.reference)
        if alike != deal.reference:
            remarks.append(Remark(Dirt.ALIKE, f"But for its id it is like {alike}."))
        if deal.is_open and deal.engaged_on and last_day - deal.engaged_on > longest:
            remarks.append(Remark(Dirt.STALE, f"Open for more than {longest.days} days, as no closed deal ever was."))
        if deal.account and deal.engaged_on and deal.engaged_on.year < founded[deal.account]:
            text = f"The accounts say that {deal.account} was founded in {founded[deal.account]}."
            remarks.append(Remark(Dirt.UNFOUNDED, text))
        compared.append(replace(deal, remarks=tuple(remarks)))
    return compared


def _without_deals(agents: Sequence[Agent], deals: Sequence[Deal]) -> list[Agent]:
    busy = {deal.agent for deal in deals}
    idle = (Remark(Dirt.NO_DEALS, "The pipeline has no deal of theirs."),)
    return [agent if agent.name in busy else replace(agent, remarks=idle) for agent in agents]


def _must_be_known(what: str, said: Iterator[str | None], known: set[str | None] | set[str]) -> None:
    if unknown := set(said) - known:
        raise Unreadable(f"There is no such {what}: {unknown}.")
