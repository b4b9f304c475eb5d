"""What a client may filter and sort by: inputs made from the declarations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from keyword import iskeyword
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.base import StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from schema._declare import Money, Shape
from schema._reading import Many, One, Value, reading
from schema._rules import Rule
from schema._scalars import ANY_KIND, CurrencyCode, EmailAddress, PhoneNumber, Position

EQUAL = ("eq", "ne", "in", "notIn", "isNull")
ORDERED = (*EQUAL, "lt", "lte", "gt", "gte")
TEXT = (*ORDERED, "contains", "startsWith")

KINDS: dict[Any, tuple[str, Any, tuple[str, ...]]] = {
    ID: ("ID", ID, EQUAL),
    UUID: ("UUID", UUID, EQUAL),
    CurrencyCode: ("CurrencyCode", CurrencyCode, EQUAL),
    bool: ("Boolean", bool, ("eq", "isNull")),
    str: ("String", str, TEXT),
    EmailAddress: ("String", str, TEXT),
    PhoneNumber: ("PhoneNumber", PhoneNumber, EQUAL),
    int: ("Int", int, ORDERED),
    float: ("Float", float, ORDERED),
    Position: ("Position", Position, ORDERED),
    Decimal: ("Decimal", Decimal, ORDERED),
    Money: ("Decimal", Decimal, ORDERED),
    date: ("Date", date, ORDERED),
    datetime: ("DateTime", datetime, ORDERED),
}
"""By the type of the field: the filter's name, what it compares with, and how."""


@strawberry.enum(description="From the least to the greatest, or the other way round.")
class Direction(Enum):
    ASC = "ASC"
    DESC = "DESC"


@dataclass(frozen=True, slots=True)
class Handle:
    """What a filter or an order takes hold of: a field's name, its column, and who may see it."""

    name: str
    value: Value
    rule: Rule
    kind: Any
    of: str | None = None
    nullable: bool = True

    @property
    def graphql_name(self) -> str:
        return to_camel_case(self.name.removesuffix("_"))


def handles(shape: Shape, names: tuple[str, ...]) -> dict[str, Handle]:
    """The named fields of the type, by their names in the API."""
    found = (_handle(shape, name) for name in names)
    return {handle.graphql_name: handle for handle in found}


def _handle(shape: Shape, name: str) -> Handle:
    for field in shape.definition.fields:
        rule = field.metadata.get("rule")
        match reading(field):
            case Value() as value if field.python_name == name and rule:
                nullable = isinstance(field.resolve_type(), StrawberryOptional)
                return Handle(name, value, rule, bare(field), _of(shape, name, value), nullable)
            case One(column) if name in (column, field.python_name) and rule:
                target = bare(field)
                return Handle(name, Value(column), rule, ID, target.__shape__.name)
    raise TypeError(f"{shape.name} has no field {name} to filter or sort by.")


def _of(shape: Shape, name: str, value: Value) -> str | None:
    if callable(value.of):
        return ANY_KIND
    return value.of or (shape.name if name == "id" else None)


def bare(field: StrawberryField) -> Any:
    """The type of a field, whether it may be null or not."""
    type_: Any = field.resolve_type()
    type_ = type_.of_type if isinstance(type_, StrawberryOptional) else type_
    return type_.resolve_type() if hasattr(type_, "resolve_type") else type_


# ── Inputs ──


def where_input(owner: str, shape: Shape, many: Many) -> type[Any] | None:
    return _where(_named(owner, shape, "Where", many.where), many.where, shape) if many.where else None


def order_input(owner: str, shape: Shape, many: Many) -> type[Any] | None:
    return _order(_named(owner, shape, "OrderBy", many.order_by), many.order_by) if many.order_by else None


_plain: dict[tuple[Shape, str], tuple[str, ...]] = {}


def _named(owner: str, shape: Shape, kind: str, names: tuple[str, ...]) -> str:
    """The plain name for the first list of fields, and for the same again; the owner's before it for others."""
    return shape.name if _plain.setdefault((shape, kind), names) == names else f"{owner}{shape.name}"


@cache
def _where(name: str, names: tuple[str, ...], shape: Shape) -> type[Any]:
    fields: dict[str, tuple[Any, str]] = {
        handle.graphql_name: (_filter(handle.kind), "") for handle in handles(shape, names).values()
    }
    fields |= {"and": (None, "All of these."), "or": (None, "Any of these."), "not": (None, "None of this.")}
    made = _input(f"{name}Where", f"Which {shape.name} objects. Conditions side by side must all hold.", fields)
    for field in made.__strawberry_definition__.fields:
        if field.graphql_name in ("and", "or", "not"):
            several: Any = list[made]  # type: ignore[valid-type]
            field.type_annotation = StrawberryAnnotation((made if field.graphql_name == "not" else several) | None)
    return made


@cache
def _order(name: str, names: tuple[str, ...]) -> type[Any]:
    make: Any = Enum
    members = make(f"{name}OrderField", {each.removesuffix("_").upper(): each for each in names})
    field = strawberry.enum(members, description=f"What {name} objects are sorted by.")
    cls = type(f"{name}OrderBy", (), {"__annotations__": {"field": field, "direction": Direction}})
    cls.direction = Direction.ASC  # type: ignore[attr-defined]
    return strawberry.input(cls, description="One thing to sort by; the next ones decide between equals.")


@cache
def _filter(kind: Any) -> type[Any]:
    if isinstance(kind, StrawberryEnumDefinition):
        return _comparison(kind.name, kind.wrapped_cls, EQUAL)
    return _comparison(*KINDS[kind])


@cache
def _comparison(name: str, operand: Any, operators: tuple[str, ...]) -> type[Any]:
    types = {"in": list[operand], "notIn": list[operand], "isNull": bool}
    fields = {operator: (types.get(operator, operand), "") for operator in operators}
    return _input(f"{name}Filter", "Conditions side by side must all hold.", fields)


def _input(name: str, description: str, fields: dict[str, tuple[Any, str]]) -> type[Any]:
    python_names = {each: f"{each}_" if iskeyword(each) else each for each in fields}
    members: dict[str, Any] = {
        python_names[each]: strawberry.field(name=each, default=UNSET, description=text or None)
        for each, (_, text) in fields.items()
    }
    members["__annotations__"] = {
        python_names[each]: (bool if type_ is None else type_) | None for each, (type_, _) in fields.items()
    }
    return strawberry.input(type(name, (), members), name=name, description=description)
