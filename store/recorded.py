"""A fact in the log, and everything that the log knows of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who gives a command, for whom, why, and what led to it."""

    actor: UUID
    on_behalf_of: UUID | None = None
    reason: str | None = None
    command_id: UUID = field(default_factory=uuid4)
    correlation_id: UUID | None = None
    """The first command of the chain that this one belongs to; the command itself if it is the first."""
    causation_position: int | None = None
    """The fact that led to this command, if a fact did."""

    def __post_init__(self) -> None:
        if self.correlation_id is None:
            object.__setattr__(self, "correlation_id", self.command_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A fact in its stream."""

    stream_id: UUID
    version: int
    fact: Any

    @property
    def originator_id(self) -> UUID:
        """What the `eventsourcing` library calls the stream."""
        return self.stream_id

    @property
    def originator_version(self) -> int:
        """What the `eventsourcing` library calls the version."""
        return self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Happened):
    """One row of the log. `effective` is when the fact holds; `position` and `recorded_at` are when we knew it."""

    position: int
    effective: date
    recorded_at: datetime
    origin: Origin
