"""Ids of what is new, and of what follows from something else.

They begin with a time (UUIDv7, RFC 9562): what is made at the same time lies side by side in every index that is
ordered by them. Ids that say nothing about time, as those of people do, are spread over the whole of it.
"""

from __future__ import annotations

from uuid import UUID, uuid5

TIMED = 7
_AFTER_THE_TIME = 80
_LEFT_OPEN = (1 << _AFTER_THE_TIME) - 1 & ~(0xF << 76) & ~(0x3 << 62)
_STAMP = TIMED << 76 | 0x2 << 62


def timed(milliseconds: int, scattered: int) -> UUID:
    """The id that begins with this time, since 1970; after it come 74 of the bits of `scattered`."""
    return UUID(int=milliseconds << _AFTER_THE_TIME | scattered & _LEFT_OPEN | _STAMP)


def following(id: UUID, name: str) -> UUID:
    """The id of what is called `name` and follows from `id`: the same each time. It is as old, if `id` tells that."""
    scattered = uuid5(id, name)
    return timed(id.int >> _AFTER_THE_TIME, scattered.int) if id.version == TIMED else scattered
