"""What is kept of documents is little, whatever they are: the garbage collector looks through all of it at once."""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any
from uuid import UUID
from weakref import ref

import pytest
from graphql import GraphQLNamedType, GraphQLSchema, Source

from schema import schema
from schema._documents import Documents
from schema._media import is_json, negotiated
from schema._plan import Cache
from schema._reader import Reader, Viewer

GRAPH = schema()._schema  # noqa: SLF001
MOST_OBJECTS = 200
"""Of what counts for one. 2,000 such are 400,000 objects, which a full collection goes through in some 50 ms."""

ELSEWHERE = (type, ModuleType, GraphQLSchema, GraphQLNamedType, Source)
"""What is there once, whatever is kept."""


def _objects(of: object) -> int:
    """How many objects the garbage collector looks at because of this one."""
    seen = {id(of): of}
    left = [of]
    while left:
        found = gc.get_referents(*(each for each in left if not isinstance(each, FunctionType)))
        found += [each.__closure__ for each in left if isinstance(each, FunctionType)]
        left = []
        for each in found:
            if id(each) not in seen and gc.is_tracked(each) and not isinstance(each, ELSEWHERE):
                seen[id(each)] = each
                left.append(each)
    return len(seen)


@pytest.mark.parametrize(
    "document",
    [
        "{ viewer { id } }",
        "{ employees { nodes { " + "a: name " * 480 + "} } }",
        "#\n{ employees { nodes { " + "name " * 480 + "} } }",
        "{ employees(where: {id: {in: [" + '"" ' * 2_800 + "]}}) { totalCount } }",
        "{ employees(where: {status: {in: [" + "A " * 2_800 + "]}}) { totalCount } }",
        "{ " + "a " * 2_900 + "}",
        "{ a(b: [",
    ],
)
def test_a_document_weighs_what_is_kept_of_it(document: str) -> None:
    found = Documents(GRAPH).get(document)
    assert _objects(found) < MOST_OBJECTS * found.weight
    if not found.errors:
        assert found.parsed is not None
        assert _objects(found) < MOST_OBJECTS * found.weight, "with the places of everything"


@pytest.mark.parametrize("conditions", [1, 250])
def test_a_plan_weighs_what_is_kept_of_it(conditions: int) -> None:
    reader = Reader(GRAPH, None, None, b"")  # type: ignore[arg-type]  # nothing is read
    operation = reader.documents.get("query ($w: EmployeeWhere) { employees(where: $w) { totalCount } }").operation(
        None
    )
    variables = {"w": {"and": [{"name": {"eq": "a"}}] * conditions}}
    plan = reader.plan(operation, variables, Viewer(UUID(int=1)), 1, mixed=False)
    assert len(plan.getters) >= conditions
    assert _objects(plan) < MOST_OBJECTS * plan.weight


@dataclass(frozen=True)
class Heavy:
    weight: int


def test_what_is_heavy_counts_for_several() -> None:
    cache: Cache[str, Any] = Cache(5)
    for name in "abc":
        cache.keep(name, name)
    cache.keep("three", Heavy(3))
    assert list(cache) == ["b", "c", "three"]
    cache.keep("three", Heavy(4))
    assert list(cache) == ["c", "three"]
    cache.keep("three", Heavy(1))
    for name in "defg":
        cache.keep(name, name)
    assert list(cache) == ["three", *"defg"]
    cache.keep("too heavy", Heavy(6))
    assert not cache
    cache.keep("h", "h")
    assert list(cache) == ["h"]


def test_nothing_of_a_document_outlives_it() -> None:
    reader, seen = Reader(GRAPH, None, None, b""), []  # type: ignore[arg-type]  # nothing is read
    for n in range(30):
        ids = '"" ' * 2_800
        text = f"query ($n: Int) {{ a{n}: employees(first: $n, where: {{id: {{in: [{ids}]}}}}) {{ totalCount }} }}"
        operation = reader.documents.get(text).operation(None)
        reader.coerced(operation, {"n": 1})
        seen.append(ref(operation))
    del operation
    gc.collect()
    kept = reader.documents._known.values()  # noqa: SLF001
    assert sum(each() is not None for each in seen) == len(kept) < 20


@pytest.mark.parametrize(("commas", "kept"), [(10, 1), (60_000, 0)])
def test_no_plan_of_a_very_long_document_is_kept(commas: int, kept: int) -> None:
    reader = Reader(GRAPH, None, None, b"")  # type: ignore[arg-type]  # nothing is read
    operation = reader.documents.get("{ employees { totalCount } }" + "," * commas).operation(None)
    reader.plan(operation, {}, Viewer(UUID(int=1)), 1, mixed=False)
    assert len(reader._plans) == kept  # noqa: SLF001


def test_no_long_header_is_kept() -> None:
    said = b"text/html," * 1_000
    before = sys.getrefcount(said)
    assert not is_json(said)
    assert negotiated(said) is None
    assert sys.getrefcount(said) == before
