"""How a capability says what the API shows: each type, and on each field where it comes from and who sees it.

    @reads(payouts, rows=OWN | MY_REPORTS | may("payout.view"), person="employee_id")
    class Payout:
        \"\"\"Money owed to one employee.\"\"\"

        id: ID = seen_by(STAFF)
        amount: Money | None = seen_by(OWN | may("pay.view"))
        employee: Employee | None = one("employee_id")

Nothing is executed here: the declarations stay beside the fields, in Strawberry's own metadata, and are compiled.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar, dataclass_transform
from uuid import UUID

import strawberry
from graphql import GraphQLNamedType
from strawberry import ID
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.utils.str_converters import to_camel_case

from projections._kernel import ReadModel
from schema._reading import USUAL, ByGlobalId, ByKey, Compared, Following, Many, One, Paging, Reading, Sql, Value, View
from schema._rules import STAFF, Rule
from schema._scalars import CurrencyCode

T = TypeVar("T")
C = TypeVar("C", bound=type)

SHAPES: dict[str, Shape] = {}
"""Every type that is read from rows, by its name. Filled as the modules of `schema` are imported."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A type whose objects are rows: of a read model, or (`model` is None) of a view or a JSON column."""

    name: str
    cls: type
    rows: Rule
    person: str | None
    model: ReadModel | None = None

    @property
    def definition(self) -> StrawberryObjectDefinition:
        found: StrawberryObjectDefinition = self.cls.__strawberry_definition__  # type: ignore[attr-defined]
        return found

    @property
    def identified(self) -> bool:
        return self.model is not None and self.model.keys == ("id",)


def shape_of(type_: GraphQLNamedType) -> Shape:
    found: Shape = type_.extensions["strawberry-definition"].origin.__shape__
    return found


# ── Fields ──


def _field(reading: Reading, rule: Rule, description: str | None = None) -> Any:
    seen = "" if rule == STAFF else f"Seen by {rule}."
    return strawberry.field(
        metadata={"reading": reading, "rule": rule},
        description=" ".join(filter(None, (description, seen))) or None,
    )


def seen_by(
    rule: Rule,
    *,
    column: str | None = None,
    sql: Sql | None = None,
    of: str | Sql | None = None,
    compared: Compared | None = None,
    few: tuple[str, ...] = (),
    description: str | None = None,
) -> Any:
    """A column of the row's own: the one of the field's name, or `column`, or an expression over the columns.

    A field of type Money reads the column and `<column>_currency`, or else `currency`. A field whose type is a `part`
    (or a list of it) reads a column of JSON. `compared` is for what an index finds only if it is asked for otherwise,
    `few` for a column of few values, whose index answers these other filters, and has the order of lists, as well.
    """
    return _field(Value(column, sql, of, compared, few), rule, description)


def one(column: str, *, seen_by: Rule = STAFF, description: str | None = None) -> Any:
    """The object whose id the column holds. It may still be hidden by who sees its type's rows."""
    return _field(One(column), seen_by, description)


def many(
    column: str | None = None,
    *,
    same: tuple[str, ...] = (),
    seen_by: Rule = STAFF,
    where: tuple[str, ...] = (),
    order_by: tuple[str, ...] = (),
    order: tuple[str, ...] = (),
    only: Sql | None = None,
    first: int = USUAL,
    description: str | None = None,
) -> Any:
    """A connection to all rows of a type, or on a type to those whose `column` holds this row's id.

    Those have the `same` in these columns as this row, too.
    `where` and `order_by` are the fields that clients may filter and sort by (or columns of a `one`): who may not see
    a field can't filter or sort by it. `order` is the order unless the client says otherwise, `"-column"` descending;
    `only` is a condition on the columns that always holds; `first` is the size of a page unless the client says.
    """
    return _field(Many(column, same, where, order_by, order, only, first), seen_by, description)


def by_id(*, seen_by: Rule = STAFF, description: str | None = None) -> Any:
    """A root field: the object with this id."""
    return _field(ByKey(("id",)), seen_by, description)


def by_key(*columns: str, seen_by: Rule = STAFF, description: str | None = None) -> Any:
    """A root field: the object whose columns, unique together, have these values."""
    return _field(ByKey(columns), seen_by, description)


def by_global_id() -> Any:
    """A root field: the object with this id, of whichever type."""
    return _field(ByGlobalId(), STAFF, "Any object by its id; null if there is none that you may see.")


def resolved(rule: Rule, *, description: str | None = None) -> Callable[[Callable[..., Any]], Any]:
    """A field that no table knows: the method computes it, in Strawberry's own way. The rule asks permissions alone.

    For a type that is read it is a function whose `parent: strawberry.Parent[dict[str, Any]]` has the row's key: `$id`.
    """

    def declare(resolve: Callable[..., Any]) -> Any:
        text = description or resolve.__doc__
        return strawberry.field(resolver=resolve, description=text, metadata={"rule": rule})

    return declare


def view(function: Callable[..., Any], *, seen_by: Rule = STAFF, description: str | None = None) -> Any:
    """Rows that a function selects: see `schema._view.At`."""
    return _field(View(function), seen_by, description or inspect.getdoc(function))


def following(of: str, *, about: Callable[[Any], UUID | None], seen_by: Rule, description: str) -> Any:
    """A subscription: whatever comes to the root field `of`, a list in the order of the log, after a place in it.

    Its type has a `cursor`, which is one of that list, and an `event`, the row. Whoever is told less than others
    of most facts may be told more of those that are `about` themselves, so that what is made for all is not for them.
    """
    return strawberry.field(
        metadata={"reading": Following(of, about), "rule": seen_by},
        description=f"{description} For {seen_by}.",
    )


# ── Types ──


@dataclass_transform(kw_only_default=True)
def reads(model: ReadModel, *, rows: Rule, person: str | None = None) -> Callable[[C], C]:
    """The class is an API type whose objects are rows of the read model.

    `rows` says who sees a row at all. `person` is the column that holds whom the row is about: what OWN and
    MY_REPORTS ask.
    """

    def declare(cls: C) -> C:
        return _declare(cls, Shape(cls.__name__, cls, rows, person, model))

    return declare


@dataclass_transform(kw_only_default=True)
def part(cls: C | None = None, *, rows: Rule = STAFF, person: str | None = None) -> Any:
    """The class is an API type whose objects come from a view, or out of a column of JSON.

    Without a `person` of its own, its rows are about the person of the row that they are part of.
    """

    def declare(cls: C) -> C:
        return _declare(cls, Shape(cls.__name__, cls, rows, person))

    return declare if cls is None else declare(cls)


def extends(kind: type[Any]) -> Callable[[C], C]:
    """The class brings more fields for a type that another module declares."""

    def declare(cls: C) -> C:
        added: Any = strawberry.type(cls)
        kind.__shape__.definition.fields.extend(added.__strawberry_definition__.fields)
        return cls

    return declare


def _declare(cls: C, shape: Shape) -> C:
    description = inspect.getdoc(cls) if cls.__doc__ else None
    declared = strawberry.type(cls, description=description)
    shape = Shape(shape.name, declared, shape.rows, shape.person, shape.model)
    for field in shape.definition.fields:
        if field.python_name.endswith("_"):  # a name that Python keeps for itself
            field.graphql_name = to_camel_case(field.python_name[:-1])
    if shape.identified:
        shape.definition.interfaces.append(Node.__strawberry_definition__)  # type: ignore[attr-defined]
    declared.__shape__ = shape  # type: ignore[attr-defined]
    SHAPES[shape.name] = shape
    return declared


@strawberry.interface(description="Whatever has an id that is its own everywhere in the API.")
class Node:
    id: ID = seen_by(STAFF)


@part
class Money:
    """An exact amount and its currency."""

    amount: Decimal = seen_by(STAFF)
    currency: CurrencyCode = seen_by(STAFF)


# ── Connections ──


@strawberry.type(description="Where a page stands in the whole.")
class PageInfo:
    has_next_page: bool = _field(Paging(), STAFF)
    has_previous_page: bool = _field(Paging(), STAFF)
    start_cursor: str | None = _field(Paging(), STAFF)
    end_cursor: str | None = _field(Paging(), STAFF)


@strawberry.type(description="One object of a page, and the place where it stands.")
class Edge(Generic[T]):
    cursor: str = _field(Paging(), STAFF)
    node: T = _field(Paging(), STAFF)


@strawberry.type(description="A page of objects, in a stable order.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = _field(Paging(), STAFF)
    nodes: list[T] = _field(Paging(), STAFF, "The objects themselves, for who needs no cursors.")
    page_info: PageInfo = _field(Paging(), STAFF)
    total_count: int = _field(Paging(), STAFF, "How many there are on all pages; counted only when asked for.")
