"""What it takes to plan a statement and to fill it in: its parts, weighed by the time that each takes.

What is given in an argument is looked at wherever the argument stands: a fragment that is spread twenty times, or a
variable that is used twenty times, is work for twenty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import ArgumentNode, GraphQLField, ListValueNode, ObjectValueNode, ValueNode, VariableNode

from schema._declare import ByGlobalId, Value, View, reading

MOST_WORK = 1_250
"""A unit is some 20 µs."""

VALUE, EXPRESSION, OBJECT, PAGE, VIEW = 1, 12, 8, 60, 290
"""Fields: a value, one that is an expression of its own, an object, a page of objects, and what a view selects."""

MEMBER = 2
"""A member of an object in an argument, as a condition is."""

ITEMS = 10
"""How many items of a list in an argument are one unit."""

Parts = Counter[str]
"""Units under "", and how often each variable is used under its name."""


def weight(field: GraphQLField | None, *, paged: bool = False, objects: bool = False) -> int:
    """What a field takes, without what is asked for within it."""
    declared = field.extensions.get("strawberry-definition") if field else None
    match reading(declared) if declared is not None else None:
        case View():
            return VIEW
        case ByGlobalId():
            return PAGE
        case Value(sql=sql) if sql is not None:
            return EXPRESSION
    return PAGE if paged else OBJECT if objects else VALUE


@dataclass(frozen=True, slots=True)
class Work:
    """What is known from the document, and how often each variable is used."""

    written: int = 0
    uses: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, parts: Parts) -> Work:
        return cls(parts.pop("", 0), tuple(parts.items()))

    def with_(self, variables: Mapping[str, Any]) -> int:
        return self.written + sum(times * _given(variables.get(name)) for name, times in self.uses)


def add_arguments(nodes: Iterable[ArgumentNode], parts: Parts) -> None:
    for each in nodes:
        parts[""] += _written(each.value, parts)


def _written(node: ValueNode, parts: Parts) -> int:
    """What a value in the document takes; the variables within it are counted in `parts`."""
    if isinstance(node, VariableNode):
        parts[node.name.value] += 1
        return 0
    if isinstance(node, ObjectValueNode):
        return sum(MEMBER + _written(each.value, parts) for each in node.fields)
    if isinstance(node, ListValueNode):
        return len(node.values) // ITEMS + sum(_written(each, parts) for each in node.values)
    return 0


def _given(value: Any) -> int:
    """The same, of the value of a variable."""
    if isinstance(value, dict):
        return sum(MEMBER + _given(each) for each in value.values())
    if isinstance(value, list):
        return len(value) // ITEMS + sum(map(_given, value))
    return 0
