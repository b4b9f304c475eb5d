"""SELECT as the compiler of reads needs it: written out, around SQLAlchemy's expressions.

SQLAlchemy's own SELECT finds out by itself where its columns come from, what to correlate and how to name everything,
which takes several times as long as writing it. Here all of that is known. Conditions, functions, casts and parameters
stay SQLAlchemy's expressions, and its compiler still writes the statement as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnClause, ColumnElement, FromClause
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.operators import and_

from schema._rows import DIALECT

T = TypeVar("T")
Source = str | ClauseElement
"""What stands in FROM: a table or a SELECT, with its alias."""

_quote = DIALECT.identifier_preparer.quote
format_table: Callable[[FromClause], str] = DIALECT.identifier_preparer.format_table
"""A table's name as it stands in FROM."""


class Subselect(ColumnElement[T]):
    """A SELECT of one value, or of several under names, in parentheses."""

    inherit_cache = False

    def __init__(
        self,
        values: ColumnElement[Any] | Mapping[str, ColumnElement[Any]],
        sources: Iterable[Source] = (),
        where: Iterable[ColumnElement[bool]] = (),
        order_by: Iterable[ColumnElement[Any]] = (),
        limit: ColumnElement[int] | None = None,
    ) -> None:
        self.values, self.sources, self.where = values, tuple(sources), tuple(where)
        self.order_by, self.limit = tuple(order_by), limit

    def beside(self, alias: str) -> Within:
        """This SELECT as a source, which may read the sources before it."""
        return Within(self, f" AS {alias}", "LATERAL ")

    def under(self, alias: str) -> Within:
        """This SELECT as a source."""
        return Within(self, f" AS {alias}")


class Within(ClauseElement):
    """A SELECT that stands in FROM."""

    inherit_cache = False

    def __init__(self, selected: Subselect[Any], alias: str, kind: str = "") -> None:
        self.selected, self.alias, self.kind = selected, alias, kind


def _written(value: Source, compiler: SQLCompiler) -> str:
    if isinstance(value, str):
        return value
    if type(value) is ColumnClause and value.is_literal:
        return value.name
    if isinstance(value, FromClause):
        return compiler.process(value, asfrom=True)
    return compiler.process(value)


@compiles(Subselect)
def _subselect(it: Subselect[Any], compiler: SQLCompiler, **_: Any) -> str:
    def written(parts: Iterable[Source], between: str = ", ") -> str:
        return between.join([_written(each, compiler) for each in parts])

    if isinstance(it.values, Mapping):
        named = [f"{_written(value, compiler)} AS {_quote(name)}" for name, value in it.values.items()]
        text = f"(SELECT {', '.join(named)}"
    else:
        text = f"(SELECT {_written(it.values, compiler)}"
    if it.sources:
        text += f" FROM {written(it.sources)}"
    if it.where:
        text += f" WHERE {written([each.self_group(against=and_) for each in it.where], ' AND ')}"
    if it.order_by:
        text += f" ORDER BY {written(it.order_by)}"
    if it.limit is not None:
        text += f" LIMIT {_written(it.limit, compiler)}"
    return f"{text})"


@compiles(Within)
def _within(it: Within, compiler: SQLCompiler, **_: Any) -> str:
    return f"{it.kind}{_subselect(it.selected, compiler)}{it.alias}"
