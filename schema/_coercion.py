"""What clients send as the values of variables becomes what it means, by functions that are made once for each type.

They know what is plainly right. Whatever is not is not wrong for that: graphql-core judges it, and it alone ever says
what is wrong with a value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    is_required_input_field,
)
from graphql.utilities.coerce_input_value import coerce_default_value

Coerce = Callable[[Any], Any]
"""Raises something, NotPlain or another, for what is not plainly right."""

TEXT = ("ID", "String")


class NotPlain(Exception):
    """Whether this is a value of its type is for graphql-core to say."""


def coercer(type_: GraphQLInputType) -> Coerce:
    """Makes of a value in JSON what graphql-core's `coerce_input_value` makes of it."""
    needed = isinstance(type_, GraphQLNonNull)
    given = _of_what_is_given(type_.of_type if isinstance(type_, GraphQLNonNull) else type_)

    def coerced(value: Any) -> Any:
        if value is not None:
            return given(value)
        if needed:
            raise NotPlain
        return None

    return coerced


def _of_what_is_given(type_: Any) -> Coerce:
    """The same, of a value that is not null."""
    return _items(coercer(type_.of_type)) if isinstance(type_, GraphQLList) else _named(type_)


@cache
def _named(type_: Any) -> Coerce:
    if isinstance(type_, GraphQLInputObjectType):
        return _Members(type_)
    if isinstance(type_, GraphQLEnumType):
        return {name: type_.coerce_input_value(name) for name in type_.values}.__getitem__
    if type_.name in TEXT:
        return _text
    coerce: Coerce = type_.coerce_input_value
    return coerce


def _text(value: Any) -> str:
    if type(value) is not str:
        raise NotPlain
    return value


def _items(coerce: Coerce) -> Coerce:
    def items(value: Any) -> list[Any]:
        if type(value) is not list:
            raise NotPlain
        return [coerce(each) for each in value]

    return items


class _Member(NamedTuple):
    name: str
    key: str
    coerce: Coerce
    required: bool
    default: Any


@dataclass(slots=True)
class _Members:
    """An object. Its members are made when the first one is met, for an object may be a member of itself."""

    type: GraphQLInputObjectType
    _members: list[_Member] = field(default_factory=list)

    def __call__(self, value: Any) -> dict[str, Any]:
        if type(value) is not dict or self.type.is_one_of:
            raise NotPlain
        found, unknown = {}, len(value)
        for name, key, coerce, required, default in self._members or self._made():
            if name in value:
                found[key] = coerce(value[name])
                unknown -= 1
            elif required:
                raise NotPlain
            elif default is not Undefined:
                found[key] = default
        if unknown:
            raise NotPlain
        return found

    def _made(self) -> list[_Member]:
        self._members = [
            _Member(
                name,
                each.out_name or name,
                coercer(each.type),
                is_required_input_field(each),
                coerce_default_value(each),
            )
            for name, each in self.type.fields.items()
        ]
        return self._members
