"""A small office to read: teams, people who report to each other, and their deals. For the tests of the reads alone."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import CreateIndex, CreateTable
from strawberry import ID

from projections._kernel import LINE, ReadModel
from schema._declare import (
    Connection,
    Money,
    Node,
    by_global_id,
    by_id,
    by_key,
    many,
    one,
    part,
    reads,
    resolved,
    seen_by,
    view,
)
from schema._rules import OWN, STAFF, Below, may
from schema._scalars import Position
from schema._schema import build
from schema._select import DIALECT
from schema._view import Arg, At

metadata = MetaData(schema="read")


def _model(name: str, *columns: Column[Any], tree: str | None = None) -> ReadModel:
    """A read model that no log writes: it is not registered."""
    table = Table(
        f"{name}__office",
        metadata,
        Column("id", Uuid, primary_key=True),
        *columns,
        Column("version", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        *([Column(LINE, ARRAY(Uuid))] if tree else []),
    )
    closure = Table(
        f"{table.name}_tree",
        metadata,
        Column("ancestor", Uuid, primary_key=True),
        Column("descendant", Uuid, primary_key=True),
        Column("depth", Integer, nullable=False),
    )
    return ReadModel(name=name, table=table, entity=True, tree=tree, closure=closure, ranked=None, ranks=None)


teams = _model(
    "teams",
    Column("code", Text(collation="C"), nullable=False),
    Column("parent_id", Uuid),
    Column("budget", Numeric),
    Column("budget_currency", Text),
)
people = _model(
    "people",
    Column("name", Text(collation="C"), nullable=False),
    Column("email", Text(collation="C")),
    Column("mood", Text(collation="C"), nullable=False),
    Column("team_id", Uuid, nullable=False),
    Column("manager_id", Uuid),
    Column("salary", Numeric),
    Column("currency", Text),
    Column("age", Integer),
    Column("remote", Boolean, nullable=False),
    Column("hired", Date, nullable=False),
    Column("seen_at", DateTime(timezone=True)),
    Column("notes", JSONB),
    tree="manager_id",
)
deals = _model(
    "deals",
    Column("person_id", Uuid, nullable=False),
    Column("title", Text(collation="C"), nullable=False),
    Column("amount", Numeric, nullable=False),
    Column("currency", Text, nullable=False),
    Column("secret", Text(collation="C")),
    Column("explanation", JSONB),
)
Index("office_deals_person", deals.c.person_id)
Index("office_people_team", people.c.team_id)

BELOW_ME = Below(people)


@strawberry.enum
class Mood(Enum):
    HAPPY = "happy"
    GRUMPY = "grumpy"


@reads(teams, rows=STAFF)
class Team:
    """People who work together."""

    id: ID = seen_by(STAFF)
    code: str = seen_by(STAFF)
    budget: Money | None = seen_by(may("budget.view"))
    parent: Team | None = one("parent_id")
    people: Connection[Person] = many("team_id", order_by=("name",), where=("mood",), order=("name",))
    shouted: str | None = seen_by(STAFF, sql=lambda c: func.upper(c.code))


def _initials(parent: strawberry.Parent[dict[str, Any]]) -> str:
    """What no table knows: made of the id alone."""
    return str(parent["$id"])[-2:]


@reads(people, rows=STAFF, person="id")
class Person:
    """Somebody in the office."""

    id: ID = seen_by(STAFF)
    name: str = seen_by(STAFF)
    email: str | None = seen_by(OWN | may("email.view"))
    mood: Mood = seen_by(STAFF)
    team: Team = one("team_id")
    manager: Person | None = one("manager_id")
    reports: Connection[Person] = many("manager_id", where=("name",), order=("name",), first=3)
    deals: Connection[Deal] | None = many("person_id", order_by=("amount", "title"), seen_by=OWN | BELOW_ME)
    salary: Money | None = seen_by(OWN | BELOW_ME)
    age: int | None = seen_by(may("age.view") & BELOW_ME)
    remote: bool = seen_by(STAFF)
    hired: date = seen_by(STAFF)
    seen_at: datetime | None = seen_by(STAFF)
    position: Position = seen_by(STAFF)
    notes: strawberry.scalars.JSON | None = seen_by(may("notes.view"))
    initials: str = resolved(STAFF)(_initials)


@part
class Leg:
    """One step of an explanation."""

    rate: Decimal = seen_by(STAFF)
    earned: Money = seen_by(STAFF)
    label: str | None = seen_by(may("legs.view"))


@part
class Explanation:
    """Why a deal pays."""

    rounding: Decimal = seen_by(STAFF)
    legs: list[Leg] = seen_by(STAFF)
    best: Leg | None = seen_by(STAFF)
    helper: Person | None = one("helper_id")


@reads(deals, rows=OWN | BELOW_ME | may("deal.view"), person="person_id")
class Deal:
    """Something sold."""

    id: ID = seen_by(STAFF)
    title: str = seen_by(STAFF)
    amount: Money = seen_by(STAFF)
    secret: str | None = seen_by(OWN)
    person: Person | None = one("person_id")
    explanation: Explanation | None = seen_by(STAFF)


@part(person="person_id")
class Standing:
    """A place on the board."""

    rank: int = seen_by(STAFF)
    total: Decimal | None = seen_by(OWN | BELOW_ME)
    person: Person | None = one("person_id")


@part
class Board:
    """Who sold most."""

    entries: list[Standing] = seen_by(STAFF)
    count: int = seen_by(STAFF)


def board(at: At, *, at_least: Arg[Decimal] | None = None, first: Arg[int] | None = None) -> dict[str, Any]:
    """Who sold most, by the sum of their deals."""
    c = deals.c
    total = func.sum(c.amount)
    rows = select(c.person_id, total.label("total"), func.rank().over(order_by=total.desc()).label("rank"))
    rows = rows.group_by(c.person_id).order_by(total.desc(), c.person_id).limit(at.size(first, usual=10))
    if at_least is not None:
        rows = rows.having(total >= at.value(at_least, Numeric()))
    return {"entries": rows, "count": select(func.count(c.person_id.distinct())).scalar_subquery()}


@strawberry.type
class Query:
    person: Person | None = by_id()
    team_by_code: Team | None = by_key("code")
    people: Connection[Person] = many(
        where=("name", "mood", "age", "remote", "hired", "salary", "team_id", "manager", "email", "seen_at", "id"),
        order_by=("name", "mood", "age", "hired", "salary", "seen_at", "email"),
    )
    teams: Connection[Team] = many(order=("-code",))
    deals: Connection[Deal] = many(where=("amount", "title", "secret"), order_by=("amount", "title", "secret"))
    board: Board = view(board)
    node: Node | None = by_global_id()


office = build([Query])


# ── Somebody to see ──


def uuid(kind: int, n: int) -> UUID:
    return UUID(int=kind << 64 | n)


def rows(seed: int = 1) -> dict[ReadModel, list[dict[str, Any]]]:
    """The same office for the same seed."""
    dice = random.Random(seed)
    found: dict[ReadModel, list[dict[str, Any]]] = {teams: [], people: [], deals: []}
    for n in range(4):
        money = None if n == 2 else Decimal(dice.randrange(10_000)).scaleb(-2)
        found[teams].append({
            "id": uuid(1, n), "code": "abcd"[n], "parent_id": uuid(1, 0) if n else None, "budget": money,
            "budget_currency": None if money is None else "EUR", "version": 1, "position": n,
        })  # fmt: skip
    for n in range(14):
        salary = None if n % 5 == 4 else Decimal(dice.randrange(5)) * 100
        seen = datetime(2017, 1, 1, tzinfo=UTC) + timedelta(
            milliseconds=dice.randrange(4) * 250, days=dice.randrange(3)
        )
        found[people].append({
            "id": uuid(2, n), "name": dice.choice(["ann", "bob", "cyd", "dan", "eve"]),
            "email": dice.choice([None, f"{n}@x.example"]),
            "mood": dice.choice(list(Mood)).name, "team_id": uuid(1, dice.randrange(4)),
            "manager_id": uuid(2, (n - 1) // 3) if n else None,
            "salary": salary, "currency": None if salary is None else "USD",
            "age": dice.choice([None, 20, 30, 40]), "remote": dice.random() < 0.5,
            "hired": date(2017, 1, 1 + dice.randrange(5)), "seen_at": dice.choice([None, seen]),
            "notes": dice.choice([None, {"likes": ["tea", 1, None]}, []]), "version": 1, "position": 2**53 + n,
        })  # fmt: skip
    for person in found[people]:
        person[LINE] = [up for up, _ in above(found[people], person["id"])]
    for n in range(30):
        legs = [
            {"rate": "0.040", "earned": str(dice.randrange(99)), "currency": "EUR", "label": dice.choice([None, "x"])}
            for _ in range(dice.randrange(3))
        ]
        explanation = {
            "rounding": "0.00",
            "legs": legs,
            "best": legs[0] if legs else None,
            "helper_id": str(uuid(2, n % 14)),
        }
        found[deals].append({
            "id": uuid(3, n), "person_id": uuid(2, dice.randrange(14)), "title": dice.choice("pqrst"),
            "amount": Decimal(dice.randrange(5)) * 10 + Decimal("0.50"), "currency": "EUR",
            "secret": dice.choice([None, "a", "b", "c"]), "explanation": dice.choice([None, explanation]),
            "version": 1, "position": n,
        })  # fmt: skip
    return found


def above(everybody: list[dict[str, Any]], id: UUID) -> Iterator[tuple[UUID, int]]:
    """Everybody above a person with their distance, the person at 0 first."""
    managers = {row["id"]: row["manager_id"] for row in everybody}
    depth, at = 0, id
    while at is not None:
        yield at, depth
        depth, at = depth + 1, managers[at]


async def fill(connection: Any, data: dict[ReadModel, list[dict[str, Any]]]) -> None:
    """Make the tables of the office and put everybody in."""
    await connection.execute("CREATE SCHEMA IF NOT EXISTS read")
    for table in metadata.sorted_tables:
        await connection.execute(str(CreateTable(table).compile(dialect=DIALECT)))
        for index in table.indexes:
            await connection.execute(str(CreateIndex(index).compile(dialect=DIALECT)))
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=str)
    for model, records in data.items():
        columns = [column.name for column in model.table.c]
        await connection.copy_records_to_table(
            model.table.name,
            schema_name="read",
            columns=[name for name in columns if model.c[name].type.__class__ is not JSONB],
            records=[[row[name] for name in columns if model.c[name].type.__class__ is not JSONB] for row in records],
        )
        for name in (column.name for column in model.table.c if isinstance(column.type, JSONB)):
            await connection.executemany(
                f"UPDATE read.{model.table.name} SET {name} = $2 WHERE id = $1",
                [(row["id"], row[name]) for row in records if row[name] is not None],
            )
    pairs = [(up, row["id"], depth) for row in data[people] for up, depth in above(data[people], row["id"])]
    await connection.copy_records_to_table(
        f"{people.table.name}_tree", schema_name="read", columns=["ancestor", "descendant", "depth"], records=pairs
    )
    await connection.execute("ANALYZE")
