"""SELECT as the compiler of reads needs it: written out, around SQLAlchemy's expressions.

SQLAlchemy's own SELECT finds out by itself where its columns come from, what to correlate and how to name everything,
which takes several times as long as writing it. Here all of that is known. Conditions, functions, casts and parameters
stay SQLAlchemy's expressions, and its compiler still writes the statement as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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

JOINED = "LEFT JOIN LATERAL "
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
        *,
        offset: int | None = None,
    ) -> None:
        self.values, self.sources, self.where = values, tuple(sources), tuple(where)
        self.order_by, self.limit, self.offset = tuple(order_by), limit, offset

    def beside(self, alias: str) -> Within:
        """This SELECT as a source, which may read the sources before it."""
        return Within(self, f" AS {alias}", "LATERAL ")

    def joined(self, alias: str) -> Within:
        """This SELECT of one row or none as a source, which may read the sources before it; without one, of NULLs."""
        return Within(self, f" AS {alias} ON true", JOINED)

    def under(self, alias: str) -> Within:
        """This SELECT as a source."""
        return Within(self, f" AS {alias}")


class Within(ClauseElement):
    """A SELECT that stands in FROM."""

    inherit_cache = False

    def __init__(self, selected: Subselect[Any], alias: str, kind: str = "") -> None:
        self.selected, self.alias, self.kind = selected, alias, kind


class Exists(ColumnElement[bool]):
    """Whether a SELECT finds anything."""

    inherit_cache = False

    def __init__(self, selected: Subselect[Any]) -> None:
        self.selected = selected


class Statement(ClauseElement):
    """A SELECT of values under names that is all there is: no source of its own."""

    inherit_cache = False

    def __init__(self, values: Mapping[str, ColumnElement[Any]]) -> None:
        self.values = values


# ── How they are written ──


def _written(value: Source, compiler: SQLCompiler) -> str:
    if isinstance(value, str):
        return value
    if type(value) is ColumnClause and value.is_literal:
        return value.name
    if isinstance(value, FromClause):
        return compiler.process(value, asfrom=True)
    return compiler.process(value)


def _all(parts: Iterable[Source], compiler: SQLCompiler, between: str = ", ") -> str:
    return between.join([_written(each, compiler) for each in parts])


def _from(sources: Sequence[Source], compiler: SQLCompiler) -> str:
    joined = (" " if isinstance(each, Within) and each.kind == JOINED else ", " for each in sources)
    return "".join(f"{between}{_written(each, compiler)}" for between, each in zip(joined, sources, strict=True))[2:]


def _named(values: Mapping[str, ColumnElement[Any]], compiler: SQLCompiler) -> str:
    return ", ".join([f"{_written(value, compiler)} AS {_quote(name)}" for name, value in values.items()])


@compiles(Statement)
def _statement(it: Statement, compiler: SQLCompiler, **_: Any) -> str:
    return f"SELECT {_named(it.values, compiler)}"


@compiles(Subselect)
def _subselect(it: Subselect[Any], compiler: SQLCompiler, **_: Any) -> str:
    values = _named(it.values, compiler) if isinstance(it.values, Mapping) else _written(it.values, compiler)
    text = f"(SELECT {values}"
    if it.sources:
        text += f" FROM {_from(it.sources, compiler)}"
    if it.where:
        text += f" WHERE {_all([each.self_group(against=and_) for each in it.where], compiler, ' AND ')}"
    if it.order_by:
        text += f" ORDER BY {_all(it.order_by, compiler)}"
    if it.limit is not None:
        text += f" LIMIT {_written(it.limit, compiler)}"
    if it.offset is not None:
        text += f" OFFSET {it.offset}"
    return f"{text})"


@compiles(Within)
def _within(it: Within, compiler: SQLCompiler, **_: Any) -> str:
    return f"{it.kind}{_subselect(it.selected, compiler)}{it.alias}"


@compiles(Exists)
def _exists(it: Exists, compiler: SQLCompiler, **_: Any) -> str:
    return f"EXISTS {_subselect(it.selected, compiler)}"
