"""Mutations: who may give a command, and what it answers: the changed object, or what the rules said against it.

@strawberry.type
class Mutation:
    @mutation(may("payout.approve"), changes=Payout)
    async def approve_payout(self, info: Info, input: ApprovePayoutInput) -> Outcome:
        return await give(info, domain.Payout, domain.Payout.approve, input)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Protocol, Union
from uuid import UUID, uuid4, uuid5

import strawberry
from strawberry import ID, UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver
from strawberry.utils.str_converters import capitalize_first, to_camel_case

from domain import _kernel as domain
from domain._ids import following
from domain._values import text
from schema._declare import Shape, _field, seen_by
from schema._reading import Changed
from schema._rules import STAFF, Rule
from schema._scalars import Position, uuid_in
from store.meter import Meter
from store.recorded import Origin, Recorded, new_uuid
from store.witness import Checkpoint

LONGEST_REASON = 1000
Person = Callable[[Any], UUID | None]


class Outcome(Protocol):
    """What the log says of a command that took effect."""

    @property
    def stream_id(self) -> UUID: ...
    @property
    def position(self) -> int: ...


class Log(Protocol):
    @property
    def meter(self) -> Meter: ...
    async def run(
        self,
        kind: Any,
        id: UUID,
        command: Any,
        /,
        *,
        origin: Origin,
        expected_version: int | None = None,
        keyed: bool = False,
        asked: Any = None,
        **kwargs: Any,
    ) -> Any: ...
    async def at(self, positions: Collection[int]) -> list[Recorded]: ...
    async def after(self, position: int, *, limit: int) -> list[Recorded]: ...
    async def head(self) -> int: ...
    def news(self) -> AbstractContextManager[asyncio.Event]: ...
    async def root(self, size: int) -> bytes: ...
    async def checkpoint(self) -> Checkpoint | None: ...


@strawberry.input
class CommandInput:
    """What every command accepts."""

    command_id: UUID | None = strawberry.field(
        default=UNSET,
        description="Chosen by the client, best as a UUIDv7: the same command sent again is answered, not repeated.",
    )
    expected_version: int | None = strawberry.field(
        default=UNSET, description="Refused with CONFLICT if the object is not at this version."
    )
    reason: str | None = strawberry.field(default=UNSET, description="Why, in up to 1,000 characters; it is kept.")


# ── Refusals are data ──


@strawberry.type(name="Refused", description="The rules said no. Nothing was changed.")
class Refusal:
    code: str = seen_by(STAFF, description="For programs; stable.")
    message: str = seen_by(STAFF, description="For people.")
    path: list[str] = seen_by(STAFF, description="Which part of the input is at fault; empty if none is.")
    current_version: int | None = seen_by(STAFF, description="With CONFLICT: where the object stands now.")


class RefusedToRefusal(strawberry.ExceptionHandler[domain.Refused, Refusal]):
    def handle(self, exception: domain.Refused, *, field: StrawberryField, info: Any) -> Refusal:
        return refusal_of(exception, info.context.log)


def refusal_of(refused: domain.Refused, log: Log) -> Refusal:
    log.meter.refusals[refused.code] += 1
    return Refusal(
        code=refused.code,
        message=str(refused),
        path=list(refused.path),
        current_version=getattr(refused, "current_version", None),
    )


# ── Commands ──


def uuid_of(kind: type[Any], id: ID, *path: str) -> UUID:
    """What a global id in an input names. Refused if it is the id of something else; `path` says where it stood."""
    name = kind.__shape__.name
    found = uuid_in(name, id)
    if found is None:
        raise domain.Invalid(f"This is not the id of a {name}.", *path)
    return found


def uuid_or_none(kind: type[Any], id: ID | None, *path: str) -> UUID | None:
    """The same, for what need not be given."""
    return None if id is None or id is UNSET else uuid_of(kind, id, *path)


def chosen(kind: type[Any], id: ID | None, *path: str) -> UUID | None:
    """The same, for what must be given, and may be null: to say nothing is not to say none."""
    if id is UNSET:
        raise domain.Invalid(f"Say which {kind.__shape__.name}, or null for none.", *path)
    return uuid_or_none(kind, id, *path)


def origin_of(viewer: UUID, input: CommandInput) -> Origin:
    """Who gives the command, and why."""
    reason = text(input.reason, "reason", limit=LONGEST_REASON) if input.reason else None
    return Origin(actor=viewer, command_id=input.command_id or new_uuid(), reason=reason)


def new_id(kind: type[Any], input: CommandInput) -> UUID:
    """The id of something new: for the same `commandId` the same, so that a repeated command names what it made.

    It begins with the time if the `commandId` does, but for the ids of people: not everybody who sees them may know
    since when they have been here.
    """
    new, after = (uuid4, uuid5) if kind.__shape__.person == "id" else (new_uuid, following)
    return after(input.command_id, kind.__qualname__) if input.command_id else new()


# ── Fields ──


class MutationField(StrawberryField):
    """Asks the rule, runs the resolver, and answers with the payload."""

    async def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        outcome = await self.carried_out(info, kwargs["input"])
        return self.metadata["payload"](changed=outcome.stream_id, position=outcome.position)

    async def carried_out(self, info: Any, input: CommandInput) -> Outcome:
        """Let the resolver give its command, if the viewer may. Raises Refused."""
        context, rule, whom = info.context, self.metadata["rule"], None
        if isinstance(rule.fold(context.viewer.permissions), Rule):
            on, about = self.metadata["on"], self.metadata["about"]
            whom = on(input) if on else await about.whom(context, input)
        await allow(context, rule, whom)
        assert self.base_resolver is not None
        resolve: Any = self.base_resolver.wrapped_func
        outcome: Outcome = await resolve(None, info=info, input=input)
        return outcome


@dataclass(frozen=True, slots=True)
class About:
    """Finds whom the object that a command changes is about, by a column of its row."""

    shape: Shape
    column: str | None

    async def whom(self, context: Any, input: Any) -> UUID | None:
        table, id = self.shape.model and self.shape.model.table, uuid_in(self.shape.name, getattr(input, "id", ""))
        if table is None or self.column is None or id is None:
            return None
        asked = f'SELECT "{self.column}" FROM {table} WHERE id = $1'  # noqa: S608 - names of our own
        found: UUID | None = await context.reader.pool.fetchval(asked, id)
        return found


async def allow(context: Any, rule: Rule, person: UUID | None, *, otherwise: domain.Refused | None = None) -> None:
    """Refuse the command unless the viewer may give it. Who is not there and who is not theirs look alike."""
    verdict = rule.fold(context.viewer.permissions)
    if isinstance(verdict, Rule) and person is not None:
        verdict = await context.reader.pool.fetchval(_question(verdict), person, context.viewer.id)
    if verdict is not True:
        raise otherwise or domain.Forbidden(f"This needs {rule}.")


@cache
def _question(rule: Rule) -> str:
    """Whether a rule holds of somebody, for a viewer."""
    asked = rule.sql("asked.whom", "asked.viewer")
    return f"SELECT {asked} FROM (SELECT $1::uuid AS whom, $2::uuid AS viewer) AS asked"  # noqa: S608 - ours


def mutation(
    rule: Rule,
    *,
    changes: type[Any],
    on: Person | None = None,
    about: str | None = None,
    description: str | None = None,
) -> Callable[[Callable[..., Awaitable[Outcome]]], Any]:
    """A command that changes one object of the type `changes`, and answers with it and the position.

    A rule that asks about a person asks it of `on(input)`; or else of whom the object with the id `input.id` is about:
    its person, or whoever its column `about` names.
    """
    shape: Shape = changes.__shape__

    def declare(resolve: Callable[..., Awaitable[Outcome]]) -> Any:
        name = capitalize_first(to_camel_case(resolve.__name__))
        payload: Any = _payload(name, shape)
        result = Annotated[Union[payload, Refusal], strawberry.union(f"{name}Result")]  # noqa: UP007
        return MutationField(
            base_resolver=StrawberryResolver(resolve),
            type_annotation=StrawberryAnnotation(result),
            description=" ".join(filter(None, (description or resolve.__doc__, f"For {rule}."))),
            metadata={"rule": rule, "on": on, "about": About(shape, about or shape.person), "payload": payload},
        )

    return declare


def _payload(name: str, shape: Shape) -> type[Any]:
    """The changed object; null if it is one that the viewer may change and not see."""
    field = shape.name[0].lower() + shape.name[1:]
    type_: Any = shape.cls if shape.rows == STAFF else shape.cls | None
    annotations = {field: type_, "position": Position, "changed": strawberry.Private[UUID]}
    changed, position = _field(Changed(), STAFF), seen_by(STAFF, description="Where the log stands with this.")
    changed.default = None
    cls = type(f"{name}Payload", (), {"__annotations__": annotations, field: changed, "position": position})
    return strawberry.type(cls, description="It took effect.")
