"""A batch of decided commands as the rows of one commit."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias
from uuid import UUID

import asyncpg
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain._kernel import Refused
from store.codec import encode, personal_fields
from store.command import Decided
from store.recorded import Recorded
from store.tree import leaf_hash

Session: TypeAlias = "asyncpg.Connection[Record] | PoolConnectionProxy[Record]"
"""A connection, of one's own or of a pool's."""


class Head(NamedTuple):
    """Where the log ends, and the read models that stand there too."""

    position: int
    recorded_at: datetime
    live: frozenset[str]
    leaf: bytes | None = None
    """The hash of the last fact, if it was recorded by this process."""


class Statement(NamedTuple):
    sql: str
    arguments: Sequence[Any] = ()


class Projector(Protocol):
    """Who turns facts into changes of read tables. Implemented by `projections`, which this package does not know."""

    @property
    def tables(self) -> frozenset[str]:
        """The read models that this process can write."""

    def fold(self, recorded: Sequence[Recorded], live: Container[str]) -> Iterable[Statement]:
        """The statements that bring the live read models past these facts. Raises Indigestible."""


class Indigestible(Exception):
    """A read model can't take a fact in. `index` is the fact's place in what was folded; the cause is chained."""

    def __init__(self, index: int, table: str) -> None:
        super().__init__(f"{table} can't take fact {index} of its batch in")
        self.index = index


class Unfit(Exception):
    """One command of a batch can't be recorded, so that nothing is recorded that can't be shown. The cause says why."""

    def __init__(self, decided: Decided) -> None:
        super().__init__("a command can't be recorded")
        self.decided = decided


@dataclass(eq=False, slots=True)
class Prepared:
    """All that a commit writes, for a head that stands at `head`."""

    head: Head
    after: Head
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    owners: list[Decided] = field(default_factory=list)
    read: list[Statement] = field(default_factory=list)


def people(batch: Iterable[Decided]) -> set[UUID]:
    """Whose keys the batch's facts are sealed with."""
    return {decided.command.stream.id for decided in batch for fact in decided.facts if personal_fields(fact.TOPIC)}


def prepare(
    batch: Sequence[Decided],
    head: Head,
    now: datetime,
    keys: Mapping[UUID, AESGCM],
    projector: Projector,
) -> Prepared:
    """The batch's rows, from the position after `head` on. Instants never run backwards along the log.

    Raises Unfit for a fact that can't be sealed or shown.
    """
    at = max(now, head.recorded_at)
    position = head.position
    recorded: list[Recorded] = []
    prepared = Prepared(head, head)
    for decided in batch:
        stream_id, origin = decided.command.stream.id, decided.command.origin
        for version, fact in enumerate(decided.facts, start=decided.after.version - len(decided.facts) + 1):
            position += 1
            try:
                data = encode(fact, stream_id, keys.get(stream_id))
            except Refused as refusal:
                raise Unfit(decided) from refusal
            effective = getattr(fact, "effective", None) or at.date()
            row = (
                stream_id,
                version,
                fact.TOPIC,
                data,
                effective,
                at,
                origin.actor,
                origin.on_behalf_of,
                origin.reason,
                origin.command_id,
                origin.correlation_id,
                origin.causation_position,
            )
            prepared.rows.append((position, *row, leaf_hash(*row)))
            prepared.owners.append(decided)
            recorded.append(
                Recorded(
                    position=position,
                    stream_id=stream_id,
                    version=version,
                    fact=fact,
                    effective=effective,
                    recorded_at=at,
                    origin=origin,
                )
            )
    if not prepared.rows:
        return prepared  # and the head stays as it is
    live = frozenset(name for name in head.live if name in projector.tables)
    prepared.after = Head(position, at, live, prepared.rows[-1][-1])
    try:
        prepared.read = list(projector.fold(recorded, prepared.after.live))
    except Indigestible as error:
        raise Unfit(prepared.owners[error.index]) from error
    return prepared


def positions_of(prepared: Prepared) -> dict[int, int]:
    """The position of each command's last fact, by the identity of what it decided."""
    return {id(decided): row[0] for decided, row in zip(prepared.owners, prepared.rows, strict=True)}
