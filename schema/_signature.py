"""The variables of an operation: their values, and which statement they ask for.

Where all that are given are text, ids and strings, which statement is clear at once. Values that are not plainly right
are left to graphql-core.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema, get_nullable_type, is_non_null_type
from graphql.utilities import type_from_ast

from schema._arguments import Given, frozen, shaped
from schema._coercion import TEXT, Coerce, coercer
from schema._documents import Operation
from schema._http import all_text


@dataclass(frozen=True, slots=True)
class Signature:
    """By name, the types of the variables; and, if all of them are text, how a call looks that gives them all.

    `coercers` are what makes their values; with whether there may be none.
    """

    types: Mapping[str, Any]
    plain: bool
    coercers: Mapping[str, tuple[Coerce, bool]] = field(default_factory=dict)
    shape: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: GraphQLSchema, operation: Operation) -> Signature:
        definitions = operation.definition.variable_definitions or ()
        types: dict[str, Any] = {each.variable.name.value: type_from_ast(schema, each.type) for each in definitions}
        shape = {name: Given((name,)) for name in types}
        plain = all(getattr(get_nullable_type(each), "name", "") in TEXT for each in types.values())
        coercers = {
            each.variable.name.value: (coercer(type_), each.default_value is None and not is_non_null_type(type_))
            for each, type_ in zip(definitions, types.values(), strict=True)
        }
        return cls(types, plain, coercers, shape)

    def coerced(self, variables: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The values; None if one of them is not plainly right, or is left to its default."""
        given = variables or {}
        if self.plain:
            found = {name: given.get(name) for name in self.types}
            if all_text(found):
                return found
        found = {}
        try:
            for name, (coerce, optional) in self.coercers.items():
                if name in given:
                    found[name] = coerce(given[name])
                elif not optional:
                    return None
        except Exception:  # noqa: BLE001 - whatever it is, graphql-core says what is wrong
            return None
        return found

    def shaped(self, variables: Mapping[str, Any]) -> tuple[dict[str, Any], Hashable]:
        """The variables as the compiler sees them, and the same for all that compile to the same statement."""
        if self.plain and len(variables) == len(self.types) and None not in variables.values():
            return self.shape, TEXT
        found = {
            name: shaped(variables[name], type_, (name,)) for name, type_ in self.types.items() if name in variables
        }
        return found, frozen(found)
