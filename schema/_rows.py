"""Where a type's values are found in SQL: the columns of a table, what a view made, or a value of JSON.

Columns are written out as `alias.name` and bring no FROM of their own, so that a SELECT says its FROM itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import BindParameter, ColumnElement, Select, Text, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, asyncpg
from sqlalchemy.types import TypeEngine

from projections._kernel import ReadModel

DIALECT = asyncpg.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class _Statement(DIALECT.statement_compiler):  # type: ignore[name-defined,misc]
    """What our own code compares with stands in the statement, so that PostgreSQL plans for it. What a client gives has
    a name of its own, and is bound.
    """

    def visit_bindparam(self, bindparam: BindParameter[Any], **options: Any) -> Any:
        options["literal_binds"] = options.get("literal_binds") or bindparam.unique
        return super().visit_bindparam(bindparam, **options)


DIALECT.statement_compiler = _Statement
_quote = DIALECT.identifier_preparer.quote


class Row(Protocol):
    """One row, as SQL. `person`: whom it is about."""

    @property
    def person(self) -> ColumnElement[Any] | None: ...

    def get(self, name: str) -> ColumnElement[Any]:
        """A value as it goes into JSON."""

    def typed(self, name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
        """A value to compare with or to calculate with."""

    def text(self, name: str) -> ColumnElement[str]:
        """A value as text."""

    def has(self, name: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Columns:
    """The row of a table, or of a SELECT, under an alias."""

    alias: str
    types: Mapping[str, TypeEngine[Any]]
    person_column: str | None = None
    parent: ColumnElement[Any] | None = None
    tree: ReadModel | None = None
    """The read model in whose tree the row stands, being its person's own."""
    beside: Columns | None = None
    """The row of its person that stands beside it, if that is asked for."""

    @classmethod
    def of(cls, alias: str, columns: Iterable[Any], person: str | None, parent: Row | None = None) -> Columns:
        types = {column.name: column.type for column in columns}
        return cls(alias, types, person, parent.person if parent else None)

    @property
    def person(self) -> ColumnElement[Any] | None:
        return self.get(self.person_column) if self.person_column else self.parent

    def get(self, name: str) -> ColumnElement[Any]:
        if name not in self.types:
            raise TypeError(f"There is no column {name} among {', '.join(self.types)}.")
        return literal_column(f"{self.alias}.{_quote(name)}", self.types[name])

    def typed(self, name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
        return self.get(name)

    def text(self, name: str) -> ColumnElement[str]:
        return cast(self.get(name), Text())

    def has(self, name: str) -> bool:
        return name in self.types

    def at(self, alias: str) -> Columns:
        """The same columns under another alias."""
        return replace(self, alias=alias)


@dataclass(frozen=True, slots=True)
class Values:
    """Values by name, each an expression."""

    values: Mapping[str, Any]
    person: ColumnElement[Any] | None = None

    def get(self, name: str) -> ColumnElement[Any]:
        found: ColumnElement[Any] = self.values[name]
        return found

    def typed(self, name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
        return self.get(name)

    def text(self, name: str) -> ColumnElement[str]:
        return cast(self.get(name), Text())

    def has(self, name: str) -> bool:
        return name in self.values


@dataclass(frozen=True, slots=True)
class Json:
    """The members of an object in a column of JSON."""

    element: ColumnElement[Any]
    person: ColumnElement[Any] | None = None

    def get(self, name: str) -> ColumnElement[Any]:
        return self.element.op("->", return_type=JSONB())(constant(name))

    def typed(self, name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
        return cast(self.text(name), type_)

    def text(self, name: str) -> ColumnElement[str]:
        return self.element.op("->>", return_type=Text())(constant(name))

    def has(self, name: str) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Names:
    """A row's columns as attributes, for expressions written in a declaration: `lambda c: c.total > 0`."""

    row: Row

    def __getattr__(self, name: str) -> ColumnElement[Any]:
        return self.row.get(name)


def constant(text: str) -> ColumnElement[str]:
    """A text of our own, written into the statement."""
    return literal_column("'" + text.replace("'", "''") + "'::text", Text())


NOTHING: ColumnElement[Any] = literal_column("NULL::json")
EMPTY_LIST: ColumnElement[Any] = literal_column("'[]'::json")
EMPTY_OBJECT: ColumnElement[Any] = literal_column("'{}'::json")


def json_list(items: ColumnElement[Any]) -> ColumnElement[Any]:
    """An aggregate of rows as a JSON array, empty if there are none."""
    return func.coalesce(items, EMPTY_LIST)


def long_named(fields: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    """An object with names that no column can have, as JSON."""
    members: Sequence[Select[Any]] = [
        select(
            literal_column(str(place)).label("place"), constant(key).label("key"), func.to_json(value).label("value")
        )
        for place, (key, value) in enumerate(fields.items())
    ]
    all_of_them = members[0].union_all(*members[1:]).subquery("m")
    ordered = func.json_object_agg(literal_column("m.key"), literal_column("m.value ORDER BY m.place"))
    return select(ordered).select_from(all_of_them).scalar_subquery()
