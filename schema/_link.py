"""Joins the declarations to each other once all modules are known: types by their names, and arguments to fields."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from typing import Any, get_args

from strawberry import ID, UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import capitalize_first, to_camel_case

from schema._declare import SHAPES, Shape
from schema._inputs import bare, order_input, where_input
from schema._reading import MOST, ByGlobalId, ByKey, Following, Many, Value, View, reading
from schema._rules import STAFF, Rule
from schema._view import argument_types


def link(roots: Iterable[type[Any]]) -> None:
    """Resolve the names in annotations among all types that are read, and give the fields their arguments."""
    definitions = [shape.definition for shape in SHAPES.values()]
    definitions += [root.__strawberry_definition__ for root in roots]
    for definition in definitions:
        for field in definition.fields:
            _resolve(field, definition)
    for shape in SHAPES.values():
        for field in shape.definition.fields:
            _check(shape, field)
    for definition in reversed(definitions):  # the roots first: they take the plain names
        for field in definition.fields:
            field.arguments = _arguments(definition, field) if reading(field) else field.arguments
    lists = {field.python_name: field for each in definitions if each.name == "Query" for field in each.fields}
    for definition in definitions:
        for field in definition.fields:
            if isinstance(source := reading(field), Following):
                field.arguments = _following_arguments(lists[source.of])


def _resolve(field: StrawberryField, definition: StrawberryObjectDefinition) -> None:
    """An annotation may name any type that is read, imported or not: the modules of two capabilities may meet."""
    annotation = field.type_annotation
    if annotation is None or not isinstance(annotation.raw_annotation, str):
        return
    origin = field.origin if isinstance(field.origin, type) else definition.origin
    module = sys.modules[origin.__module__].__dict__
    names = {name: shape.cls for name, shape in SHAPES.items()} | module
    field.type_annotation = StrawberryAnnotation(annotation.raw_annotation, namespace=names)


def _check(shape: Shape, field: StrawberryField) -> None:
    """A field that may be empty must be nullable, and a rule on rows needs somebody to ask it of."""
    rule: Rule | None = field.metadata.get("rule")
    source, optional = reading(field), _optional(field)
    where = f"{shape.name}.{field.python_name}"
    if rule is None:
        return
    if rule != STAFF and not optional:
        raise TypeError(f"{where} may be hidden ({rule}), so its type must be nullable.")
    if source is None or shape.model is None:
        return
    if shape.person is None and any(isinstance(each, Rule) for each in (rule.fold(frozenset()),) if each is not True):
        raise TypeError(f"{where}: {rule} asks about a person, and {shape.name} names none.")
    if isinstance(source, Value) and source.sql is None and not optional:
        column = shape.model.table.c[source.column or field.python_name]
        if column.nullable:
            raise TypeError(f"{where} can't be null, and its column can.")


def _optional(field: StrawberryField) -> bool:
    return type(field.resolve_type()).__name__ == "StrawberryOptional"


# ── Arguments ──


def _arguments(definition: StrawberryObjectDefinition, field: StrawberryField) -> list[StrawberryArgument]:
    match reading(field):
        case ByGlobalId():
            return [_argument("id", ID, "The id of any object.")]
        case ByKey(columns):
            target: Shape = bare(field).__shape__
            return [_key_argument(target, name) for name in columns]
        case Many() as many:
            return _connection_arguments(definition, field, many)
        case View(function):
            return [_argument(name, annotation) for name, annotation in argument_types(function).items()]
    return []


def _key_argument(target: Shape, name: str) -> StrawberryArgument:
    if name == "id":
        return _argument("id", ID, f"The id of the {target.name}.")
    field = next(each for each in target.definition.fields if each.python_name == name)
    kind = bare(field)
    return _argument(name, getattr(kind, "wrapped_cls", kind), field.description)


def _connection_arguments(
    definition: StrawberryObjectDefinition, field: StrawberryField, many: Many
) -> list[StrawberryArgument]:
    (node,) = bare(field).__strawberry_definition__.type_var_map.values()
    shape: Shape = node.__shape__
    owner = capitalize_first(to_camel_case(field.python_name)) if definition.name == "Query" else definition.name
    arguments = [
        _argument("first", int | None, f"How many from the start; {many.first} unless told, at most {MOST}."),
        _argument("after", str | None, "Only those after this cursor."),
        _argument("last", int | None, f"How many from the end, at most {MOST}."),
        _argument("before", str | None, "Only those before this cursor."),
    ]
    if (where := where_input(owner, shape, many)) is not None:
        arguments.append(_argument("where", where | None, "Only those for which this holds."))
    if (order := order_input(owner, shape, many)) is not None:
        arguments.append(_argument("order_by", list[order] | None, "In this order."))  # type: ignore[valid-type]
    return arguments


def _following_arguments(listed: StrawberryField) -> list[StrawberryArgument]:
    name = to_camel_case(listed.python_name)
    after = f"Only those after this cursor, which may be one of `{name}`; from now on, unless told."
    where = (each for each in listed.arguments if each.python_name == "where")
    return [_argument("after", str | None, after), *where]


def _argument(name: str, type_: Any, description: str | None = None) -> StrawberryArgument:
    optional = type(None) in get_args(type_)
    return StrawberryArgument(
        name,
        None,
        StrawberryAnnotation(type_),
        description=description,
        default=UNSET if optional else inspect.Parameter.empty,
    )
