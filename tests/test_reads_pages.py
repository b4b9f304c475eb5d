"""Pages: stable, in any order and either direction, and their cursors good for nobody and nothing else."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests._office import uuid
from tests._reading import Office, loop, place

__all__ = ["loop", "place"]

ME = uuid(2, 1)
DOCUMENT = """
query Page($first: Int, $after: String, $last: Int, $before: String, $orderBy: [PersonOrderBy!], $where: PersonWhere) {
  people(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy, where: $where) {
    totalCount
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
FIELDS = ["NAME", "MOOD", "HIRED", "SALARY", "SEEN_AT"]
ORDERS = st.lists(
    st.builds(
        lambda field, direction: {"field": field, "direction": direction},
        st.sampled_from(FIELDS),
        st.sampled_from(["ASC", "DESC"]),
    ),
    max_size=3,
    unique_by=lambda each: each["field"],
)


@settings(max_examples=40)
@given(order=ORDERS, size=st.integers(1, 6), backwards=st.booleans())
def test_page_by_page_is_everything_once_in_order(
    place: Office,
    loop: asyncio.AbstractEventLoop,
    order: list[Any],
    size: int,
    backwards: bool,  # noqa: FBT001
) -> None:
    async def walk() -> tuple[list[str], list[str]]:
        whole = (await place.ask(DOCUMENT, ME, first=200, orderBy=order))["data"]["people"]
        found: list[str] = []
        cursor = None
        while True:
            asked = {"last": size, "before": cursor} if backwards else {"first": size, "after": cursor}
            page = (await place.ask(DOCUMENT, ME, orderBy=order, **asked))["data"]["people"]
            ids = [edge["node"]["id"] for edge in page["edges"]]
            found = [*ids, *found] if backwards else [*found, *ids]
            info = page["pageInfo"]
            assert info["startCursor"] == page["edges"][0]["cursor"]
            assert info["endCursor"] == page["edges"][-1]["cursor"]
            assert info["hasNextPage" if backwards else "hasPreviousPage"] == (cursor is not None)
            cursor = info["startCursor" if backwards else "endCursor"]
            if not info["hasPreviousPage" if backwards else "hasNextPage"]:
                return [edge["node"]["id"] for edge in whole["edges"]], found

    everything, found = loop.run_until_complete(walk())
    assert found == everything


def cursor_of(place: Office, loop: asyncio.AbstractEventLoop, **asked: Any) -> str:
    page = loop.run_until_complete(place.ask(DOCUMENT, ME, first=2, **asked))["data"]["people"]
    found: str = page["pageInfo"]["endCursor"]
    return found


def refused(place: Office, loop: asyncio.AbstractEventLoop, cursor: str, *, viewer: Any = ME, **asked: Any) -> bool:
    answer = loop.run_until_complete(place.ask(DOCUMENT, viewer, first=2, after=cursor, **asked))
    return [error["code"] for error in answer.get("errors", ())] == ["BAD_CURSOR"]


def test_a_cursor_is_good_for_its_own_list_only(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    cursor = cursor_of(place, loop)
    assert not refused(place, loop, cursor)
    assert refused(place, loop, cursor, viewer=uuid(2, 2))
    assert refused(place, loop, cursor, where={"remote": {"eq": True}})
    assert refused(place, loop, cursor, orderBy=[{"field": "NAME"}])


@pytest.mark.parametrize("change", [lambda raw: raw[:20] + b"x" + raw[21:], lambda raw: raw[:8], lambda _: b""])
def test_a_cursor_can_not_be_made(place: Office, loop: asyncio.AbstractEventLoop, change: Any) -> None:
    cursor = cursor_of(place, loop)
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    forged = base64.urlsafe_b64encode(change(raw)).decode().rstrip("=")
    assert refused(place, loop, forged)
    assert refused(place, loop, "not a cursor!")


def test_a_cursor_says_nothing_that_its_reader_may_not_see(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    cursor = cursor_of(place, loop, orderBy=[{"field": "SALARY", "direction": "ASC"}])
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[16:]
    assert raw.count(b"null") <= 1
    everybody = loop.run_until_complete(
        place.ask(
            "{ people(orderBy: [{field: SALARY, direction: DESC}]) { edges { cursor node { salary { amount } } } } }",
            ME,
        )
    )
    for edge in everybody["data"]["people"]["edges"]:
        raw = base64.urlsafe_b64decode(edge["cursor"] + "=" * (-len(edge["cursor"]) % 4))[16:]
        assert raw.startswith(b"[null") == (edge["node"]["salary"] is None)


@pytest.mark.parametrize("asked", [{"first": 201}, {"first": -1}, {"last": 201}, {"first": 1, "last": 1}])
def test_a_page_has_its_limits(place: Office, loop: asyncio.AbstractEventLoop, asked: Any) -> None:
    answer = loop.run_until_complete(place.ask(DOCUMENT, ME, **asked))
    assert [error["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert answer["data"] is None
