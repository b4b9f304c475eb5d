"""What the import does, one command at a time, each under an id of its own that is the same in every import."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID, uuid5

from asyncpg import Pool, Record

from demo.people import ADMIN, IMPORT
from projections.deals import calculate
from store.log import Log
from store.recorded import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command. `which` tells it from others of its kind on the same stream.

    The administrator brings the history in, on behalf of those whose it is; what calls for two pairs of eyes is done
    by the two.
    """

    kind: type[Any]
    id: UUID
    command: Callable[..., Iterator[Any]]
    because: str
    by: UUID = ADMIN.id
    on_behalf_of: UUID | None = None
    which: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def command_id(self) -> UUID:
        return uuid5(self.id, f"{self.command.__qualname__}:{self.which}")

    async def take(self, log: Log, _: Pool[Record]) -> None:
        origin = _origin(self, self.on_behalf_of)
        await log.run(self.kind, self.id, self.command, origin=origin, keyed=True, **self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation:
    """A payout run is calculated from what stands in the log by then."""

    id: UUID
    because: str
    by: UUID

    @property
    def command_id(self) -> UUID:
        return uuid5(self.id, "calculate")

    async def take(self, log: Log, pool: Pool[Record]) -> None:
        await calculate(log, pool, self.id, origin=_origin(self), keyed=True)


Chapter: TypeAlias = Sequence[Step | Calculation]
"""Steps that do not need each other, unless they are of the same stream. A chapter needs those before it."""


def _origin(step: Step | Calculation, on_behalf_of: UUID | None = None) -> Origin:
    return Origin(
        actor=step.by,
        on_behalf_of=on_behalf_of,
        reason=step.because,
        command_id=step.command_id,
        correlation_id=IMPORT,
    )
