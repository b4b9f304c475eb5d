"""What it takes to plan a statement and to fill it in: its parts, weighed by the time that each takes.

What is given in an argument is looked at wherever the argument stands: a fragment that is spread twenty times, or a
variable that is used twenty times, is work for twenty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)

from schema._http import all_text
from schema._reading import ByGlobalId, Paging, Value, View, reading

MOST_WORK = 1_250
"""A unit is some 20 µs."""

VALUE, EXPRESSION, CURSOR, OBJECT, PAGE, VIEW = 1, 15, 25, 8, 60, 175
"""Fields: a value, one that is an expression of its own, a cursor, an object, a page of objects, and what a view
selects.
"""

CURSORS = ("cursor", "startCursor", "endCursor")
TOTAL = "totalCount"
"""Each takes all that is given to its page."""

LONG_NAME = 5
"""A field under a name that no column of PostgreSQL's can have, besides."""

MEMBER = 3
"""A member of an object in an argument, as a condition is."""

ITEMS = 10
"""How many items of a list in an argument are one unit."""

LETTERS = 1_000
"""How many characters of a text in an argument are one unit: cursors are signed with what is given to their page."""


class Parts(dict[str, int]):
    """Units under "", how often each variable is used under its name, and under TOTALS how often a page is counted."""

    def __missing__(self, _name: str) -> int:
        return 0


TOTALS = "#"


def weight(field: GraphQLField | None, name: str, *, paged: bool = False, objects: bool = False) -> int:
    """What a field of this name takes, without what is asked for within it."""
    declared = field.extensions.get("strawberry-definition") if field else None
    match reading(declared) if declared is not None else None:
        case View():
            return VIEW
        case ByGlobalId():
            return PAGE
        case Value(sql=sql) if sql is not None:
            return EXPRESSION
        case Paging() if name in CURSORS:
            return CURSOR
    return PAGE if paged else OBJECT if objects else VALUE


@dataclass(frozen=True, slots=True)
class Work:
    """What is known from the document, and how often each variable is used."""

    written: int = 0
    uses: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, parts: Parts) -> Work:
        return cls(parts.pop("", 0), tuple((name, times) for name, times in parts.items() if name != TOTALS))

    def with_(self, variables: Mapping[str, Any]) -> int:
        return self.written + sum(times * _given(variables.get(name)) for name, times in self.uses)


def add_arguments(nodes: Iterable[ArgumentNode], parts: Parts) -> None:
    """What is given to a field, of which the parts are known so far."""
    given = Parts()
    for each in nodes:
        given[""] += _written(each.value, given)
    times = max(1, parts.pop(TOTALS, 1))
    for name, units in given.items():
        parts[name] += units * times


def all_short(variables: Mapping[str, Any]) -> bool:
    """Whether they are texts that are no work, wherever they are used."""
    return all_text(variables) and sum(map(len, variables.values())) < LETTERS


def _written(node: ValueNode, parts: Parts) -> int:
    """What a value in the document takes; the variables within it are counted in `parts`."""
    if isinstance(node, VariableNode):
        parts[node.name.value] += 1
        return 0
    if isinstance(node, ObjectValueNode):
        return sum(MEMBER + _written(each.value, parts) for each in node.fields)
    if isinstance(node, ListValueNode):
        return len(node.values) // ITEMS + sum(_written(each, parts) for each in node.values)
    if isinstance(node, StringValueNode):
        return len(node.value) // LETTERS
    return 0


def _given(value: Any) -> int:
    """The same, of the value of a variable."""
    if isinstance(value, dict):
        return sum(MEMBER + _given(each) for each in value.values())
    if isinstance(value, list):
        return len(value) // ITEMS + sum(map(_given, value))
    if isinstance(value, str):
        return len(value) // LETTERS
    return 0
