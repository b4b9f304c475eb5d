"""Statements of reads: what is known when one is written stands in it, for PostgreSQL to plan with."""

from __future__ import annotations

import asyncio
from typing import Any

from tests._office import uuid
from tests._reading import Office, loop, place

__all__ = ["loop", "place"]

ME = uuid(2, 1)


def statement(
    place: Office, loop: asyncio.AbstractEventLoop, document: str, **variables: Any
) -> tuple[str, tuple[Any, ...]]:
    """The statement that a document is answered by, once it was; and how its parameters are found."""
    loop.run_until_complete(place.ask(document, ME, **variables))
    operation = place.reader.documents.get(document).operation(None)
    coerced = operation.coerced(place.reader.schema, variables)
    viewer, version = loop.run_until_complete(place.everybody.get(ME))
    plan = place.reader.plan(operation, coerced, viewer, version, mixed=False)
    return plan.sql, plan.getters


def test_a_size_in_the_document_stands_in_the_statement(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    sql, getters = statement(place, loop, "{ people(first: 7) { nodes { name } } }")
    assert "LIMIT 7)" in sql
    assert not getters


def test_a_size_that_is_given_stands_within_the_largest(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    sql, getters = statement(place, loop, "query ($n: Int) { people(first: $n) { nodes { name } } }", n=7)
    assert "LIMIT 200)" in sql
    assert sql.index("LIMIT 200)") < sql.index("LIMIT $1")
    assert len(getters) == 1


def test_one_of_few_values_stands_in_the_statement(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    document = "query ($mood: Mood!) { people(where: {mood: {eq: $mood}}) { nodes { name } } }"
    sql, getters = statement(place, loop, document, mood="HAPPY")
    assert "= 'HAPPY'" in sql
    assert not getters


def test_what_a_client_writes_is_bound(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    sql, getters = statement(place, loop, """{ people(where: {name: {eq: "x' OR true --"}}) { nodes { name } } }""")
    assert "OR true" not in sql
    assert len(getters) == 1
