"""What a mutation asks for: its commands, and what is told of each. Found out once for each document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from schema._documents import Operation
from schema._mutation import MutationField
from schema._reading import Changed, reading
from schema._selection import Fields, Selection
from schema._work import Parts, add_arguments

REFUSED = "Refused"

Pieces = tuple[bytes | str | None, ...]
"""An object of the answer: bytes that are known, response keys of what is read again, and None for the position."""


@dataclass(frozen=True, slots=True)
class Step:
    """A field of the mutation itself: a command.

    `variable` holds the whole input, if one does. `effect` is what is told of a command that took effect, and `changed`
    what of that is read again; `refusal` what is told of one that was refused, by its attribute (None: the name).
    """

    key: str
    field: GraphQLField
    nodes: list[FieldNode]
    variable: str | None
    payload: GraphQLObjectType
    effect: Pieces
    changed: Fields
    refusal: Mapping[str, str | None]

    @property
    def declared(self) -> MutationField:
        found: MutationField = self.field.extensions["strawberry-definition"]
        return found


def steps_of(root: GraphQLObjectType, operation: Operation, selection: Selection) -> list[Step | str]:
    """The fields of a mutation in their order; of `__typename`, the response key."""
    return [
        key if nodes[0].name.value == "__typename" else _step(root, selection, key, nodes)
        for key, nodes in selection.root(root, operation.definition.selection_set).items()
    ]


def _step(root: GraphQLObjectType, selection: Selection, key: str, nodes: list[FieldNode]) -> Step:
    known = root.fields[nodes[0].name.value]
    union = get_named_type(known.type)
    assert isinstance(union, GraphQLUnionType)
    payload, refused = sorted(union.types, key=lambda each: each.name == REFUSED)
    effect, (argument,) = selection.of(payload, nodes), nodes[0].arguments or ()
    changed = {name: each for name, each in effect.items() if _is_changed(payload, each)}
    return Step(
        key=key,
        field=known,
        nodes=nodes,
        variable=argument.value.name.value if isinstance(argument.value, VariableNode) else None,
        payload=payload,
        effect=_pieces(payload, effect, changed),
        changed=changed,
        refusal={name: _attribute(refused, each) for name, each in selection.of(refused, nodes).items()},
    )


def _is_changed(payload: GraphQLObjectType, nodes: list[FieldNode]) -> bool:
    known = payload.fields.get(nodes[0].name.value)  # __typename is none
    return known is not None and isinstance(reading(known.extensions["strawberry-definition"]), Changed)


def _attribute(refused: GraphQLObjectType, nodes: list[FieldNode]) -> str | None:
    known = refused.fields.get(nodes[0].name.value)
    return None if known is None else known.extensions["strawberry-definition"].python_name


def _pieces(payload: GraphQLObjectType, asked: Fields, changed: Fields) -> Pieces:
    """What is asked for of the payload: its name, the position, and what was changed."""
    pieces: list[bytes | str | None] = []
    text = b"{"
    for key, nodes in asked.items():
        text += (b"" if text == b"{" else b",") + _json(key) + b":"
        if nodes[0].name.value == "__typename":
            text += _json(payload.name)
        else:
            pieces += (text, key if key in changed else None)
            text = b""
    return (*pieces, text + b"}")


# ── All of it ──


class Look:
    """A look at all that a mutation asks for: the variables that shape it, and whether functions have a say in it."""

    def __init__(self, schema: GraphQLSchema, root: GraphQLObjectType, operation: Operation) -> None:
        self.functions = False
        self._schema, self._root, self._operation = schema, root, operation
        self._parts = Parts()
        self._seen: set[str] = set()
        self.at(root, operation.definition.selection_set)

    @property
    def variables(self) -> frozenset[str]:
        return frozenset(self._parts) - {""}

    def at(self, type_: Any, selections: SelectionSetNode) -> None:
        """What is asked for of an object of this type."""
        for node in selections.selections:
            for each in node.directives or ():
                add_arguments(each.arguments or (), self._parts)
            if isinstance(node, FieldNode):
                self._field(type_, node)
            elif isinstance(node, InlineFragmentNode):
                self._fragment(type_, node)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in self._seen:
                self._seen.add(node.name.value)
                self._fragment(type_, self._operation.fragments[node.name.value])

    def _fragment(self, type_: Any, node: InlineFragmentNode | FragmentDefinitionNode) -> None:
        named = node.type_condition and self._schema.get_type(node.type_condition.name.value)
        self.at(named or type_, node.selection_set)

    def _field(self, type_: Any, node: FieldNode) -> None:
        if node.name.value == "__typename":
            return
        known = type_.fields[node.name.value]
        if type_ is not self._root:
            add_arguments(node.arguments or (), self._parts)
            self.functions |= reading(known.extensions["strawberry-definition"]) is None
        if node.selection_set is not None:
            self.at(get_named_type(known.type), node.selection_set)


_json = msgspec.json.encode
