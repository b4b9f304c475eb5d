"""What an operation costs: the values that it may answer, each page counted full.

A list is as long as `first`, `last` or `limit` of the field that holds it says. Where that is a variable, the cost is
known when the variable is; so a cost is a sum of terms, each a number times some variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeVar

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    type_from_ast,
)
from sqlalchemy import ScalarSelect

from schema._asked import LONGEST_NAME
from schema._limits import INTROSPECTION
from schema._reading import MOST, USUAL, Many, Paging, Value, reading
from schema._rows import Json, Names
from schema._work import LONG_NAME, TOTAL, TOTALS, Parts, Work, add_arguments, weight

MOST_COST = 50_000
"""What one operation may cost."""

MOST_EXECUTED = 5_000
"""The same, where it takes functions of our own to answer."""

FUNCTION = 5
"""What a value costs that a function of our own finds."""

SEARCH = 50
"""What it costs to go through other rows for a value: to count them, or to filter or sort a list as the client says."""

SCHEMA = 2_500
"""What it costs to ask about the schema."""

ASSUMED = 10
"""How long a list is taken to be, if nothing says."""

SIZES = ("first", "last", "limit")
SEARCHING = ("where", "orderBy")

K = TypeVar("K")
Terms = dict[tuple[str, ...], int]
Counted = tuple[Terms, Terms, Parts]
"""What is there once, what is there for each item of a list whose length is not said here, and the work."""


NO_WORK = Work()


@dataclass(frozen=True, slots=True)
class Cost:
    """A sum of terms; and the work that answering begins with."""

    fixed: int
    terms: tuple[tuple[int, tuple[str, ...]], ...] = ()
    work: Work = NO_WORK

    @property
    def steady(self) -> bool:
        """Whether it is the same whatever the variables are; the work, too, unless they are lists, objects or long."""
        return not self.terms

    def of(self, variables: Mapping[str, Any]) -> int:
        total = self.fixed
        for factor, names in self.terms:
            for name in names:
                size = variables.get(name)
                factor *= min(max(size, 0), MOST) if isinstance(size, int) else USUAL  # noqa: PLW2901
            total += factor
        return total


FREE = Cost(0)


def cost_of(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Cost:
    """Of a valid operation."""
    counter = _Counter(schema, fragments)
    alone, listed, work = counter.of(schema.get_root_type(operation.operation), operation.selection_set)
    total = _add(alone, _times(listed, ASSUMED))
    return Cost(total.pop((), 0), tuple((factor, names) for names, factor in total.items()), Work.of(work))


class _Counter:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema, self._fragments = schema, fragments
        self._known: dict[str, Counted] = {}

    def of(self, parent: Any, selections: SelectionSetNode | None) -> Counted:
        alone: Terms = {}
        listed: Terms = {}
        work, values, units = Parts(), 0, 0
        fields = _fields(parent)
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                if node.alias and len(node.alias.value) > LONGEST_NAME:
                    units += LONG_NAME
                name = node.name.value
                field, cost, weighed = fields.get(name) or _valued(None, name)
                if field is None or node.selection_set is None:
                    values += cost
                    units += weighed
                    if name == TOTAL:
                        work[TOTALS] += 1
                    if node.arguments:
                        add_arguments(node.arguments, work)
                    continue
                found = self._field(field, node, node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                found = self._spread(node.name.value)
            else:
                condition: Any = getattr(node, "type_condition", None)
                within = type_from_ast(self._schema, condition) if condition else parent
                found = self.of(within, getattr(node, "selection_set", None))
            _add(alone, found[0])
            _add(listed, found[1])
            _add(work, found[2])
        alone[()] = alone.get((), 0) + values
        if isinstance(parent, GraphQLInterfaceType):
            units *= len(self._schema.get_possible_types(parent))
        work[""] += units
        return alone, listed, work

    def _spread(self, name: str) -> Counted:
        if name not in self._known:
            fragment = self._fragments[name]
            self._known[name] = self.of(type_from_ast(self._schema, fragment.type_condition), fragment.selection_set)
        return self._known[name]

    def _field(self, field: GraphQLField, node: FieldNode, selections: SelectionSetNode) -> Counted:
        alone, listed, work = self.of(get_named_type(field.type), selections)
        alone[()] += 1
        if node.arguments and any(each.name.value in SEARCHING for each in node.arguments):
            alone[()] += SEARCH
        size = _size(field, node)
        work[""] += weight(field, node.name.value, paged=size is not None, objects=True)
        add_arguments(node.arguments or (), work)
        if size is not None:
            alone, listed = _add(alone, _times(listed, size)), {}
        if isinstance(get_nullable_type(field.type), GraphQLList):
            return {}, _add(alone, _times(listed, ASSUMED)), work
        return alone, listed, work


class Valued(NamedTuple):
    """A field, what its value costs, and what work it is; no field if it is one that every type has."""

    field: GraphQLField | None
    cost: int
    work: int


@lru_cache(1_000)
def _fields(type_: Any) -> dict[str, Valued]:
    """By their names."""
    return {name: _valued(field, name) for name, field in getattr(type_, "fields", {}).items()}


def _valued(field: GraphQLField | None, name: str) -> Valued:
    return Valued(field, _alone(field, name), weight(field, name))


def _alone(field: GraphQLField | None, name: str) -> int:
    """What a value costs."""
    if name in INTROSPECTION:
        return SCHEMA
    declared = field.extensions.get("strawberry-definition") if field else None
    match reading(declared) if declared is not None else Paging():
        case None:
            return FUNCTION
        case Paging() if name == TOTAL:
            return SEARCH
        case Value(sql=sql) if sql is not None and _searches(sql):
            return SEARCH
    return 1


@cache
def _searches(sql: Callable[[Any], Any]) -> bool:
    """Whether an expression looks at other rows than its own."""
    return isinstance(sql(Names(Json("any"))), ScalarSelect)


def _size(field: GraphQLField, node: FieldNode) -> int | str | None:
    """How long the lists are that this field holds: a number, or the variable that says it; None if it does not say."""
    if not any(name in field.args for name in SIZES):
        return None
    said = {each.name.value: each.value for each in node.arguments or () if each.name.value in SIZES}
    for value in said.values():
        if isinstance(value, IntValueNode):
            return min(max(int(value.value[:10]), 0), MOST)
        if isinstance(value, VariableNode):
            return value.name.value
    declared = field.extensions.get("strawberry-definition")
    source = reading(declared) if declared is not None else None
    return source.first if isinstance(source, Many) else USUAL


def _times(terms: Terms, size: int | str) -> Terms:
    if isinstance(size, int):
        return {names: factor * size for names, factor in terms.items()}
    return {(*names, size): factor for names, factor in terms.items()}


def _add(sum_: dict[K, int], more: Mapping[K, int]) -> dict[K, int]:
    for key, number in more.items():
        sum_[key] = sum_.get(key, 0) + number
    return sum_
