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
from sqlalchemy.types import TypeEngine

from schema._arguments import Call, given
from schema._select import Sql, as_text, type_name

SIGNATURE = 16


def key_for(secret: bytes, call: Call, connection: str, arguments: Any) -> str:
    """The key that signs the cursors of one connection, for one viewer and one filter and order."""
    bound = f"{call.viewer}\n{connection}\n{given(arguments, call.variables)!r}"
    return hmac.new(secret, bound.encode(), hashlib.sha256).hexdigest()


def signed(payload: Sql, key: Sql) -> Sql:
    """A payload as a cursor, in SQL."""
    signature = f"substr(sha256(convert_to({key} || {payload} || {key}, 'UTF8')), 1, {SIGNATURE})"
    cursor = f"encode({signature} || convert_to({payload}, 'UTF8'), 'base64')"
    for character, instead in (("\\n", ""), ("=", ""), ("+", "-"), ("/", "_")):  # translate takes twice as long
        cursor = f"replace({cursor}, E'{character}', '{instead}')"
    return cursor


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

    value: Sql
    type: TypeEngine[Any]
    descending: bool
    nullable: bool

    def clause(self, *, backwards: bool) -> Sql:
        return f"{self.value} {'DESC' if self.descending != backwards else 'ASC'}"

    def same(self, at: Sql) -> Sql:
        return f"{self.value} IS NOT DISTINCT FROM {at}" if self.nullable else f"{self.value} = {at}"

    def beyond(self, at: Sql, *, backwards: bool) -> Sql:
        """Rows that come after the value `at` as far as this term says."""
        if self.descending != backwards:
            smaller, first = f"{self.value} < {at}", f"{at} IS NULL AND {self.value} IS NOT NULL"
            return f"({smaller} OR {first})" if self.nullable else smaller
        greater, last = f"{self.value} > {at}", f"{at} IS NOT NULL AND {self.value} IS NULL"
        return f"({greater} OR {last})" if self.nullable else greater


def payload(terms: Sequence[Term]) -> Sql:
    return as_text(f"json_build_array({', '.join([as_text(term.value) for term in terms])})")


def beyond(terms: Sequence[Term], at: Sequence[Sql], *, backwards: bool) -> list[Sql]:
    """Rows that come after the place whose sort values are given as texts.

    They are told in cases, of which each row is one at most: PostgreSQL begins each at its place in an index, which it
    can't do for all of them at once. The values are SELECTs, which it does not look at when it plans: of a row of
    values it would look at the first alone, and where many are the same take all that follow for none.
    """
    places = [f"(SELECT CAST({value} AS {type_name(term.type)}))" for term, value in zip(terms, at, strict=True)]
    first, place, descending = terms[0], places[0], terms[0].descending != backwards
    alike = len({term.descending for term in terms}) == 1 and not any(term.nullable for term in terms[1:])
    if alike and not first.nullable:
        return [_further(terms, places, descending=descending)]
    if alike:
        among_nulls = f"{place} IS NULL AND {first.value} IS NULL"
        others = f"NULL AND {first.value} IS NOT NULL" if descending else f"NOT NULL AND {first.value} IS NULL"
        return [
            _further(terms, places, descending=descending),
            f"{among_nulls} AND {_further(terms[1:], places[1:], descending=descending)}",
            f"{place} IS {others}",
        ]
    alternatives = []
    for depth, term in enumerate(terms):
        equal = [earlier.same(there) for earlier, there in zip(terms[:depth], places, strict=False)]
        alternatives.append(" AND ".join([*equal, term.beyond(places[depth], backwards=backwards)]))
    further = f"({' OR '.join(alternatives)})"
    return [further if first.nullable else f"{first.value} {'<=' if descending else '>='} {place} AND {further}"]


def _further(terms: Sequence[Term], places: Sequence[Sql], *, descending: bool) -> Sql:
    """Rows whose values, none of which is null, all in one direction, are further on than these."""
    return f"({', '.join([term.value for term in terms])}) {'<' if descending else '>'} ({', '.join(places)})"
