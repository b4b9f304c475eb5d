"""The variables of an operation, where all that are given are text: ids and strings need no work for each call.

What the values of others are, and which statement they ask for, graphql-core and the compiler find out each time.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema, get_nullable_type
from graphql.utilities import type_from_ast

from schema._arguments import Given, frozen, shaped
from schema._documents import Operation
from schema._http import all_text

TEXT = ("ID", "String")


@dataclass(frozen=True, slots=True)
class Signature:
    """By name, the types of the variables; and, if all of them are text, how a call looks that gives them all."""

    types: Mapping[str, Any]
    plain: bool
    shape: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: GraphQLSchema, operation: Operation) -> Signature:
        definitions = operation.definition.variable_definitions or ()
        types: dict[str, Any] = {each.variable.name.value: type_from_ast(schema, each.type) for each in definitions}
        shape = {name: Given((name,)) for name in types}
        plain = all(getattr(get_nullable_type(each), "name", "") in TEXT for each in types.values())
        return cls(types, plain, shape)

    def coerced(self, variables: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The values as they are, if they are all there and nothing has to be made of any."""
        if not self.plain:
            return None
        given = variables or {}
        found = {name: given.get(name) for name in self.types}
        return found if all_text(found) else None

    def shaped(self, variables: Mapping[str, Any]) -> tuple[dict[str, Any], Hashable]:
        """The variables as the compiler sees them, and the same for all that compile to the same statement."""
        if self.plain and len(variables) == len(self.types) and all_text(variables):
            return self.shape, TEXT
        found = {
            name: shaped(variables[name], type_, (name,)) for name, type_ in self.types.items() if name in variables
        }
        return found, frozen(found)
