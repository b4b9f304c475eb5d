"""A column with few values, looked for by something else than one of them: a beginning, several, all others.

Of each value that is wanted a page is read from its place in an index, and of these the page that was asked for. So
what is rare is found without going through what is frequent. Which values there are is read off the same index.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Text

from schema._filters import Filters
from schema._rows import Columns, Values
from schema._select import Sql, expression, lateral, quoted, select, under


class Few(NamedTuple):
    """The column, and a SELECT of the values of it that are wanted."""

    column: str
    wanted: Sql

    def each(self, row: Columns, page: Callable[[Sql], Sql], values: str, found: str) -> Sql:
        """As a source: of each value the page that is read under a condition."""
        of_value = page(f"{row.get(self.column)} = {values}.value")
        return f"{under(self.wanted, values)}, {lateral(of_value, found)}"


def few(filters: Filters, where: Mapping[str, Any], table: Sql) -> Few | None:
    """What a filter wants of such a column, if that is not one value."""
    for name, asked in where.items():
        handle = filters.where.get(name)
        if handle and handle.value.few and asked and "eq" not in asked and where.keys() <= {name, *handle.value.few}:
            column = handle.value.column or handle.name
            value = Values({column: expression("v.value", Text())})
            return Few(column, _values(table, quoted(column), filters.condition({name: asked}, value)))
    return None


def _values(table: Sql, column: Sql, wanted: Sql) -> Sql:
    """Those of a column for which this holds of `v.value`, from one to the next."""
    least = select(column, [table], order_by=[column], limit="1")
    following = select(f"r.{column}", [f"{table} AS r"], [f"r.{column} > v.value"], [f"r.{column}"], "1")
    there = "v.value IS NOT NULL"
    every = f"{least} UNION ALL {select(following, ['v'], [there])}"
    return f"(WITH RECURSIVE v (value) AS ({every}) {select('v.value', ['v'], [there, wanted])})"
