"""Whether fields that answer under the same name can be merged, found in one walk.

The same verdicts as graphql-core's OverlappingFieldsCanBeMergedRule, which compares fields in pairs: two thousand
times the same field takes it seconds. Here all fields under one name are compared with the first of them, for to have
the same shape, and to be the same field with the same arguments, are equivalences. What is walked is counted, and a
document that makes the walk long is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationRule,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    print_ast,
    type_from_ast,
)
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef, TypeNameMetaFieldDef
from graphql.utilities.sort_value_node import sort_value_node

from schema._limits import DEEPEST, too_much

LONGEST_WALK = 10_000
"""Fields visited; a field that is asked for of many types counts for each."""


class Found(NamedTuple):
    """A field, where it was found, and what the schema says of it."""

    parent: GraphQLNamedType | None
    node: FieldNode
    field: GraphQLField | None


Grouped = dict[str, list[Found]]


class Overlaps(ValidationRule):
    def enter_document(self, document: DocumentNode, *_: Any) -> None:
        named = (each for each in document.definitions if isinstance(each, FragmentDefinitionNode))
        self._fragments: Mapping[str, FragmentDefinitionNode] = {each.name.value: each for each in named}
        self._walked = 0
        self._arguments: dict[int, Any] = {}
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):  # a fragment is met where it is spread
                parent = self.context.schema.get_root_type(definition.operation)
                try:
                    fields = self._collected([(parent, definition.selection_set)])
                    self._same_shape(fields, 0)
                    self._same_fields(fields, 0)
                except GraphQLError as error:
                    self.report_error(error)

    # ── The two questions ──

    def _same_shape(self, groups: Grouped, depth: int) -> None:
        """Whatever object is met: under one name, one form of value."""
        for name, fields in groups.items():
            known = [(each, each.field.type) for each in fields if each.field]
            for other, type_ in known[1:]:
                first, wanted = known[0]
                if not _alike(wanted, type_):
                    raise _conflict(name, "they return conflicting types", first, other)
            if depth < DEEPEST:  # deeper are only fragments within themselves, which is another rule's business
                self._same_shape(self._inner(fields), depth + 1)

    def _same_fields(self, groups: Grouped, depth: int) -> None:
        """Of any one object: under one name, one field with the same arguments."""
        for name, fields in groups.items():
            for together in _of_one_object(fields):
                first = together[0]
                for other in together[1:]:
                    if first.node.name.value != other.node.name.value:
                        raise _conflict(name, "they are different fields", first, other)
                    if self._said(first.node) != self._said(other.node):
                        raise _conflict(name, "they have differing arguments", first, other)
                if depth < DEEPEST:
                    self._same_fields(self._inner(together), depth + 1)

    # ── The walk ──

    def _inner(self, fields: Iterable[Found]) -> Grouped:
        return self._collected(
            (get_named_type(each.field.type) if each.field else None, each.node.selection_set)
            for each in fields
            if each.node.selection_set
        )

    def _collected(self, selections: Iterable[tuple[Any, SelectionSetNode]]) -> Grouped:
        found: Grouped = {}
        seen: set[str] = set()
        for parent, selection_set in selections:
            self._collect(parent, selection_set, found, seen)
        return found

    def _collect(self, parent: Any, selection_set: SelectionSetNode, found: Grouped, seen: set[str]) -> None:
        for node in selection_set.selections:
            self._walked += 1
            if self._walked > LONGEST_WALK:
                raise too_much("steps to see whether its fields can be merged", LONGEST_WALK)
            if isinstance(node, FieldNode):
                name = (node.alias or node.name).value
                found.setdefault(name, []).append(Found(parent, node, self._field(parent, node.name.value)))
                continue
            condition: Any = getattr(node, "type_condition", None)
            inner: Any = getattr(node, "selection_set", None)
            if isinstance(node, FragmentSpreadNode):
                fragment = self._fragments.get(node.name.value)
                if fragment is None or node.name.value in seen:
                    continue
                seen.add(node.name.value)
                condition, inner = fragment.type_condition, fragment.selection_set
            within = type_from_ast(self.context.schema, condition) if condition else parent
            self._collect(within, inner, found, seen)

    def _field(self, parent: Any, name: str) -> GraphQLField | None:
        if name == "__typename":
            return TypeNameMetaFieldDef
        if parent is self.context.schema.query_type and name in ("__schema", "__type"):
            return SchemaMetaFieldDef if name == "__schema" else TypeMetaFieldDef
        found: GraphQLField | None = getattr(parent, "fields", {}).get(name)
        return found

    def _said(self, node: FieldNode) -> Any:
        """The arguments, in a form that is equal where they are."""
        known = self._arguments.get(id(node))
        if known is None:
            pairs = ((each.name.value, print_ast(sort_value_node(each.value))) for each in node.arguments or ())
            known = self._arguments[id(node)] = frozenset(pairs)
        return known


def _of_one_object(fields: list[Found]) -> list[list[Found]]:
    """Those that may meet on one object: of the same type, and of types that many objects have."""
    by_type: dict[str, list[Found]] = {}
    of_any: list[Found] = []
    for each in fields:
        if isinstance(each.parent, GraphQLObjectType):
            by_type.setdefault(each.parent.name, []).append(each)
        else:
            of_any.append(each)
    return [[*of_any, *own] for own in by_type.values()] or [of_any]


def _alike(one: Any, other: Any) -> bool:
    """Whether values of both types have the same form."""
    for wrapper in (GraphQLNonNull, GraphQLList):
        if isinstance(one, wrapper) or isinstance(other, wrapper):
            return type(one) is type(other) and _alike(one.of_type, other.of_type)
    if is_leaf_type(one) or is_leaf_type(other):
        return bool(one is other)
    return is_composite_type(one) and is_composite_type(other)


def _conflict(name: str, reason: str, first: Found, other: Found) -> GraphQLError:
    return GraphQLError(
        f"Fields '{name}' conflict because {reason}. Use different aliases on the fields to fetch both if this was"
        " intentional.",
        [first.node, other.node],
    )
