"""How much one document may ask for. Counted on its syntax before it is validated, each fragment once.

Counting a fragment once and remembering what was counted makes it linear, whatever spreads what. Everything after it
(validation, planning, execution) is bounded by what is counted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    ListValueNode,
    NameNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    StringValueNode,
    TypeNode,
    VariableNode,
)

LONGEST = 64_000
"""Characters of a document."""

MOST_TOKENS = 3_000
MOST_COMMENTS = 500

MOST_OPERATIONS = 20
MOST_FRAGMENTS = 100
MOST_DIRECTIVES = 200
MOST_VARIABLES = 100

DEEPEST = 16
"""Objects within objects, edges and nodes of connections counted."""

DEEPEST_NESTING = 60
"""Selections within selections, fragments counted."""

DEEPEST_VALUE = 16
"""Lists and objects within lists and objects, in an argument."""

MOST_MEMBERS = 100
"""Arguments of a field or a directive, and members of an object in an argument."""

MOST_FIELDS = 500
"""Fields, each fragment counted wherever it is spread."""

MOST_ALIASES = 250
"""Fields that go by another name, each fragment counted wherever it is spread."""

MOST_ROOTS = 30
"""Fields of the operation itself."""

MOST_COMMANDS = 10
"""Fields of a mutation itself: each is decided, recorded and read again by itself."""

INTROSPECTION = frozenset({"__schema", "__type"})
LISTS = frozenset({"types", "fields", "inputFields", "interfaces", "possibleTypes"})
"""Lists that the schema and its types have of each other: not more than two are answered within each other."""


def too_much(of: str, most: int, node: Node | None = None) -> GraphQLError:
    message = f"This asks for too much: at most {most} {of}."
    return GraphQLError(message, node, extensions={"code": "QUERY_TOO_COMPLEX"})


def check(document: DocumentNode) -> list[GraphQLError]:
    """What is too much in this document; the first thing only."""
    try:
        _check(document)
    except GraphQLError as error:
        return [error]
    return []


def _check(document: DocumentNode) -> None:
    fragments = [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    _most(len(fragments), MOST_FRAGMENTS, "fragments")
    _most(len(operations), MOST_OPERATIONS, "operations")
    leaves = _Leaves()
    leaves.beside(document)
    measure = _Measure({each.name.value: each.selection_set for each in fragments}, leaves)
    for each in fragments:
        measure.fragment(each)
    for operation in operations:
        _most(len(operation.variable_definitions or ()), MOST_VARIABLES, "variables", operation)
        size = measure.of(operation.selection_set, 0)
        _most(size.fields, MOST_FIELDS, "fields", operation)
        _most(size.depth, DEEPEST, "levels of fields", operation)
        _most(size.aliases, MOST_ALIASES, "aliases", operation)
        _most(size.top, MOST_ROOTS, "fields of the operation itself", operation)
        if operation.operation is OperationType.MUTATION:
            _most(size.top, MOST_COMMANDS, "commands at a time", operation)
        _most(size.introspections, 1, "questions about the schema", operation)
        if size.introspections:
            _most(size.aliases, 0, "aliases beside questions about the schema", operation)
            if only_about_the_schema(operation):
                _most(size.listing, 2, "levels of lists in a question about the schema", operation)
            else:
                _most(size.listing, 0, "lists in a question about the schema beside others", operation)
    _most(leaves.directives, MOST_DIRECTIVES, "directives")


def only_about_the_schema(operation: OperationDefinitionNode) -> bool:
    """Whether every field of the operation itself is about the schema."""
    fields = operation.selection_set.selections
    return all(isinstance(each, FieldNode) and each.name.value.startswith("__") for each in fields)


def _most(found: int, most: int, of: str, node: Node | None = None) -> None:
    if found > most:
        raise too_much(of, most, node)


class _Leaves:
    """Counts directives, and looks into values."""

    def __init__(self) -> None:
        self.directives = 0

    def beside(self, document: DocumentNode) -> None:
        """Whatever is no selection."""
        for each in document.definitions:
            if isinstance(each, OperationDefinitionNode | FragmentDefinitionNode):
                self.of(each.directives or ())
                self.of(each.variable_definitions or ())
            else:
                self.of((each,))

    def of(self, nodes: Iterable[Node], depth: int = 0) -> None:
        for node in nodes:
            if isinstance(node, VariableNode | NameNode | TypeNode):
                continue
            if isinstance(node, ListValueNode | ObjectValueNode):
                _most(depth + 1, DEEPEST_VALUE, "levels within a value", node)
                if isinstance(node, ObjectValueNode):
                    _most(len(node.fields), MOST_MEMBERS, "members of an object", node)
                self.of(_children(node), depth + 1)
            elif isinstance(node, StringValueNode):
                if "\x00" in node.value:
                    message = "Text can't contain the character NUL."
                    raise GraphQLError(message, node, extensions={"code": "BAD_USER_INPUT"})
            else:
                if isinstance(node, DirectiveNode):
                    self.directives += 1
                    _most(len(node.arguments or ()), MOST_MEMBERS, "arguments", node)
                self.of(_children(node), depth)


@cache
def _keys(kind: type[Node]) -> tuple[str, ...]:
    """What nodes of a kind are made of."""
    return kind.keys


def _children(node: Node) -> Iterator[Node]:
    for key in _keys(type(node)):  # type: ignore[arg-type]  # types can be hashed
        value = getattr(node, key, None)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, list | tuple):
            yield from value


@dataclass(slots=True)
class Size:
    """How much a selection asks for. `top`: fields of the object itself; `nesting`: selections within selections."""

    fields: int = 0
    top: int = 0
    depth: int = 0
    nesting: int = 0
    aliases: int = 0
    introspections: int = 0
    listing: int = 0

    def value(self, field: FieldNode) -> None:
        """And this field, within which nothing is asked for."""
        name = field.name.value
        self.fields += 1
        self.top += 1
        self.depth, self.nesting = self.depth or 1, self.nesting or 1
        self.aliases += field.alias is not None
        self.introspections += name in INTROSPECTION
        self.listing = self.listing or name in LISTS

    def add(self, other: Size, field: FieldNode | None = None) -> None:
        """And this, which is what is asked for within the field."""
        name = field.name.value if field else ""
        self.fields += other.fields + (field is not None)
        self.top += other.top if field is None else 1
        self.depth = max(self.depth, other.depth + (field is not None))
        self.nesting = max(self.nesting, other.nesting + 1)
        self.aliases += other.aliases + (field is not None and field.alias is not None)
        self.introspections += other.introspections + (name in INTROSPECTION)
        self.listing = max(self.listing, other.listing + (name in LISTS))


class _Measure:
    """Counts selections, each fragment once."""

    def __init__(self, fragments: dict[str, SelectionSetNode], leaves: _Leaves) -> None:
        self._fragments, self._leaves = fragments, leaves
        self._known: dict[str, Size] = {}

    def fragment(self, node: FragmentDefinitionNode) -> None:
        name = node.name.value
        if self._fragments[name] is node.selection_set:
            self._spread(name, 0)
        else:  # two of one name, which is another rule's business
            self.of(node.selection_set, 0)

    def of(self, selections: SelectionSetNode | None, nesting: int) -> Size:
        """How much is asked for; `nesting` is how deep in fields and fragments this stands."""
        _most(nesting, DEEPEST_NESTING, "selections within selections", selections)
        found = Size()
        for node in selections.selections if selections else ():
            if node.directives:
                self._leaves.of(node.directives)
            if isinstance(node, FieldNode):
                if node.arguments:
                    _most(len(node.arguments), MOST_MEMBERS, "arguments of a field", node)
                    self._leaves.of(node.arguments)
                if node.selection_set is None:
                    found.value(node)
                else:
                    found.add(self.of(node.selection_set, nesting + 1), node)
            elif isinstance(node, FragmentSpreadNode):
                found.add(self._spread(node.name.value, nesting + 1))
            else:
                found.add(self.of(getattr(node, "selection_set", None), nesting + 1))
            if found.fields > MOST_FIELDS:
                raise too_much("fields", MOST_FIELDS, node)
        return found

    def _spread(self, name: str, nesting: int) -> Size:
        known = self._known.get(name)
        if known is None:
            self._known[name] = Size()  # a fragment within itself is another rule's business
            known = self._known[name] = self.of(self._fragments.get(name), nesting)
        _most(nesting + known.nesting, DEEPEST_NESTING, "selections within selections")
        return known
