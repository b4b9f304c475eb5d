"""Whatever list of the API somebody asks for, PostgreSQL can find it by an index, however many rows there will be.

It is asked to plan without the ways that go through everything: what is left in a plan then has no index. Nothing is
measured, and the tables are empty.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import pytest
from graphql import GraphQLNamedType, get_named_type
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Numeric, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.types.enum import StrawberryEnumDefinition

from domain.role import PERMISSIONS
from projections._kernel import READ_MODELS
from projections._tables import create
from schema import schema
from schema._declare import SHAPES, Shape, shape_of
from schema._inputs import Handle, handles
from schema._reader import Reader, Viewer
from schema._reading import Many, reading
from schema.history import log

API = schema()._schema  # noqa: SLF001  # what the reader compiles for
SEES_ALL, SEES_LITTLE = (Viewer(UUID(int=1), permissions) for permissions in (frozenset(PERMISSIONS), frozenset()))

OURS = "projections."

FEW = {"departments", "roles", "commission_plans", "payout_runs"}
"""These grow with what an organisation is and not with its people or its years: hundreds of rows at most."""

NEARLY_UNIQUE = {"name", "number", "reference"}
"""Few rows of work or people have the same: what an index sorts by these is sorted by id in small heaps."""

USUAL = {
    ("Employee", "status"): {"ACTIVE"},
    ("WorkItem", "kind"): {"OPPORTUNITY"},
    ("Assignment", "state"): {"COMPLETED"},
    ("Score", "state"): {"RECORDED"},
    ("ScoreEntry", "cause"): {"WON", "RECORDED"},
    ("Target", "state"): {"SET"},
    ("PayoutLine", "state"): {"CALCULATED"},
}
"""What nearly all rows have. A page of them is found by reading the list itself, so no index is kept for it."""

VALUES = {
    "ID": '"Employee_0b9ff1d2-7a53-4c9e-8a5e-5a0d2c1c9b7e"',
    "UUID": '"0b9ff1d2-7a53-4c9e-8a5e-5a0d2c1c9b7e"',
    "String": '"x"',
    "PhoneNumber": '"+442079460018"',
    "Date": '"2017-01-01"',
    "DateTime": '"2017-01-01T00:00:00Z"',
    "Decimal": '"1"',
    "Position": "1",
}
ID = VALUES["ID"]


class List(NamedTuple):
    """A connection, and where it is: of everything, or of one object."""

    owner: str
    name: str
    many: Many
    shape: Shape

    def __str__(self) -> str:
        return f"{self.owner}.{self.name}"

    def asked(self, what: str, *arguments: str) -> str:
        given = f"({', '.join(arguments)})" if arguments else ""
        found = f"{self.name}{given} {{ {what} }}"
        if self.owner != "Query":
            found = f"{self.owner[0].lower()}{self.owner[1:]}(id: {ID}) {{ {found} }}"
        return f"{{ {found} }}"


def _lists() -> Iterator[List]:
    for owner in ("Query", *(name for name in SHAPES if name in API.type_map)):
        kind: Any = API.type_map[owner]
        for name, field in kind.fields.items():
            many = reading(field.extensions["strawberry-definition"]) if field.extensions else None
            if isinstance(many, Many):
                node: GraphQLNamedType = get_named_type(get_named_type(field.type).fields["nodes"].type)
                yield List(owner, name, many, shape_of(node))


def growing(it: List) -> bool:
    assert it.shape.model is not None
    return it.shape.model.name not in FEW


LISTS = list(_lists())
EVERYTHING = [each for each in LISTS if each.owner == "Query" and growing(each)]
THEIRS = [each for each in LISTS if each.owner in ("Employee", "Role", "WorkItem", "PayoutRun") and growing(each)]


ROWS = 2_000
SOMETHING: dict[type[Any], str] = {
    Uuid: "md5('{0}' || n)::uuid",
    Text: "'{0} ' || n",
    Date: "DATE '2017-01-01' + n",
    DateTime: "TIMESTAMPTZ '2017-01-01Z' + n * INTERVAL '1 day'",
    BigInteger: "n",
    Integer: "n",
    Numeric: "n",
    Boolean: "n % 2 = 0",
    JSONB: "'{{}}'",
}
LOGGED = "INSERT INTO store.log ({}, data, leaf) SELECT {}, '', sha256(n::text::bytea) FROM generate_series(1, {}) n"


def filled(table: Table, insert: str = "INSERT INTO read.{} ({}) SELECT {} FROM generate_series(1, {}) n") -> str:
    """Rows of which no two have anything in common."""
    told = {each.name: SOMETHING.get(type(each.type)) for each in table.columns if each.computed is None}
    values = {name: value.format(name) for name, value in told.items() if value}
    names, given = ", ".join(f'"{name}"' for name in values), ", ".join(values.values())
    return LOGGED.format(names, given, ROWS) if table is log.table else insert.format(table.name, names, given, ROWS)


@pytest.fixture(scope="module")
def tables(module_database_url: str) -> str:
    """A database with something in every table that grows."""

    async def fill() -> None:
        connection = await asyncpg.connect(module_database_url)
        for model in [each for each in READ_MODELS if each.project and OURS in each.project.__module__]:
            await create(connection, model)
            if model.name not in FEW:
                await connection.execute(filled(model.table))
        await connection.execute(filled(log.table))
        await connection.execute("ANALYZE")
        await connection.close()

    asyncio.run(fill())
    return module_database_url


@pytest.fixture
async def postgresql(tables: str) -> AsyncIterator[asyncpg.Connection]:
    """One that goes through whole tables, or sorts, only if there is no other way."""
    connection = await asyncpg.connect(tables)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute("SET enable_seqscan = off; SET enable_sort = off")
    yield connection
    await connection.close()


async def plan(postgresql: asyncpg.Connection, document: str, viewer: Viewer) -> Mapping[str, Any]:
    """How it would answer, whatever the values are."""
    reader = Reader(API, None, None, b"")  # type: ignore[arg-type]  # nothing is read
    operation = reader.documents.get(document).operation(None)
    compiled = reader.plan(operation, reader.coerced(operation, {}), viewer, 0, mixed=False)
    assert not compiled.errors, compiled.errors
    await postgresql.execute(f"PREPARE asked AS {compiled.sql}")
    nulls = f"({', '.join(['NULL'] * len(compiled.getters))})" if compiled.getters else ""
    explained = await postgresql.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{nulls}")
    await postgresql.execute("DEALLOCATE asked")
    found: Mapping[str, Any] = json.loads(explained)[0]["Plan"]
    return found


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def scanned(plan: Mapping[str, Any], *, below_limits: bool = True) -> Iterator[Mapping[str, Any]]:
    """How rows of tables that grow are found; only those that no LIMIT stops, if it is not told otherwise."""
    name = plan.get("Relation Name", "").partition("__")[0]
    if name and name not in FEW and name not in ("head", "policy"):
        yield plan
    for below in plan.get("Plans", ()):
        if below_limits or below["Node Type"] != "Limit":
            yield from scanned(below, below_limits=below_limits)


def goes_through_all(plan: Mapping[str, Any]) -> list[str]:
    """Where a plan looks at more rows than a page has."""
    found = [f"reads all of {each['Relation Name']}" for each in scanned(plan) if each["Node Type"] == "Seq Scan"]
    for each in nodes(plan):
        presorted = {key.rpartition(".")[2].split()[0] for key in each.get("Presorted Key", ())}
        few_alike = each["Node Type"] == "Incremental Sort" and presorted & NEARLY_UNIQUE
        if "Sort" in each["Node Type"] and not few_alike and any(scanned(each, below_limits=False)):
            found.append(f"sorts by {each['Sort Key']}")
    return found


@pytest.mark.parametrize("asked", EVERYTHING, ids=str)
async def test_every_page_of_every_order_is_read_off_an_index(asked: List, postgresql: asyncpg.Connection) -> None:
    sortable = [handle.name.removesuffix("_").upper() for handle in handles(asked.shape, asked.many.order_by).values()]
    orders = [f"orderBy: {{field: {each}, direction: {way}}}" for each in sortable for way in ("ASC", "DESC")]
    for order in ([], *([each] for each in orders)):
        for page in ("first: 50", "last: 50", 'first: 50, after: "x"', 'last: 50, before: "x"'):
            document = asked.asked("nodes { __typename } pageInfo { endCursor }", page, *order)
            assert not goes_through_all(await plan(postgresql, document, SEES_ALL)), document


def values(asked: List, handle: Handle) -> list[str]:
    """What is looked for by a filter: something that few rows have."""
    if isinstance(handle.kind, StrawberryEnumDefinition):
        usual = USUAL.get((asked.shape.name, handle.name), set())
        return [each.name for each in handle.kind.values if each.name not in usual]
    where: Any = API.type_map["Query"].fields[asked.name].args["where"].type  # type: ignore[attr-defined]
    return [VALUES[get_named_type(where.fields[handle.graphql_name].type.fields["eq"].type).name]]


@pytest.mark.parametrize("asked", EVERYTHING, ids=str)
async def test_what_few_rows_have_is_found_by_an_index(asked: List, postgresql: asyncpg.Connection) -> None:
    for name, handle in handles(asked.shape, asked.many.where).items():
        column = handle.value.column or handle.name
        for value in values(asked, handle):
            document = asked.asked("totalCount", f"where: {{{name}: {{eq: {value}}}}}")
            found = [each.get("Index Cond", "") for each in scanned(await plan(postgresql, document, SEES_ALL))]
            assert found, document
            known = (column, "position") if handle.value.compared else (column,)
            assert any(each in condition for condition in found for each in known), (document, found)


@pytest.mark.parametrize("wanted", ['startsWith: "x"', 'in: ["x", "y"]', 'ne: "x"', 'contains: "x"'])
async def test_of_several_topics_each_is_read_off_its_index(wanted: str, postgresql: asyncpg.Connection) -> None:
    document = f"{{ events(where: {{topic: {{{wanted}}}}}) {{ nodes {{ __typename }} }} }}"
    found = await plan(postgresql, document, SEES_ALL)
    assert not goes_through_all(found)
    assert any("topic =" in each.get("Index Cond", "") for each in scanned(found))


@pytest.mark.parametrize("asked", THEIRS, ids=str)
async def test_what_belongs_to_one_object_is_found_by_it(asked: List, postgresql: asyncpg.Connection) -> None:
    found = await plan(postgresql, asked.asked("totalCount"), SEES_ALL)
    for each in scanned(found):
        assert "Index Cond" in each or each["Node Type"] == "Bitmap Heap Scan", (str(asked), each)


@pytest.mark.parametrize("asked", EVERYTHING, ids=str)
async def test_who_sees_little_is_not_shown_it_by_looking_at_all(asked: List, postgresql: asyncpg.Connection) -> None:
    """Sorting what they see is all right: it is theirs."""
    found = await plan(postgresql, asked.asked("totalCount nodes { __typename }"), SEES_LITTLE)
    assert not [each for each in scanned(found) if each["Node Type"] == "Seq Scan"]
