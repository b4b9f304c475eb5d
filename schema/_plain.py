"""Documents that are plainly valid, seen in one walk.

Most documents are plain: fields that exist, their arguments, fragments that fit, variables that are declared and used.
graphql-core asks more than thirty rules about each, which takes longer than everything else that a new document
needs. Here the same is proven at once. What is not proven is not wrong: graphql-core judges it, and it alone ever says
what is wrong with a document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_input_type,
    is_required_argument,
    is_required_input_field,
    type_from_ast,
)
from graphql.pyutils import Undefined
from graphql.type import TypeNameMetaFieldDef
from graphql.utilities import do_types_overlap
from graphql.utilities.validate_input_value import validate_input_literal
from graphql.validation.rules.variables_in_allowed_position import allowed_variable_usage

DIRECTIVES = {each.name: each for each in (GraphQLSkipDirective, GraphQLIncludeDirective)}
COMPOSITE = (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType)
LITERALS = (StringValueNode, IntValueNode, EnumValueNode, BooleanValueNode, FloatValueNode)


class Doubtful(Exception):
    """Not plain: whether it is valid is for graphql-core to say."""


class Known(NamedTuple):
    """A field, as the schema has it. `within`: the type of its objects, None for a value."""

    name: str
    type: str
    arguments: dict[str, Any]
    required: frozenset[str]
    within: Any


Key = tuple[Known, bool]
"""What stands under a response key, and whether it may stand there again: a value without arguments."""


@dataclass(slots=True)
class Part:
    """An operation or a fragment: its variables with the types of where they stand, and the fragments it spreads."""

    uses: list[tuple[str, Any]] = field(default_factory=list)
    spreads: set[str] = field(default_factory=set)
    keys: dict[str, Key] = field(default_factory=dict)


class Plain:
    """Tells of documents whether they are plainly valid in one schema, of which it remembers the fields."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._fields: dict[str, dict[str, Known]] = {}

    def __call__(self, document: DocumentNode) -> bool:
        try:
            _Walk(self, document).check()
        except Doubtful:
            return False
        return True

    def fields(self, type_: Any) -> dict[str, Known]:
        """The fields of an object, an interface or a union."""
        found = self._fields.get(type_.name)
        if found is None:
            fields = getattr(type_, "fields", {}) | {"__typename": TypeNameMetaFieldDef}
            found = self._fields[type_.name] = {name: _known(name, each) for name, each in fields.items()}
        return found


def _known(name: str, field: GraphQLField) -> Known:
    named = get_named_type(field.type)
    required = frozenset(name for name, each in field.args.items() if is_required_argument(each))
    return Known(name, str(field.type), field.args, required, named if isinstance(named, COMPOSITE) else None)


class _Walk:
    """One document. Raises Doubtful."""

    def __init__(self, plain: Plain, document: DocumentNode) -> None:
        self._plain, self._schema = plain, plain.schema
        self._operations: list[OperationDefinitionNode] = []
        self._fragments: dict[str, FragmentDefinitionNode] = {}
        self._parts: dict[str, Part | None] = {}
        for each in document.definitions:
            if isinstance(each, OperationDefinitionNode):
                self._operations.append(each)
            elif isinstance(each, FragmentDefinitionNode) and each.name.value not in self._fragments:
                self._fragments[each.name.value] = each
            else:
                raise Doubtful

    def check(self) -> None:
        names = {each.name.value if each.name else None for each in self._operations}
        _sure(len(names) == len(self._operations) and (None not in names or len(names) == 1))
        spread: set[str] = set()
        for operation in self._operations:
            spread |= self._operation(operation)
        _sure(len(spread) == len(self._fragments))

    def _operation(self, operation: OperationDefinitionNode) -> set[str]:
        """The names of all fragments that the operation comes upon."""
        root = self._schema.get_root_type(operation.operation)
        _sure(root is not None and operation.operation is not OperationType.SUBSCRIPTION and not operation.directives)
        own = Part()
        self._selections(operation.selection_set, root, own, own.keys)
        uses, reached, waiting = list(own.uses), set(own.spreads), list(own.spreads)
        while waiting:
            part = self._fragment(waiting.pop())
            uses += part.uses
            waiting += part.spreads - reached
            reached |= part.spreads
        self._variables(operation, uses)
        return reached

    def _variables(self, operation: OperationDefinitionNode, uses: Iterable[tuple[str, Any]]) -> None:
        declared: dict[str, tuple[Any, ValueNode | None]] = {}
        for each in operation.variable_definitions or ():
            type_ = type_from_ast(self._schema, each.type)
            _sure(is_input_type(type_) and each.variable.name.value not in declared and not each.directives)
            if each.default_value is not None:
                self._value(each.default_value, type_, Part())
            declared[each.variable.name.value] = (type_, each.default_value)
        used = set()
        for name, where in uses:
            _sure(name in declared)
            _sure(allowed_variable_usage(self._schema, *declared[name], where, Undefined))
            used.add(name)
        _sure(len(used) == len(declared))

    # ── What is asked for ──

    def _fragment(self, name: str) -> Part:
        """Walked once; a fragment within itself is met while it is under way."""
        if name not in self._parts:
            self._parts[name] = None
            node = self._fragments.get(name)
            if node is None or node.directives or node.variable_definitions:
                raise Doubtful
            found = Part()
            self._selections(node.selection_set, self._condition(node.type_condition.name.value), found, found.keys)
            self._parts[name] = found
            return found
        known = self._parts[name]
        if known is None:
            raise Doubtful
        return known

    def _selections(self, selections: SelectionSetNode, type_: Any, part: Part, keys: dict[str, Key]) -> None:
        """All that is asked for of an object of this type; `keys` are those that its answer has so far."""
        fields = self._plain.fields(type_)
        for node in selections.selections:
            if node.directives:
                self._directives(node.directives, part)
            if isinstance(node, FieldNode):
                self._field(node, fields.get(node.name.value), part, keys)
            elif isinstance(node, InlineFragmentNode):
                condition = self._condition(node.type_condition.name.value) if node.type_condition else type_
                self._fits(condition, type_)
                self._selections(node.selection_set, condition, part, keys)
            elif isinstance(node, FragmentSpreadNode) and not node.arguments:
                name = node.name.value
                fragment = self._fragment(name)
                self._fits(self._condition(self._fragments[name].type_condition.name.value), type_)
                part.spreads.add(name)
                for key, value in fragment.keys.items():
                    self._answers(keys, key, value)
            else:
                raise Doubtful

    def _field(self, node: FieldNode, known: Known | None, part: Part, keys: dict[str, Key]) -> None:
        if known is None or (node.selection_set is None) is not (known.within is None):
            raise Doubtful
        if node.arguments or known.required:
            self._arguments(node.arguments or (), known.arguments, known.required, part)
        self._answers(keys, (node.alias or node.name).value, (known, not node.arguments and known.within is None))
        if node.selection_set is not None:
            self._selections(node.selection_set, known.within, part, {})

    def _answers(self, keys: dict[str, Key], key: str, value: Key) -> None:
        """The same value may stand under a key twice; whether anything else may is not for this walk."""
        there = keys.setdefault(key, value)
        if there is not value and not (there[1] and value[1] and there[0][:2] == value[0][:2]):
            raise Doubtful

    def _condition(self, name: str) -> Any:
        found = self._schema.get_type(name)
        _sure(isinstance(found, COMPOSITE))
        return found

    def _fits(self, condition: Any, type_: Any) -> None:
        _sure(condition is type_ or do_types_overlap(self._schema, condition, type_))

    # ── What is given ──

    def _directives(self, nodes: Sequence[DirectiveNode], part: Part) -> None:
        _sure(len({each.name.value for each in nodes}) == len(nodes))
        for each in nodes:
            known = DIRECTIVES.get(each.name.value)
            _sure(known is not None and known in self._schema.directives)
            self._arguments(each.arguments or (), known.args, known.args.keys(), part)  # type: ignore[union-attr]

    def _arguments(
        self, nodes: Sequence[ArgumentNode], known: dict[str, Any], required: Iterable[str], part: Part
    ) -> None:
        given = {each.name.value for each in nodes}
        _sure(len(given) == len(nodes) and given.issuperset(required))
        for each in nodes:
            self._member(each, known, part)

    def _member(self, node: Any, known: dict[str, Any], part: Part) -> None:
        """An argument, or a field of an input object."""
        found = known.get(node.name.value)
        if found is None:
            raise Doubtful
        self._value(node.value, found.type, part)

    def _value(self, node: ValueNode, type_: Any, part: Part) -> None:
        if isinstance(node, VariableNode):
            part.uses.append((node.name.value, type_))
            return
        if isinstance(type_, GraphQLNonNull):
            type_ = type_.of_type
        if isinstance(type_, GraphQLList):
            for each in node.values if isinstance(node, ListValueNode) else (node,):
                self._value(each, type_.of_type, part)
        elif isinstance(type_, GraphQLInputObjectType):
            if not isinstance(node, ObjectValueNode) or type_.is_one_of:
                raise Doubtful
            given = {each.name.value for each in node.fields}
            _sure(len(given) == len(node.fields))
            _sure(all(name in given for name, each in type_.fields.items() if is_required_input_field(each)))
            for member in node.fields:
                self._member(member, type_.fields, part)
        elif isinstance(node, LITERALS):
            validate_input_literal(node, type_, _doubt)
        else:
            raise Doubtful


def _sure(so: bool) -> None:  # noqa: FBT001 - reads as the assertion that it is
    if not so:
        raise Doubtful


def _doubt(_error: GraphQLError, _path: list[str | int]) -> None:
    raise Doubtful
