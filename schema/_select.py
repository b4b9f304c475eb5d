"""SQL as the compiler of reads writes it: text.

What stands in it are names and constants of our own, and marks for parameters: never anything that a client wrote,
but for response keys, which are names. What a declaration says in SQLAlchemy's words is written out here; SQLAlchemy's
own SELECT finds out by itself where its columns come from, what to correlate and how to name everything, which takes
many times as long as to write what is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import BindParameter, ColumnClause, ColumnElement, FromClause, bindparam, literal_column
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.operators import getitem
from sqlalchemy.types import TypeEngine

Sql = str
"""A value, a condition or a source, as it stands in a statement; a condition can stand beside an AND."""

DIALECT = asyncpg.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class _Statement(DIALECT.statement_compiler):  # type: ignore[name-defined,misc]
    """What our own code compares with stands in the statement, so that PostgreSQL plans for it. What a client gives has
    a name of its own, and is bound.
    """

    def visit_bindparam(self, bindparam: BindParameter[Any], **options: Any) -> Any:
        options["literal_binds"] = options.get("literal_binds") or bindparam.unique
        return super().visit_bindparam(bindparam, **options)


DIALECT.statement_compiler = _Statement


# ── What is put into it ──


def written(value: ClauseElement) -> Sql:
    """What SQLAlchemy was told, as text."""
    if type(value) is ColumnClause and value.is_literal:
        return value.name
    is_source = isinstance(value, FromClause)
    closed = value if is_source else value.self_group(against=getitem)
    text: Sql = DIALECT.statement_compiler(DIALECT, None).process(closed, asfrom=is_source)
    return text


def expression(text: Sql, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """The other way round: what is written already, in an expression of SQLAlchemy's."""
    return literal_column(text, type_)


quoted = lru_cache(2_000)(DIALECT.identifier_preparer.quote)
"""A column's name, as it is written."""


@cache
def table_name(table: FromClause) -> Sql:
    """As it stands in FROM."""
    return str(DIALECT.identifier_preparer.format_table(table))


@lru_cache(1_000)
def type_name(type_: TypeEngine[Any]) -> Sql:
    return str(type_.compile(DIALECT))


@lru_cache(1_000)
def bound_as(type_: TypeEngine[Any]) -> Sql:
    """What a parameter of this type is cast to."""
    return str(bindparam("it", type_=type_).compile(dialect=DIALECT)).partition("::")[2]


def word(text: str) -> Sql:
    """A text of our own."""
    return "'" + text.replace("'", "''") + "'::text"


def as_text(value: Sql) -> Sql:
    return f"CAST({value} AS TEXT)"


# ── SELECTs ──

JOINED = " LEFT JOIN LATERAL "

NOTHING: Sql = "NULL::json"
EMPTY_OBJECT: Sql = "'{}'::json"


def select(
    values: Sql | Mapping[str, Sql],
    sources: Iterable[Sql] = (),
    where: Iterable[Sql] = (),
    order_by: Iterable[Sql] = (),
    limit: Sql | None = None,
    *,
    offset: int | None = None,
) -> Sql:
    """A SELECT of one value, or of several under names, in parentheses."""
    text = f"(SELECT {values if isinstance(values, str) else named(values)}"
    if sources:
        text += " FROM" + "".join([each if each.startswith(JOINED) else f", {each}" for each in sources])[1:]
    if where:
        text += f" WHERE {' AND '.join(where)}"
    if order_by:
        text += f" ORDER BY {', '.join(order_by)}"
    if limit is not None:
        text += f" LIMIT {limit}"
    if offset is not None:
        text += f" OFFSET {offset}"
    return text + ")"


def named(values: Mapping[str, Sql]) -> Sql:
    return ", ".join([f'{value} AS "{name}"' for name, value in values.items()])


def under(selected: Sql, alias: str) -> Sql:
    """A SELECT as a source."""
    return f"{selected} AS {alias}"


def together(selected: Sequence[Sql], alias: str) -> Sql:
    """SELECTs of the same columns as one source."""
    return f"({' UNION ALL '.join(selected)}) AS {alias}"


def lateral(selected: Sql, alias: str) -> Sql:
    """A SELECT as a source, which may read the sources before it."""
    return f"LATERAL {selected} AS {alias}"


def left_joined(selected: Sql, alias: str) -> Sql:
    """A SELECT of one row or none as a source, which may read the sources before it; without one, of NULLs."""
    return f"{JOINED}{selected} AS {alias} ON true"


def listed(items: Sql) -> Sql:
    """An aggregate of rows as a JSON array, empty if there are none."""
    return f"coalesce({items}, '[]'::json)"


def long_named(fields: Mapping[str, Sql]) -> Sql:
    """An object with names that no column can have, as JSON."""
    members = " UNION ALL ".join(
        [
            f"SELECT {place} AS place, {word(key)} AS key, to_json({value}) AS value"
            for place, (key, value) in enumerate(fields.items())
        ]
    )
    return select("json_object_agg(m.key, m.value ORDER BY m.place)", [f"({members}) AS m"])
