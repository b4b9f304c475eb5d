"""What is asked for of an object: fields by response key, with fragments and directives worked out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    NamedTypeNode,
    SelectionNode,
    SelectionSetNode,
    get_directive_values,
)
from graphql.execution.values import VariableValues

Fields = dict[str, list[FieldNode]]


class Selection:
    """Reads selection sets of one document, for given values of the variables in its directives."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
    ) -> None:
        self.schema = schema
        self._fragments = fragments
        self._variables = VariableValues({}, dict(variables))

    def of(self, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> Fields:
        """The fields asked for of an object of this type, by response key, in the order of the answer."""
        found: Fields = {}
        seen: set[str] = set()
        for node in nodes:
            if node.selection_set is not None:
                self._collect(type_, node.selection_set, found, seen)
        return found

    def root(self, type_: GraphQLObjectType, selections: SelectionSetNode) -> Fields:
        found: Fields = {}
        self._collect(type_, selections, found, set())
        return found

    def _collect(self, type_: GraphQLObjectType, selections: SelectionSetNode, found: Fields, seen: set[str]) -> None:
        for node in selections.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
                continue
            fragment: Any = node
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in seen:
                    continue
                seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
            if self._applies(fragment.type_condition, type_):
                self._collect(type_, fragment.selection_set, found, seen)

    def _included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"]) and (include is None or bool(include["if"]))

    def _applies(self, condition: NamedTypeNode | None, type_: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == type_.name:
            return True
        wider = self.schema.get_type(condition.name.value)
        return isinstance(wider, GraphQLInterfaceType | GraphQLUnionType) and self.schema.is_sub_type(wider, type_)
