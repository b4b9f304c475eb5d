"""Reads: whatever is asked, the compiled answer is the one that calling a function for each field would give."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests._office import uuid
from tests._operations import operations
from tests._reading import PERMISSIONS, Office, loop, place
from tests._reference import Reference

__all__ = ["loop", "place"]

PEOPLE = st.builds(lambda n: uuid(2, n), st.integers(0, 13))
HELD = st.frozensets(st.sampled_from(PERMISSIONS))


@settings(max_examples=150)
@given(asked=operations(), viewer=PEOPLE, permissions=HELD)
def test_the_compiled_answer_is_the_naive_one(
    place: Office, loop: asyncio.AbstractEventLoop, asked: tuple[str, dict[str, Any]], viewer: UUID,
    permissions: frozenset[str],
) -> None:  # fmt: skip
    document, variables = asked
    place.everybody.permissions = permissions
    reference = Reference(viewer, permissions)
    expected = reference.execute(document, variables)
    slow = loop.run_until_complete(place.slow(document, variables, viewer))
    fast = loop.run_until_complete(place.fast(document, variables, viewer))

    assume(not _is_too_much(slow))
    assert _ordered(slow["data"]) == _ordered(expected.data)
    wrong = [(error.path, (error.extensions or {}).get("code")) for error in expected.errors or ()]
    assert sorted((error["path"], error["code"]) for error in slow.get("errors", ())) == sorted(wrong)
    assert fast is None or not wrong
    assert fast is not None or wrong or "initials" in document
    denied = {tuple(each["path"]) for each in slow.get("extensions", {}).get("denied", ())}
    assert denied <= reference.denied(document, variables)
    if fast is not None:
        assert _ordered(fast["data"]) == _ordered(expected.data)
        denied = {tuple(each["path"]) for each in fast.get("extensions", {}).get("denied", ())}
        assert denied == reference.denied(document, variables)
        assert fast.get("extensions", {}) == slow.get("extensions", {})


def _is_too_much(answer: dict[str, Any]) -> bool:
    """The dice ask for more than the limits allow, now and then; the naive executor has none."""
    return [error["code"] for error in answer.get("errors", ())] == ["QUERY_TOO_COMPLEX"]


def _ordered(value: Any) -> Any:
    """The answer with the order of its keys, and with cursors as what they are: opaque."""
    if isinstance(value, dict):
        return [
            (key, "a cursor" if "ursor" in key and isinstance(each, str) else _ordered(each))
            for key, each in value.items()
        ]
    return [_ordered(each) for each in value] if isinstance(value, list) else value
