"""What asks for too much is refused before it is planned."""

from __future__ import annotations

import asyncio

import pytest
from graphql import get_introspection_query

from tests._office import uuid
from tests._reading import Office, loop, place

__all__ = ["loop", "place"]

DEEP = "{ people { nodes " + "{ manager " * 20 + "{ name }" + " }" * 20 + " } }"
WIDE = "{ " + " ".join(f"a{n}: people {{ totalCount }}" for n in range(31)) + " }"
LONG = "{ people { nodes { " + "name " * 5_000 + "} } }"
BOMB = "{ people { nodes { ...f0 } } } " + " ".join(
    f"fragment f{n} on Person {{ a: manager {{ ...f{n + 1} }} b: manager {{ ...f{n + 1} }} }}" for n in range(12)
) + " fragment f12 on Person { name }"  # fmt: skip


@pytest.mark.parametrize("document", [DEEP, WIDE, BOMB], ids=["deep", "wide", "fragments"])
def test_too_much_is_refused(place: Office, loop: asyncio.AbstractEventLoop, document: str) -> None:
    answer = loop.run_until_complete(place.ask(document, uuid(2, 1)))
    assert answer["data"] is None
    assert [error["code"] for error in answer["errors"]] == ["QUERY_TOO_COMPLEX"]


def test_a_document_has_a_longest_length(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    answer = loop.run_until_complete(place.ask(LONG, uuid(2, 1)))
    assert "tokens" in answer["errors"][0]["message"]


def test_tools_may_ask_for_the_schema(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    answer = loop.run_until_complete(place.slow(get_introspection_query(), {}, uuid(2, 1)))
    assert "errors" not in answer
