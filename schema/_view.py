"""Views: rows that a function selects from what the client gives.

    def standings(at: At, *, metric: Metric, period: Arg[str], limit: Arg[int] | None = None) -> dict[str, Any]:
        start = at.value(period, Date(), lambda text: Period(text).start)
        return {"entries": select(...).where(scores.c.day >= start).limit(at.size(limit, usual=100))}

    leaderboard: Leaderboard = view(standings)

The function runs once for each plan, not for each request: what the client gives arrives as an `Arg`, to be bound.
Enums and booleans arrive as they are, and what was not given as None.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin

from sqlalchemy import ColumnElement, Integer, Uuid
from sqlalchemy.types import TypeEngine
from strawberry.utils.str_converters import to_camel_case

from schema._arguments import Given, Params, bad_input
from schema._reading import MOST
from schema._rows import Names
from schema._scalars import bound_in
from schema._select import expression

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Arg(Generic[T]):
    """A value that the client gives: written in the document, or a variable."""

    given: Any


@dataclass(frozen=True, slots=True)
class At:
    """Where a view is asked for: by whom, and of which row if the field is not a root field."""

    params: Params
    row: Names | None

    @property
    def viewer(self) -> ColumnElement[Any]:
        return expression(self.params.viewer, Uuid())

    def value(self, arg: Arg[Any], type_: TypeEngine[Any], convert: Callable[[Any], Any] | None = None) -> Any:
        """The argument as a parameter; `convert` may raise `bad_input`."""
        return expression(self.params.value(arg.given, type_, convert), type_)

    def id(self, arg: Arg[Any], kind: str) -> Any:
        """A global id as the parameter it stands for."""
        return self.value(arg, Uuid(), lambda id: bound_in(kind, id))

    def size(self, arg: Arg[int] | None, *, usual: int, most: int = MOST) -> Any:
        """A number of rows. It stands in the statement if it is known, for PostgreSQL to plan with."""
        given = usual if arg is None else arg.given
        if not isinstance(given, Given):
            return expression(str(page_size(given, most)), Integer())
        return expression(self.params.value(given, Integer(), lambda size: page_size(size, most)), Integer())


def page_size(size: int, most: int = MOST) -> int:
    if not 0 <= size <= most:
        raise bad_input(f"A page has 0 to {most} rows.")
    return size


# ── A view's arguments ──


@cache
def argument_types(function: Callable[..., Any]) -> dict[str, Any]:
    """By the parameter's name: its type in the API."""
    hints = typing.get_type_hints(function, include_extras=True)
    keywords = (each for each in inspect.signature(function).parameters.values() if each.kind is each.KEYWORD_ONLY)
    return {each.name: _unwrapped(hints[each.name]) for each in keywords}


@cache
def parameters(function: Callable[..., Any]) -> dict[str, tuple[str, bool]]:
    """By the argument's name in the API: the parameter's, and whether it takes an `Arg`."""
    hints = typing.get_type_hints(function, include_extras=True)
    return {to_camel_case(name): (name, hints[name] != type_) for name, type_ in argument_types(function).items()}


def _unwrapped(hint: Any) -> Any:
    """`Arg[T]` as T, wherever it stands."""
    if get_origin(hint) is Arg:
        return get_args(hint)[0]
    if get_origin(hint) is Annotated:
        kind, *rest = get_args(hint)
        return Annotated[(_unwrapped(kind), *rest)]
    if get_origin(hint) in (typing.Union, types.UnionType):
        return typing.Union[tuple(_unwrapped(each) for each in get_args(hint))]  # noqa: UP007
    return hint
