"""What facts ask of the log beside being recorded: names that only one stream may have, and effects outside."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from domain._kernel import Claim, Effect, Refused, Release
from store.command import Decided


class Contested(Exception):
    """Within one batch a name is taken and given back, so that the order matters: to be decided one by one."""


class Ordered(NamedTuple):
    """An effect, and the fact that orders it: `before_last` of all that was decided."""

    effect: Effect
    decided: Decided
    before_last: int


@dataclass(slots=True)
class Wishes:
    """Claims by name space and digest, releases by name space and stream, and effects."""

    claims: dict[tuple[str, bytes], tuple[UUID, Refused]] = field(default_factory=dict)
    releases: set[tuple[str, UUID]] = field(default_factory=set)
    effects: list[Ordered] = field(default_factory=list)


def digest(pepper: bytes, claim: Claim) -> bytes:
    """What stands in the table of claims: without the server's key, nobody can tell or guess the value."""
    return hmac.new(pepper, f"{claim.kind}\0{claim.value}".encode(), hashlib.sha256).digest()[:16]


@cache
def _may_wish(kind: type[Any]) -> bool:
    return hasattr(kind, "claims") or hasattr(kind, "effects")


def wishes_of(decided: Decided, pepper: bytes) -> Wishes:
    """What one command's facts ask, in their order."""
    it = Wishes()
    stream_id = decided.command.stream.id
    for before_last, fact in zip(reversed(range(len(decided.facts))), decided.facts, strict=True):
        for wish in fact.claims() if hasattr(fact, "claims") else ():
            match wish:
                case Release(kind):
                    it.releases.add((kind, stream_id))
                    it.claims = {name: claim for name, claim in it.claims.items() if name[0] != kind}
                case Claim():
                    it.claims[wish.kind, digest(pepper, wish)] = (stream_id, wish.refusal)
        for effect in fact.effects() if hasattr(fact, "effects") else ():
            it.effects.append(Ordered(effect, decided, before_last))
    return it


def wishes(batch: Iterable[Decided], pepper: bytes) -> Wishes:
    """What a batch asks. Releases are carried out before claims; raises Contested where that would not do."""
    together = Wishes()
    taken: set[str] = set()
    for decided in batch:
        if not any(_may_wish(type(fact)) for fact in decided.facts):  # type: ignore[arg-type]  # classes are hashable
            continue
        one = wishes_of(decided, pepper)
        if any(kind in taken for kind, _ in one.releases) or not together.claims.keys().isdisjoint(one.claims):
            raise Contested
        taken.update(kind for kind, _ in one.claims)
        together.claims |= one.claims
        together.releases |= one.releases
        together.effects += one.effects
    return together
