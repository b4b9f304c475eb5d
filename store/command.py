"""A command on its way: what it asks, what it decided on which ground, and what it is answered."""

from __future__ import annotations

import hashlib
import inspect
from asyncio import Future
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from domain._kernel import Conflict, NotFound, Refused
from store.recorded import Origin
from store.streams import Folded, NotLoaded, Stream

_asked = msgspec.json.Encoder(order="deterministic", enc_hook=repr).encode


class Unavailable(Exception):
    """The store can't record now. What was asked may be asked again, with the same command id if it had one."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a command came to. `repeated`: it had taken effect before, and this is the answer of then."""

    stream_id: UUID
    version: int
    position: int
    facts: tuple[Any, ...] = ()
    repeated: bool = False


@dataclass(eq=False, slots=True, kw_only=True)
class Command:
    """`keyed`: its id is the client's idempotency key, for what the client `asked`."""

    stream: Stream
    decide: Callable[..., Iterator[Any]]
    arguments: Mapping[str, Any]
    origin: Origin
    expected_version: int | None
    keyed: bool
    asked: Any
    answer: Future[Outcome]
    watched: Any = None
    """What a watcher keeps with it, from when it is given until it is answered."""

    def fingerprint(self) -> bytes:
        """The same for the same input by the same person: 32 bytes."""
        asked = (self.decide.__qualname__, self.stream.id, self.origin.actor, self.expected_version, self.asked)
        return hashlib.sha256(_asked(asked)).digest()

    def same_key(self, other: Command) -> bool:
        return self.keyed and other.keyed and self.origin.command_id == other.origin.command_id

    def resolve(self, outcome: Outcome | BaseException) -> None:
        if self.answer.done():
            return  # nobody waits any more
        if isinstance(outcome, Outcome):
            self.answer.set_result(outcome)
        else:
            self.answer.set_exception(outcome)


@dataclass(eq=False, slots=True, kw_only=True)
class Decided:
    """What a command decided, and every stream that this rests on, at the version that it saw."""

    command: Command
    after: Folded
    facts: tuple[Any, ...] = ()
    refusal: Refused | None = None
    seen: dict[UUID, int] = field(default_factory=dict)

    def outcome(self, position: int) -> Outcome:
        return Outcome(
            stream_id=self.command.stream.id, version=self.after.version, position=position, facts=self.facts
        )


@cache
def _declared(decide: Callable[..., Any]) -> frozenset[str]:
    """Which of the two that are offered."""
    return frozenset(("id", "look")) & inspect.signature(decide).parameters.keys()


def decide(command: Command, read: Callable[[Stream], Folded | None]) -> Decided:
    """Let a command decide on what `read` knows. Raises NotLoaded if that is not enough.

    A command that declares `look` or `id` is given a way to look at others, and the id of its own stream.
    """
    seen: dict[UUID, int] = {}

    def look(kind: type[Any], id: UUID) -> Any:
        folded = read(stream := Stream(kind, id))
        if folded is None:
            raise NotLoaded(stream)
        seen[id] = folded.version
        return folded.state

    own = read(command.stream)
    if own is None:
        raise NotLoaded(command.stream)
    facts: tuple[Any, ...] = ()
    refusal = None
    try:
        _expect(command, own)
        offered: dict[str, Any] = {"id": command.stream.id, "look": look}
        given = {name: offered[name] for name in _declared(command.decide)}
        facts = tuple(command.decide(own.state, **{**given, **command.arguments}))
    except Refused as no:
        refusal = no
    if not facts:
        seen[command.stream.id] = own.version
        return Decided(command=command, after=own, refusal=refusal, seen=seen)
    state = own.state
    for fact in facts:
        state = state.evolve(fact)
    seen.pop(command.stream.id, None)  # that it has not moved is sure once the next version can be written
    return Decided(command=command, after=Folded(state, own.version + len(facts)), facts=facts, seen=seen)


def _expect(command: Command, own: Folded) -> None:
    if own.foreign:
        raise NotFound(f"There is no such {command.stream.kind.__name__}.", "id")
    if command.expected_version not in (None, own.version):
        raise Conflict(
            f"This has changed meanwhile: it stands at version {own.version}, not {command.expected_version}.",
            "expectedVersion",
            current_version=own.version,
        )
