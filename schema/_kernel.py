"""What a capability module of the API is written with."""

from __future__ import annotations

import strawberry

from schema._arguments import bad_input
from schema._context import Context
from schema._declare import (
    Connection,
    Money,
    by_id,
    by_key,
    extends,
    following,
    many,
    one,
    part,
    reads,
    resolved,
    seen_by,
    view,
)
from schema._given import give, names
from schema._mutation import CommandInput, Outcome, allow, mutation, new_id, uuid_of
from schema._reader import Viewer
from schema._rules import MY_REPORTS, NOBODYS, OWN, STAFF, may
from schema._scalars import CurrencyCode, EmailAddress, PhoneNumber, Position, global_id
from schema._view import Arg, At

Info = strawberry.Info[Context, None]

__all__ = [
    "MY_REPORTS",
    "NOBODYS",
    "OWN",
    "STAFF",
    "Arg",
    "At",
    "CommandInput",
    "Connection",
    "CurrencyCode",
    "EmailAddress",
    "Info",
    "Money",
    "Outcome",
    "PhoneNumber",
    "Position",
    "Viewer",
    "allow",
    "bad_input",
    "by_id",
    "by_key",
    "extends",
    "following",
    "give",
    "global_id",
    "many",
    "may",
    "mutation",
    "names",
    "new_id",
    "one",
    "part",
    "reads",
    "resolved",
    "seen_by",
    "uuid_of",
    "view",
]
