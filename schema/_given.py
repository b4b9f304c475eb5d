"""What a command is given: the members of its input by their names, ids as what they name; who asks, and when.

@strawberry.input
class TransferEmployeeInput(CommandInput):
    id: ID = names(Employee, "The employee's.")
    department_id: ID | None = names(Department, "Null for none.", chosen=True)
    effective: date

await give(info, domain.Employee, domain.Employee.transfer, input)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from functools import cache, partial
from inspect import signature
from typing import Any, NamedTuple
from uuid import UUID

import strawberry
from strawberry import UNSET
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.utils.str_converters import to_camel_case

from schema._mutation import CommandInput, Outcome, uuid_or_none
from schema._mutation import chosen as chosen_id


def names(kind: type[Any], description: str | None = None, *, optional: bool = False, chosen: bool = False) -> Any:
    """A member of an input that is the id of something of this kind.

    What is `optional` need not be given. What is `chosen` must be, and may be null.
    """
    default = UNSET if optional or chosen else MISSING
    read = partial(chosen_id if chosen else uuid_or_none, kind)
    return strawberry.field(default=default, description=description, metadata={"read": read})


async def give(
    info: Any,
    kind: type[Any],
    command: Callable[..., Any],
    input: CommandInput,
    /,
    *,
    id: UUID | None = None,
    **given: Any,
) -> Outcome:
    """Give a command to what the input's `id` names; or to something new, which gets this `id`.

    What the command declares and is not `given` here is taken from the input. `by` is who asks, `holder` what they may
    do, `today` the day.
    """
    asked: Any = type(input)
    context, members = info.context, _members(asked)
    about = id or _said(input, members["id"])
    known = {"by": context.signed_in.id, "holder": context.signed_in.permissions, "today": context.today}
    for name in _declared(command):
        if name in given or name == "id":
            continue
        if name in known:
            given[name] = known[name]
        elif name in members:
            given[name] = _said(input, members[name])
    outcome: Outcome = await context.run(kind, about, command, input, **given)
    return outcome


class Member(NamedTuple):
    """A member of an input, by its names here and in the API. `make` is what its value is made into an object by."""

    name: str
    path: str
    default: Any
    read: Callable[..., Any] | None
    make: Callable[[Any], Any] | None


def _said(input: CommandInput, member: Member) -> Any:
    """What a member says. Left out, or an empty text where it could have been, it says None."""
    value = getattr(input, member.name)
    if member.read is not None:
        return member.read(value, member.path)
    return None if value is UNSET or (value == "" and member.default is UNSET) else value


def input_of(asked: Any, values: Mapping[str, Any]) -> Any:
    """The input of a class, of what graphql-core has coerced. What may be null and has no default is null."""
    given = {}
    for name, path, default, _, make in _members(asked).values():
        if path in values:
            value = values[path]
            given[name] = value if make is None or value is None else make(value)
        elif default is MISSING:
            given[name] = None
    return asked(**given)


@cache
def _members(asked: Any) -> dict[str, Member]:
    return {
        field.python_name: Member(
            field.python_name,
            field.graphql_name or to_camel_case(field.python_name),
            field.default,
            field.metadata.get("read"),
            _maker(field.resolve_type()),
        )
        for field in asked.__strawberry_definition__.fields
    }


def _maker(type_: Any) -> Callable[[Any], Any] | None:
    """What makes the objects that Strawberry would make of a value; None if it stays as it is."""
    if isinstance(type_, StrawberryOptional):
        return _maker(type_.of_type)
    if isinstance(type_, StrawberryList):
        make = _maker(type_.of_type)
        return list if make is None else lambda values: [None if each is None else make(each) for each in values]
    declared = getattr(type_, "__strawberry_definition__", None)
    return partial(input_of, type_) if getattr(declared, "is_input", False) else None


@cache
def _declared(command: Callable[..., Any]) -> frozenset[str]:
    return frozenset(signature(command).parameters)
