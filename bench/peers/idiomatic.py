"""The same questions asked of Strawberry as its documentation writes it: resolvers, and a DataLoader for each relation.

Nobody signed in, no rules; documents are parsed and validated once; rows come from asyncpg, without an ORM between.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import strawberry
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

from bench.peers.tables import TABLES

Info = strawberry.Info[Any, None]
POOL: list[asyncpg.Pool[asyncpg.Record]] = []


def _sql(text: str) -> str:
    return text.format(**TABLES)


async def _fetch(text: str, *arguments: Any) -> list[asyncpg.Record]:
    return await POOL[0].fetch(_sql(text), *arguments)


# ── Loaders ──


def _by_id(table: str, make: Callable[[asyncpg.Record], Any]) -> DataLoader[UUID, Any]:
    async def load(ids: list[UUID]) -> Sequence[Any]:
        rows = await _fetch(f"SELECT * FROM {{{table}}} WHERE id = ANY($1)", ids)
        found = {row["id"]: make(row) for row in rows}
        return [found.get(id) for id in ids]

    return DataLoader(load_fn=load)


def _latest(table: str, by: str, make: Callable[[asyncpg.Record], Any]) -> DataLoader[UUID, list[Any]]:
    async def load(ids: list[UUID]) -> Sequence[list[Any]]:
        rows = await _fetch(
            f"SELECT t.* FROM unnest($1::uuid[]) e (id) CROSS JOIN LATERAL ("
            f"SELECT * FROM {{{table}}} WHERE employee_id = e.id ORDER BY {by} DESC, id DESC LIMIT 5) t",
            ids,
        )
        found: defaultdict[UUID, list[Any]] = defaultdict(list)
        for row in rows:
            found[row["employee_id"]].append(make(row))
        return [found[id] for id in ids]

    return DataLoader(load_fn=load)


# ── Types ──


@strawberry.type
class WorkItem:
    title: str

    @classmethod
    def of(cls, row: asyncpg.Record) -> WorkItem:
        return cls(title=row["title"])


@strawberry.type
class Assignment:
    state: str
    work_item_id: strawberry.Private[UUID]
    from_: date = strawberry.field(name="from")

    @strawberry.field
    async def work_item(self, info: Info) -> WorkItem | None:
        found: WorkItem | None = await info.context["work_items"].load(self.work_item_id)
        return found

    @classmethod
    def of(cls, row: asyncpg.Record) -> Assignment:
        return cls(state=row["state"], from_=row["since"], work_item_id=row["work_item_id"])


@strawberry.type
class Score:
    metric: str
    value: Decimal
    effective: date

    @classmethod
    def of(cls, row: asyncpg.Record) -> Score:
        return cls(metric=row["metric"], value=row["value"], effective=row["effective"])


@strawberry.type
class Assignments:
    nodes: list[Assignment]


@strawberry.type
class Scores:
    nodes: list[Score]


@strawberry.type
class Employee:
    id: strawberry.Private[UUID]
    department_id: strawberry.Private[UUID | None]
    manager_id: strawberry.Private[UUID | None]
    number: str
    name: str | None
    work_email: str | None
    title: str
    status: str
    hired_on: date
    left_on: date | None
    version: int

    @strawberry.field
    async def manager(self, info: Info) -> Employee | None:
        found: Employee | None = await info.context["employees"].load(self.manager_id) if self.manager_id else None
        return found

    @strawberry.field
    async def department(self, info: Info) -> Department | None:
        found: Department | None = await info.context["departments"].load(self.department_id)
        return found

    @strawberry.field
    async def assignments(self, info: Info) -> Assignments:
        return Assignments(nodes=await info.context["assignments"].load(self.id))

    @strawberry.field
    async def scores(self, info: Info) -> Scores:
        return Scores(nodes=await info.context["scores"].load(self.id))

    @classmethod
    def of(cls, row: asyncpg.Record) -> Employee:
        return cls(
            id=row["id"],
            department_id=row["department_id"],
            manager_id=row["manager_id"],
            number=row["number"],
            name=row["name"],
            work_email=row["work_email"],
            title=row["title"],
            status=row["status"],
            hired_on=row["hired_on"],
            left_on=row["left_on"],
            version=row["version"],
        )


@strawberry.type
class Employees:
    nodes: list[Employee]


@strawberry.type
class Department:
    id: strawberry.Private[UUID]
    code: str
    name: str

    @strawberry.field
    async def members(self, first: int) -> Employees:
        rows = await _fetch(
            "SELECT * FROM {employees} WHERE department_id = $1 AND status = 'ACTIVE' ORDER BY name, id LIMIT $2",
            self.id,
            first,
        )
        return Employees(nodes=[Employee.of(row) for row in rows])

    @classmethod
    def of(cls, row: asyncpg.Record) -> Department:
        return cls(id=row["id"], code=row["code"], name=row["name"])


@strawberry.type
class Standing:
    employee_id: strawberry.Private[UUID]
    rank: int
    value: Decimal

    @strawberry.field
    async def employee(self, info: Info) -> Employee | None:
        found: Employee | None = await info.context["employees"].load(self.employee_id)
        return found


@strawberry.type
class Leaderboard:
    entries: list[Standing]


@strawberry.type
class Query:
    @strawberry.field
    async def employee(self, info: Info, id: UUID) -> Employee | None:
        found: Employee | None = await info.context["employees"].load(id)
        return found

    @strawberry.field
    async def department(self, info: Info, id: UUID) -> Department | None:
        found: Department | None = await info.context["departments"].load(id)
        return found

    @strawberry.field
    async def leaderboard(self, period: str) -> Leaderboard:
        rows = await _fetch(
            "SELECT employee_id, points, rank() OVER (ORDER BY points DESC) FROM {standings}"
            " WHERE board = (SELECT number FROM {boards} WHERE period = $1) AND points IS NOT NULL"
            " ORDER BY points DESC, employee_id LIMIT 100",
            period,
        )
        return Leaderboard(entries=[Standing(employee_id=row[0], value=row[1], rank=row[2]) for row in rows])


class App(GraphQL[Any, None]):
    async def get_context(self, request: Any, response: Any) -> Any:
        return {
            "request": request,
            "response": response,
            "employees": _by_id("employees", Employee.of),
            "departments": _by_id("departments", Department.of),
            "work_items": _by_id("work_items", WorkItem.of),
            "assignments": _latest("assignments", "since", Assignment.of),
            "scores": _latest("scores", "effective", Score.of),
        }


async def serve() -> None:
    POOL.append(await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10))
    schema = strawberry.Schema(query=Query, extensions=[lambda: ParserCache(1_000), lambda: ValidationCache(1_000)])
    app = Starlette(routes=[Route("/graphql", App(schema))])
    config = uvicorn.Config(app, port=int(os.environ["PORT"]), http="httptools", access_log=False, server_header=False)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(serve())
