"""Cursors: where a row stands in its order, signed by the server, for this viewer and these filters only.

A cursor is base64url of 16 bytes of signature and the row's sort values as a JSON array of texts. PostgreSQL makes
and signs them with a key that is derived for the call; what comes back is checked here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from sqlalchemy import BindParameter, ColumnElement, Text, and_, cast, func, literal_column, or_, tuple_

from schema._arguments import Call, given
from schema._rows import constant

SIGNATURE = 16


def key_for(secret: bytes, call: Call, connection: str, arguments: Any) -> str:
    """The key that signs the cursors of one connection, for one viewer and one filter and order."""
    bound = f"{call.viewer}\n{connection}\n{given(arguments, call.variables)!r}"
    return hmac.new(secret, bound.encode(), hashlib.sha256).hexdigest()


def signed(payload: ColumnElement[Any], key: BindParameter[str]) -> ColumnElement[str]:
    """A payload as a cursor, in SQL."""
    signature = func.substr(
        func.sha256(func.convert_to(key.concat(payload).concat(key), constant("UTF8"))), 1, SIGNATURE
    )
    raw = signature.op("||")(func.convert_to(payload, constant("UTF8")))
    written: ColumnElement[str] = func.encode(raw, constant("base64"))
    for character, instead in (("\\n", ""), ("=", ""), ("+", "-"), ("/", "_")):  # translate takes twice as long
        written = func.replace(written, literal_column(f"E'{character}'"), constant(instead))
    return written


def values_of(*values: str) -> bytes:
    """Sort values as they stand in a cursor."""
    return json.dumps(values).encode()


def sealed(payload: bytes, key: str) -> str:
    """The cursor with these values, as PostgreSQL makes it."""
    signature = hashlib.sha256(key.encode() + payload + key.encode()).digest()[:SIGNATURE]
    return base64.b64encode(signature + payload, altchars=b"-_").decode().rstrip("=")


def opened(cursor: str, key: str, length: int) -> list[str | None]:
    """The sort values in a cursor, if it was signed with this key."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        payload = raw[SIGNATURE:]
        expected = hashlib.sha256(key.encode() + payload + key.encode()).digest()[:SIGNATURE]
        if hmac.compare_digest(expected, raw[:SIGNATURE]):
            values: list[str | None] = json.loads(payload)
            if len(values) == length:
                return values
    except ValueError:
        pass
    raise GraphQLError(
        "This cursor is not one of this list: it belongs to another filter, order or viewer.",
        extensions={"code": "BAD_CURSOR"},
    )


# ── Order ──


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that rows are sorted by. Nulls come last, and first when descending, as an index has them."""

    value: ColumnElement[Any]
    descending: bool
    nullable: bool

    def clause(self, *, backwards: bool) -> ColumnElement[Any]:
        return self.value.desc() if self.descending != backwards else self.value.asc()

    def same(self, at: ColumnElement[Any]) -> ColumnElement[bool]:
        return self.value.is_not_distinct_from(at) if self.nullable else self.value == at

    def beyond(self, at: ColumnElement[Any], *, backwards: bool) -> ColumnElement[bool]:
        """Rows that come after the value `at` as far as this term says."""
        if self.descending != backwards:
            smaller = self.value < at
            return or_(smaller, and_(at.is_(None), self.value.is_not(None))) if self.nullable else smaller
        greater = self.value > at
        return or_(greater, and_(at.is_not(None), self.value.is_(None))) if self.nullable else greater


def payload(terms: Sequence[Term]) -> ColumnElement[Any]:
    return cast(func.json_build_array(*(cast(term.value, Text()) for term in terms)), Text())


def beyond(terms: Sequence[Term], at: Sequence[BindParameter[Any]], *, backwards: bool) -> ColumnElement[bool]:
    """Rows that come after the place whose sort values are given as texts."""
    places = [cast(value, term.value.type) for term, value in zip(terms, at, strict=True)]
    if not any(term.nullable for term in terms) and len({term.descending for term in terms}) == 1:
        ours, theirs = tuple_(*(term.value for term in terms)), tuple_(*places)
        return ours < theirs if terms[0].descending != backwards else ours > theirs
    alternatives = []
    for depth, term in enumerate(terms):
        equal = [earlier.same(place) for earlier, place in zip(terms[:depth], places, strict=False)]
        alternatives.append(and_(*equal, term.beyond(places[depth], backwards=backwards)))
    return or_(*alternatives)
