"""Filters in SQL. What a viewer may not see neither matches nor sorts, so that nothing is learnt by trying."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from graphql import GraphQLError
from sqlalchemy import ARRAY, Text, literal
from sqlalchemy.types import TypeEngine

from projections._kernel import LINE, ReadModel
from schema._arguments import Params, bad_input, column_value
from schema._inputs import Handle
from schema._rows import Columns, Names, Row
from schema._rules import Line, Rule
from schema._scalars import bound_in
from schema._select import Sql, expression, type_name, written


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters and orders over the rows of one connection."""

    params: Params
    permissions: frozenset[str]
    where: Mapping[str, Handle]

    def condition(self, where: Mapping[str, Any], row: Row) -> Sql:
        return _all([self._each(name, value, row) for name, value in where.items()])

    def _each(self, name: str, value: Any, row: Row) -> Sql:
        if value is None:
            raise bad_input(f"{name} can't be null: leave it out, or ask for isNull.")
        match name:
            case "and":
                return _all([self.condition(each, row) for each in value])
            case "or":
                return f"({' OR '.join([self.condition(each, row) for each in value]) or 'false'})"
            case "not":
                return f"({self.condition(value, row)} IS NOT true)"
        handle = self.where[name]
        shown = self.shown(handle, row)
        compared = [self._compare(handle, operator, value[operator], row) for operator in value]
        return _all(compared if shown is None else [shown, *compared])

    def _compare(self, handle: Handle, operator: str, operand: Any, row: Row) -> Sql:
        if operand is None:
            raise bad_input(f"{operator} can't be null: leave it out, or ask for isNull.")
        column, type_ = value_of(handle, row)
        if operator == "ne" and not handle.nullable:
            operator = "differs"
        if operator == "isNull":
            return f"{column} IS NULL" if operand else f"{column} IS NOT NULL"
        if operator in ("in", "notIn"):
            convert = _converter(handle)
            among = self.params.value(operand, array_of(type_), lambda each: [convert(item) for item in each])
            found = f"{column} = ANY ({among})"
            return found if operator == "in" else f"({found}) IS NOT true"
        if isinstance(operand, Enum | bool):  # which of them it is has shaped the statement already
            return _OPERATORS[operator].format(column, written(literal(column_value(operand), type_)))
        value = self.params.value(operand, type_, _converter(handle))
        if handle.value.compared is not None:
            compared = handle.value.compared(Names(row), operator, expression(value, type_))
            if compared is not None:
                return written(compared)
        return _OPERATORS[operator].format(column, value)

    def sorted_by(self, handle: Handle, row: Row, holds: Mapping[Rule, bool]) -> tuple[Sql, TypeEngine[Any], bool]:
        """What to sort by, its type, and whether it is null for who may not see it; some rules are known to hold."""
        column, type_ = value_of(handle, row)
        match holds.get(handle.rule.fold(self.permissions)):  # type: ignore[arg-type]  # True and False are no rules
            case True:
                return column, type_, False
            case False:
                return f"CAST(NULL AS {type_name(type_)})", type_, True
        shown = self.shown(handle, row)
        return (column, type_, False) if shown is None else (f"(CASE WHEN {shown} THEN {column} END)", type_, True)

    def shown(self, handle: Handle, row: Row) -> Sql | None:
        """The condition under which the viewer sees this field of the row, if there is one."""
        verdict = handle.rule.fold(self.permissions)
        if verdict is False:
            raise GraphQLError(
                f"You may not filter or sort by {handle.graphql_name}.", extensions={"code": "FORBIDDEN_FIELD"}
            )
        if not isinstance(verdict, Rule):
            return None
        assert row.person is not None, f"{handle.name}: the type names no person to ask {verdict} of."
        match row:
            case Columns(tree=ReadModel() as model):
                return verdict.sql(row.person, self.params.viewer, Line(model, row.get(LINE)))
        return verdict.sql(row.person, self.params.viewer)


def _all(conditions: Sequence[Sql]) -> Sql:
    return f"({' AND '.join(conditions) or 'true'})"


def value_of(handle: Handle, row: Row) -> tuple[Sql, TypeEngine[Any]]:
    """What is compared or sorted by, and the type of what it is compared with."""
    names, sql = Names(row), handle.value.sql
    found = sql(names) if sql is not None else getattr(names, handle.value.column or handle.name)
    return written(found), TEXT if isinstance(found.type, Text) else found.type


TEXT = Text()


@lru_cache(1_000)
def array_of(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    return ARRAY(type_)


def _converter(handle: Handle) -> Callable[[Any], Any]:
    """From what the client writes to what the column holds."""
    if handle.of is not None:
        kind = handle.of
        return lambda value: bound_in(kind, value)
    return column_value


_OPERATORS = {
    "eq": "{} = {}",
    "ne": "{} IS DISTINCT FROM {}",
    "differs": "{} <> {}",
    "lt": "{} < {}",
    "lte": "{} <= {}",
    "gt": "{} > {}",
    "gte": "{} >= {}",
    "contains": "strpos({}, {}) > 0",
    "startsWith": "starts_with({}, {})",
}
