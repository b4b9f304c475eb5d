"""Questions about the schema, answered from a description of it that is made once.

graphql-core asks a function for each value: that takes a tool's usual question tens of milliseconds, and whoever thinks
of a longer one takes as long as they like. Here it is a walk over what is known, and takes a few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    execute_sync,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
    parse,
)
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef

from schema._arguments import arguments_of
from schema._documents import Operation
from schema._selection import Selection

QUESTION = get_introspection_query(
    descriptions=True,
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    one_of=True,
)
ROOTS = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}
Described = dict[str, Any]


class Asked(NamedTuple):
    """One field: its response key, its name, what is asked for within it, and whether of what is deprecated, too."""

    key: str
    name: str
    within: list[Asked] | None
    deprecated: bool


@dataclass
class About:
    """A schema that can be asked about."""

    schema: GraphQLSchema

    def answer(self, operation: Operation, variables: Mapping[str, Any]) -> Described:
        """The data of an operation that is only about the schema."""
        selection = Selection(self.schema, operation.fragments, variables)
        root = self.schema.query_type
        assert root is not None
        found: Described = {}
        for key, nodes in selection.root(root, operation.definition.selection_set).items():
            name = nodes[0].name.value
            if name == "__typename":
                found[key] = root.name
                continue
            field = ROOTS[name]
            named = None if name == "__schema" else arguments_of(field, nodes[0], variables)["name"]
            said = self._all if named is None else self._types.get(named)
            found[key] = said and _read(self._asked(selection, get_named_type(field.type), nodes, variables), said)
        return found

    def _asked(self, selection: Selection, type_: Any, nodes: list[FieldNode], variables: Any) -> list[Asked]:
        found = []
        for key, group in selection.of(type_, nodes).items():
            name = group[0].name.value
            if name == "__typename":
                found.append(Asked(key, name, None, deprecated=True))
                continue
            field = type_.fields[name]
            inner, given = get_named_type(field.type), arguments_of(field, group[0], variables)
            within = None if is_leaf_type(inner) else self._asked(selection, inner, group, variables)
            deprecated = bool(given.get("includeDeprecated")) or "includeDeprecated" not in field.args
            found.append(Asked(key, name, within, deprecated))
        return found

    # ── What is known ──

    @cached_property
    def _all(self) -> Described:
        said = execute_sync(self.schema, parse(QUESTION)).data
        assert said is not None
        found: Described = said["__schema"]
        types = {each["name"]: each for each in found["types"]}
        _link(found, self.schema.type_map["__Schema"], types)
        return found

    @cached_property
    def _types(self) -> dict[str, Described]:
        return {each["name"]: each for each in self._all["types"]}


def _link(described: Described, type_: Any, types: Mapping[str, Described]) -> None:
    """Wherever a type is named, the type itself; and of every object, what it is."""
    assert isinstance(type_, GraphQLObjectType)
    described["__typename"] = type_.name
    for name, field in type_.fields.items():
        inner, value = get_named_type(field.type), described.get(name)
        if is_leaf_type(inner) or value is None:
            continue
        if isinstance(value, list):
            described[name] = [_linked(each, inner, types) for each in value]
        else:
            described[name] = _linked(value, inner, types)


def _linked(described: Described, type_: Any, types: Mapping[str, Described]) -> Described:
    known = types.get(described.get("name") or "") if type_.name == "__Type" else None
    found = described if known is None else known
    if "__typename" not in found:
        _link(found, type_, types)
    return found


def _read(asked: list[Asked], described: Described) -> Described:
    found: Described = {}
    for key, name, within, deprecated in asked:
        value = described.get(name)
        if within is None or value is None:
            found[key] = value
        elif isinstance(value, list):
            found[key] = [_read(within, each) for each in value if deprecated or not each.get("isDeprecated")]
        else:
            found[key] = _read(within, value)
    return found
