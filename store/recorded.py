"""A fact in the log, and everything that the log knows of it."""

from __future__ import annotations

import os
from datetime import date, datetime
from time import time_ns
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import force_setattr

from domain._ids import timed


def new_uuid() -> UUID:
    """An id that nobody has, which begins with this moment (UUIDv7): what is recorded next to it lies next to it."""
    return timed(time_ns() // 1_000_000, int.from_bytes(os.urandom(10)))


# Made for every fact that is read, so they are of the kind that is made most quickly.


class Origin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who gives a command, for whom, why, and what led to it."""

    actor: UUID
    on_behalf_of: UUID | None = None
    reason: str | None = None
    command_id: UUID = msgspec.field(default_factory=new_uuid)
    correlation_id: UUID | None = None
    """The first command of the chain that this one belongs to; the command itself if it is the first."""
    causation_position: int | None = None
    """The fact that led to this command, if a fact did."""

    def __post_init__(self) -> None:
        if self.correlation_id is None:
            force_setattr(self, "correlation_id", self.command_id)


class Happened(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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


class Recorded(Happened, frozen=True, kw_only=True, gc=False):
    """One row of the log. `effective` is when the fact holds; `position` and `recorded_at` are when we knew it."""

    position: int
    effective: date
    recorded_at: datetime
    origin: Origin
