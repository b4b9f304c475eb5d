"""Filters in SQL. What a viewer may not see neither matches nor sorts, so that nothing is learnt by trying."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from graphql import GraphQLError
from sqlalchemy import ARRAY, ColumnElement, Text, and_, any_, case, false, func, literal, or_, true
from sqlalchemy.types import TypeEngine

from schema._arguments import Params, bad_input, column_value
from schema._inputs import Handle
from schema._rows import Names, Row
from schema._rules import Rule
from schema._scalars import bound_in


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters and orders over the rows of one connection."""

    params: Params
    permissions: frozenset[str]
    where: Mapping[str, Handle]

    def condition(self, where: Mapping[str, Any], row: Row) -> ColumnElement[bool]:
        return and_(true(), *(self._each(name, value, row) for name, value in where.items()))

    def _each(self, name: str, value: Any, row: Row) -> ColumnElement[bool]:
        if value is None:
            raise bad_input(f"{name} can't be null: leave it out, or ask for isNull.")
        match name:
            case "and":
                return and_(true(), *(self.condition(each, row) for each in value))
            case "or":
                return or_(false(), *(self.condition(each, row) for each in value))
            case "not":
                return self.condition(value, row).is_not(true())
        handle = self.where[name]
        shown = self.shown(handle, row)
        compared = and_(true(), *(self._compare(handle, operator, value[operator], row) for operator in value))
        return compared if shown is None else and_(shown, compared)

    def _compare(self, handle: Handle, operator: str, operand: Any, row: Row) -> ColumnElement[bool]:
        if operand is None:
            raise bad_input(f"{operator} can't be null: leave it out, or ask for isNull.")
        column = value_of(handle, row)
        if operator == "isNull":
            return column.is_(None) if operand else column.is_not(None)
        type_ = sql_type(column)
        if operator in ("in", "notIn"):
            convert = _converter(handle)
            listed = self.params.value(operand, ARRAY(type_), lambda each: [convert(item) for item in each])
            found = column == any_(listed)
            return found if operator == "in" else found.is_not(true())
        if isinstance(operand, Enum | bool):  # which of them it is has shaped the statement already
            return _OPERATORS[operator](column, literal(column_value(operand), type_))
        return _OPERATORS[operator](column, self.params.value(operand, type_, _converter(handle)))

    def sorted_by(self, handle: Handle, row: Row) -> tuple[ColumnElement[Any], bool]:
        """What to sort by, and whether it may be null."""
        column, shown = value_of(handle, row), self.shown(handle, row)
        return (column, True) if shown is None else (case((shown, column)), True)

    def shown(self, handle: Handle, row: Row) -> ColumnElement[bool] | None:
        """The condition under which the viewer sees this field of the row, if there is one."""
        verdict = handle.rule.fold(self.permissions)
        if verdict is False:
            raise GraphQLError(
                f"You may not filter or sort by {handle.graphql_name}.", extensions={"code": "FORBIDDEN_FIELD"}
            )
        if not isinstance(verdict, Rule):
            return None
        assert row.person is not None, f"{handle.name}: the type names no person to ask {verdict} of."
        return verdict.sql(row.person, self.params.viewer)


def value_of(handle: Handle, row: Row) -> ColumnElement[Any]:
    if handle.value.sql is not None:
        return handle.value.sql(Names(row))
    return row.get(handle.value.column or handle.name)


def sql_type(column: ColumnElement[Any]) -> TypeEngine[Any]:
    return Text() if isinstance(column.type, Text) else column.type


def _converter(handle: Handle) -> Callable[[Any], Any]:
    """From what the client writes to what the column holds."""
    if handle.of is not None:
        kind = handle.of
        return lambda value: bound_in(kind, value)
    return column_value


_OPERATORS: dict[str, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]] = {
    "eq": lambda column, operand: column == operand,
    "ne": lambda column, operand: column.is_distinct_from(operand),
    "lt": lambda column, operand: column < operand,
    "lte": lambda column, operand: column <= operand,
    "gt": lambda column, operand: column > operand,
    "gte": lambda column, operand: column >= operand,
    "contains": lambda column, operand: func.strpos(column, operand) > 0,
    "startsWith": func.starts_with,
}
