"""given(facts).when(command).then(facts), for any aggregate; and a world of many, for what happens between them."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, TypeVar
from uuid import UUID

import pytest

from domain._kernel import Aggregate, Claim, Effect, Refused, Release

A = TypeVar("A", bound=Aggregate[Any])

SELF = UUID(int=1)
"""The aggregate that a scenario is about, unless it says otherwise."""


def fold(aggregate: type[A], facts: Iterable[Any]) -> A:
    return reduce(lambda it, fact: it.evolve(fact), facts, aggregate())


class World:
    """The log without PostgreSQL: runs commands one after the other, and keeps facts, claims and effects."""

    def __init__(self) -> None:
        self.facts: list[Any] = []
        self.effects: list[Effect] = []
        self._states: dict[tuple[type[Any], UUID], Any] = {}
        self._claims: defaultdict[str, dict[str, UUID]] = defaultdict(dict)

    def look(self, kind: type[A], id: UUID, /) -> A:
        state: A = self._states.get((kind, id)) or kind()
        return state

    def having(self, kind: type[Any], id: UUID, *facts: Any) -> World:
        """These have happened, whoever decided them."""
        self._record(kind, id, list(facts))
        return self

    def run(self, kind: type[Any], id: UUID, command: Callable[..., Iterable[Any]], /, **arguments: Any) -> list[Any]:
        facts = decide(command, self.look(kind, id), id, self, arguments)
        self._record(kind, id, facts)
        return facts

    def _record(self, kind: type[Any], id: UUID, facts: list[Any]) -> None:
        claims = {name: dict(held) for name, held in self._claims.items()}
        for wish in (wish for fact in facts if hasattr(fact, "claims") for wish in fact.claims()):
            held = claims.setdefault(wish.kind, {})
            match wish:
                case Release():
                    claims[wish.kind] = {value: holder for value, holder in held.items() if holder != id}
                case Claim():
                    if held.setdefault(wish.value, id) != id:
                        raise wish.refusal
        self._claims.update(claims)
        self._states[kind, id] = reduce(lambda it, fact: it.evolve(fact), facts, self.look(kind, id))
        self.effects += [effect for fact in facts if hasattr(fact, "effects") for effect in fact.effects()]
        self.facts += facts


def decide(
    command: Callable[..., Iterable[Any]], state: Any, id: UUID, world: World, arguments: dict[str, Any]
) -> list[Any]:
    given_by_the_log = {"look": world.look, "id": id}
    wanted = inspect.signature(command).parameters
    return list(command(state, **{name: it for name, it in given_by_the_log.items() if name in wanted}, **arguments))


@dataclass(frozen=True)
class Given:
    state: Any
    id: UUID = SELF
    world: World = field(default_factory=World)

    def among(self, world: World) -> Given:
        """What the command finds when it looks around."""
        return replace(self, world=world)

    def when(self, command: Callable[..., Iterable[Any]], **arguments: Any) -> Outcome:
        return Outcome(lambda: decide(command, self.state, self.id, self.world, arguments))


@dataclass(frozen=True)
class Outcome:
    decide: Callable[[], list[Any]]

    def then(self, *facts: Any) -> None:
        assert self.decide() == list(facts)

    def nothing(self) -> None:
        self.then()

    def refused(self, refusal: type[Refused], *path: str) -> None:
        with pytest.raises(refusal) as caught:
            self.decide()
        assert type(caught.value) is refusal
        assert caught.value.path == path


def given(aggregate: type[Any], *facts: Any, id: UUID = SELF) -> Given:
    return Given(fold(aggregate, facts), id)
