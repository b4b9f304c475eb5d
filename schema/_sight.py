"""What whoever holds certain permissions sees of a type: found out once for all documents that they send."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from graphql import GraphQLField, GraphQLList, GraphQLObjectType, get_named_type, get_nullable_type, is_leaf_type

from schema._reading import Reading, Value, reading
from schema._rules import Rule

KEPT = 2_000
"""Types, each for some permissions."""


class Seen(NamedTuple):
    """A field, and whether it is seen: always, never, or under a rule. `reading` is None if a resolver computes it.

    `column` is the row's column that it shows as it is.
    """

    field: GraphQLField
    reading: Reading | None
    verdict: bool | Rule
    column: str | None


Sight = dict[str, Seen]


@lru_cache(KEPT)
def sight(type_: GraphQLObjectType, permissions: frozenset[str]) -> Sight:
    """The fields of a type by their names."""
    return {name: _seen(field, permissions) for name, field in type_.fields.items()}


def _seen(field: GraphQLField, permissions: frozenset[str]) -> Seen:
    declared = field.extensions["strawberry-definition"]
    found, rule = reading(declared), declared.metadata.get("rule")
    verdict = rule.fold(permissions) if rule is not None else True
    column = found.column or declared.python_name if isinstance(found, Value) and _as_it_is(field, found) else None
    return Seen(field, found, verdict, column)


def _as_it_is(field: GraphQLField, value: Value) -> bool:
    named = get_named_type(field.type)
    if value.sql is not None or not is_leaf_type(named) or named.name == "ID":
        return False
    return named.name != "Decimal" or isinstance(get_nullable_type(field.type), GraphQLList)
