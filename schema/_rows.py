"""Where a type's values are found in SQL: the columns of a table, what a view made, or a value of JSON.

Columns are written out as `alias.name` and bring no FROM of their own, so that a SELECT says its FROM itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol

from sqlalchemy import ColumnElement, FromClause, Text, func, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from projections._kernel import ReadModel
from schema._select import Sql, as_text, expression, quoted, type_name, word, written


class Row(Protocol):
    """One row, as SQL. `person`: whom it is about."""

    @property
    def person(self) -> Sql | None: ...

    def get(self, name: str) -> Sql:
        """A value as it goes into JSON."""

    def typed(self, name: str, type_: TypeEngine[Any]) -> Sql:
        """A value to compare with."""

    def text(self, name: str) -> Sql:
        """A value as text."""

    def has(self, name: str) -> bool: ...

    def named(self, name: str) -> ColumnElement[Any]:
        """A value in an expression of a declaration's."""


Types = Mapping[str, TypeEngine[Any]]


@cache
def types_of(table: FromClause) -> Types:
    """The types of its columns, by their names."""
    return {column.name: column.type for column in table.c}


@dataclass(frozen=True, slots=True)
class Columns:
    """The row of a table, or of a SELECT, under an alias."""

    alias: str
    types: Types
    person_column: str | None = None
    parent: Sql | None = None
    tree: ReadModel | None = None
    """The read model with a tree that the row is of, being its person's own."""
    beside: Columns | None = None
    """The row of its person that stands beside it, if that is asked for."""

    @classmethod
    def of(cls, alias: str, columns: Iterable[Any], person: str | None, parent: Sql | None = None) -> Columns:
        return cls(alias, {column.name: column.type for column in columns}, person, parent)

    @property
    def person(self) -> Sql | None:
        return self.get(self.person_column) if self.person_column else self.parent

    def get(self, name: str) -> Sql:
        if name not in self.types:
            raise TypeError(f"There is no column {name} among {', '.join(self.types)}.")
        return f"{self.alias}.{quoted(name)}"

    def typed(self, name: str, type_: TypeEngine[Any]) -> Sql:
        return self.get(name)

    def text(self, name: str) -> Sql:
        return as_text(self.get(name))

    def has(self, name: str) -> bool:
        return name in self.types

    def named(self, name: str) -> ColumnElement[Any]:
        return expression(self.get(name), self.types[name])

    def at(self, alias: str) -> Columns:
        """The same columns under another alias."""
        return replace(self, alias=alias)


@dataclass(frozen=True, slots=True)
class Values:
    """Values by name, each an expression or written already."""

    values: Mapping[str, Any]
    person: Sql | None = None

    def get(self, name: str) -> Sql:
        found = self.values[name]
        return found if isinstance(found, str) else written(found)

    def typed(self, name: str, type_: TypeEngine[Any]) -> Sql:
        return self.get(name)

    def text(self, name: str) -> Sql:
        return as_text(self.get(name))

    def has(self, name: str) -> bool:
        return name in self.values

    def named(self, name: str) -> ColumnElement[Any]:
        found: ColumnElement[Any] = self.values[name]
        return found


@dataclass(frozen=True, slots=True)
class Json:
    """The members of an object in a column of JSON."""

    element: Sql
    person: Sql | None = None

    def get(self, name: str) -> Sql:
        return f"({self.element} -> {word(name)})"

    def typed(self, name: str, type_: TypeEngine[Any]) -> Sql:
        return f"CAST({self.text(name)} AS {type_name(type_)})"

    def text(self, name: str) -> Sql:
        return f"({self.element} ->> {word(name)})"

    def has(self, name: str) -> bool:
        return True

    def named(self, name: str) -> ColumnElement[Any]:
        return expression(self.get(name), JSONB())


@dataclass(frozen=True, slots=True)
class Names:
    """A row's columns as attributes, for expressions written in a declaration: `lambda c: c.total > 0`."""

    row: Row

    def __getattr__(self, name: str) -> ColumnElement[Any]:
        return self.row.named(name)


# ── For such expressions ──


def constant(text: str) -> ColumnElement[str]:
    """A text of our own, written into the statement."""
    return literal_column(word(text), Text())


def json_list(items: ColumnElement[Any]) -> ColumnElement[Any]:
    """An aggregate of rows as a JSON array, empty if there are none."""
    return func.coalesce(items, literal_column("'[]'::json"))
