"""What a command is given: the members of its input by their names, ids as what they name; who asks, and when.

@strawberry.input
class TransferEmployeeInput(CommandInput):
    id: ID = names(Employee, "The employee's.")
    department_id: ID | None = names(Department, "Null for none.", chosen=True)
    effective: date

await give(info, domain.Employee, domain.Employee.transfer, input)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING
from functools import cache, partial
from inspect import signature
from typing import Any
from uuid import UUID

import strawberry
from strawberry import UNSET
from strawberry.types.field import StrawberryField
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
    for name in _declared(command) - given.keys() - {"id"}:
        if name in known:
            given[name] = known[name]
        elif name in members:
            given[name] = _said(input, members[name])
    outcome: Outcome = await context.run(kind, about, command, input, **given)
    return outcome


def _said(input: CommandInput, member: StrawberryField) -> Any:
    """What a member says. Left out, or an empty text where it could have been, it says None."""
    value = getattr(input, member.python_name)
    if (read := member.metadata.get("read")) is not None:
        return read(value, to_camel_case(member.python_name))
    return None if value is UNSET or (value == "" and member.default is UNSET) else value


@cache
def _members(asked: Any) -> dict[str, StrawberryField]:
    return {field.python_name: field for field in asked.__strawberry_definition__.fields}


@cache
def _declared(command: Callable[..., Any]) -> frozenset[str]:
    return frozenset(signature(command).parameters)
