"""Where a field comes from: what a declaration says, and the compiler of reads goes by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select
from strawberry.types.field import StrawberryField

USUAL, MOST = 50, 200
"""How many rows a page has if the client doesn't say, and at most."""

Sql = Callable[[Any], ColumnElement[Any]]
Compared = Callable[[Any, str, ColumnElement[Any]], ColumnElement[bool] | None]
"""An expression over the columns of a row."""


@dataclass(frozen=True, slots=True)
class Value:
    """A column of the row, or an expression over its columns.

    An ID is the id of the type that it is `of`, which may differ from row to row: an expression over the columns.
    `compared` says otherwise what a filter asks of the columns, given the operator and what it compares with. A column
    of few values has an index with the order of lists behind it: `few` are the filters that it answers besides.
    """

    column: str | None = None
    sql: Sql | None = None
    of: str | Sql | None = None
    compared: Compared | None = None
    few: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class One:
    """The row of another type that this column holds the id of."""

    column: str


@dataclass(frozen=True, slots=True)
class ByKey:
    """The row whose columns have the values of the arguments of the same name."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ByGlobalId:
    """The row of whichever type the id belongs to."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The row that a mutation has changed."""


@dataclass(frozen=True, slots=True)
class Many:
    """All rows of another type, page by page; those whose `column` holds this row's id, if it is given."""

    column: str | None
    same: tuple[str, ...]
    where: tuple[str, ...]
    order_by: tuple[str, ...]
    order: tuple[str, ...]
    only: Sql | None
    first: int


@dataclass(frozen=True, slots=True)
class View:
    """What a function makes of the arguments: a SELECT, or a mapping from the fields of the type to such."""

    function: Callable[..., Select[Any] | Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Paging:
    """A part of a connection."""


@dataclass(frozen=True, slots=True)
class Following:
    """Each fact that comes to a list of the API, told as it comes. `about` is whom a fact is about, if anybody."""

    of: str
    about: Callable[[Any], UUID | None]


Reading = Value | One | ByKey | ByGlobalId | Changed | Many | View | Paging | Following


def reading(field: StrawberryField) -> Reading | None:
    """Where the field comes from; None if a resolver of its own computes it."""
    found: Reading | None = field.metadata.get("reading")
    return found
