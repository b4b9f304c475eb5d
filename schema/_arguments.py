"""What a client gives: values that shape the statement, and values that are bound into it.

Whether a variable is there at all, null, true, or which enum value it is, decides what is compiled. Everything else
stands as a `Given`: where to find it among the variables when the statement runs.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    get_argument_values,
    get_named_type,
)
from graphql.execution.values import VariableValues
from sqlalchemy.types import TypeEngine

from schema._select import Sql, bound_as

Path = tuple[str | int, ...]


def bad_input(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


@dataclass(frozen=True, slots=True)
class Given:
    """A value that is known when the statement runs: this path among the variables."""

    path: Path


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a statement: who asks, and with which variables."""

    viewer: UUID
    variables: Mapping[str, Any]


def shaped(value: Any, type_: GraphQLInputType, path: Path) -> Any:
    """The value of a variable as the compiler sees it."""
    if isinstance(type_, GraphQLNonNull):
        return shaped(value, type_.of_type, path)
    if value is None:
        return None
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType) or (isinstance(named, GraphQLScalarType) and named.name == "Boolean"):
        return value
    if isinstance(named, GraphQLScalarType):
        return Given(path)
    if isinstance(type_, GraphQLList):
        return [shaped(item, type_.of_type, (*path, index)) for index, item in enumerate(value)]
    assert isinstance(type_, GraphQLInputObjectType)
    return {name: shaped(item, type_.fields[name].type, (*path, name)) for name, item in value.items()}


def frozen(value: Any) -> Hashable:
    """The same for all values that compile to the same statement."""
    if isinstance(value, dict):
        return tuple((name, frozen(item)) for name, item in value.items())
    if isinstance(value, list):
        return tuple(map(frozen, value))
    if isinstance(value, Given):
        return ("$", *value.path)  # text and numbers alone are nothing that the garbage collector would look into
    found: Hashable = value
    return found


def given(value: Any, variables: Mapping[str, Any]) -> Any:
    """The value itself, with the variables put in."""
    if isinstance(value, Given):
        found: Any = variables
        for step in value.path:
            found = found[step]
        return found
    if isinstance(value, list):
        return [given(item, variables) for item in value]
    if isinstance(value, dict):
        return {name: given(item, variables) for name, item in value.items()}
    return value


def arguments_of(field: GraphQLField, node: FieldNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a field; null is the same as not given."""
    values = get_argument_values(field, node, VariableValues({}, dict(variables)))
    return {name: value for name, value in values.items() if value is not None}


def column_value(value: Any) -> Any:
    """What the client gives as a column has it: an enum by its name."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, str) and "\x00" in value:
        raise bad_input("Text can't contain the character NUL.")
    return value


# ── Parameters of a statement ──

Getter = Callable[[Call], Any]

MARK = "\0"
"""Stands around the name of a parameter in a statement that is not numbered yet; no text of PostgreSQL's has it."""

VIEWER = f"{MARK}viewer{MARK}::UUID"


@dataclass(slots=True)
class Params:
    """The parameters of a statement, each with how to get it for a call. `root`: the root field they belong to."""

    root: str = ""
    getters: dict[str, tuple[str, Getter]] = field(default_factory=dict)

    @property
    def viewer(self) -> Sql:
        self.getters["viewer"] = ("", lambda call: call.viewer)
        return VIEWER

    def bind(self, get: Getter, type_: TypeEngine[Any]) -> Sql:
        name = f"p{len(self.getters)}"
        self.getters[name] = (self.root, get)
        return f"{MARK}{name}{MARK}::{bound_as(type_)}"

    def value(self, value: Any, type_: TypeEngine[Any], convert: Callable[[Any], Any] | None = None) -> Sql:
        """A value of the client's, which may be a `Given`."""
        if isinstance(value, Given) and len(value.path) == 1 and convert is not None:  # as ids are
            name = str(value.path[0])
            return self.bind(lambda call: convert(call.variables[name]), type_)
        if convert is None:
            return self.bind(lambda call: given(value, call.variables), type_)
        return self.bind(lambda call: convert(given(value, call.variables)), type_)

    def numbered(self, sql: Sql) -> tuple[str, tuple[tuple[str, Getter], ...]]:
        """The statement as PostgreSQL takes it, and how to get each of its parameters."""
        parts, places = sql.split(MARK), dict[str, int]()
        parts[1::2] = [f"${places.setdefault(name, len(places) + 1)}" for name in parts[1::2]]
        return "".join(parts), tuple(self.getters[name] for name in places)
