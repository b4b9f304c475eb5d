"""The log: give it a command, and it is decided, recorded and shown; ask it, and it tells what happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from asyncpg import Pool, Record

from store.batch import Prepared, Projector
from store.codec import decode, personal_fields
from store.command import Command, Outcome
from store.keys import Keys, Kms
from store.meter import Meter
from store.pool import Connection
from store.recorded import Origin, Recorded
from store.streams import Querying, Stream, Streams
from store.tree import root_at
from store.witness import Checkpoint
from store.writer import Writer

PAGE = 5_000

_COLUMNS = """position, stream_id, version, topic, data, effective, recorded_at,
    actor, on_behalf_of, reason, command_id, correlation_id, causation_position"""


def _now() -> datetime:
    return datetime.now(UTC)


class Log:
    """One organisation's history, in one PostgreSQL. Any number of processes may have one open."""

    def __init__(
        self,
        *,
        connect: Callable[[], Awaitable[Connection]],
        pool: Pool,
        kms: Kms,
        projector: Projector,
        pepper: bytes,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """`connect` makes the writer's own connections; `pool` reads; `pepper` keys the digests of claims."""
        self.keys = Keys(pool, kms)
        self._pool = pool
        self._writer = Writer(
            connect=connect,
            pool=pool,
            streams=Streams(self.keys),
            keys=self.keys,
            projector=projector,
            clock=clock,
            pepper=pepper,
        )

    async def __aenter__(self) -> Self:
        self._writer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish the commands that were taken, then stop."""
        await self._writer.stop()

    @contextmanager
    def news(self) -> Iterator[asyncio.Event]:
        """In the meantime, an event of one's own that is set whenever this process has recorded facts.

        Who follows the log clears it before looking, and nobody clears another's.
        """
        event = asyncio.Event()

        def tell(_: Prepared) -> None:
            event.set()

        self.watchers.append(tell)
        try:
            yield event
        finally:
            self.watchers.remove(tell)

    @property
    def watchers(self) -> list[Callable[[Prepared], None]]:
        """Told of every commit of this process, in their order."""
        return self._writer.watchers

    @property
    def meter(self) -> Meter:
        """What this process has recorded and refused, in numbers."""
        return self._writer.meter

    @property
    def alive(self) -> bool:
        """Whether commands are taken."""
        return self._writer.alive

    async def run(
        self,
        kind: type[Any],
        id: UUID,
        command: Callable[..., Iterator[Any]],
        /,
        *,
        origin: Origin,
        expected_version: int | None = None,
        keyed: bool = False,
        asked: Any = None,
        **arguments: Any,
    ) -> Outcome:
        """Let `command` of the aggregate `id` decide on these arguments, and record what it decides.

        When this returns, the facts are on disk and in every read model. `keyed` makes `origin.command_id` an
        idempotency key: asked again with the same input, the first outcome comes back, `repeated`. The input is
        `asked`, if the arguments hold more than what the client said (the day, somebody's rights), else the arguments.

        Raises Refused: what the command refuses; Conflict if the stream is not at `expected_version`;
        IdempotencyMismatch if the key was used with other input. Raises Unavailable if PostgreSQL stays away.
        """
        return await self._writer.submit(
            Command(
                stream=Stream(kind, id),
                decide=command,
                arguments=arguments,
                origin=origin,
                expected_version=expected_version,
                keyed=keyed,
                asked=arguments if asked is None else asked,
                answer=asyncio.get_running_loop().create_future(),
            )
        )

    async def head(self) -> int:
        """The position of the last fact; 0 if nothing has happened."""
        position: int = await self._pool.fetchval("SELECT position FROM store.head")
        return position

    async def root(self, size: int) -> bytes:
        """The root of the RFC 6962 tree over the first `size` facts, as far as the witness has seen: 32 bytes."""
        return await root_at(self._pool, size)

    async def checkpoint(self) -> Checkpoint | None:
        """What the witness signed last; None before it has signed anything."""
        row = await self._pool.fetchrow(
            "SELECT size, root, signature FROM store.checkpoints ORDER BY size DESC LIMIT 1"
        )
        return None if row is None else Checkpoint(*row.values())

    async def stream(self, id: UUID) -> list[Recorded]:
        """All that happened to one aggregate, oldest first."""
        rows = await self._pool.fetch(
            f"SELECT {_COLUMNS} FROM store.log WHERE stream_id = $1 ORDER BY version",  # noqa: S608
            id,
        )
        return await recorded(rows, self.keys)

    async def at(self, positions: Collection[int]) -> list[Recorded]:
        """The facts at these positions, in order."""
        rows = await self._pool.fetch(
            f"SELECT {_COLUMNS} FROM store.log WHERE position = ANY($1) ORDER BY position",  # noqa: S608
            list(positions),
        )
        return await recorded(rows, self.keys)

    async def after(self, position: int, *, limit: int = PAGE) -> list[Recorded]:
        """The facts that follow a position, in order."""
        return await read_after(self._pool, self.keys, position, limit)

    async def everything(self) -> AsyncIterator[Recorded]:
        """The whole history, a page at a time."""
        position = 0
        while page := await self.after(position):
            for fact in page:
                yield fact
            position = page[-1].position


async def read_after(
    connection: Querying,
    keys: Keys,
    position: int,
    limit: int,
    *,
    until: int = 2**63 - 1,
    without: Collection[str] = (),
) -> list[Recorded]:
    """The facts that follow a position, in order, as this connection sees them; those of some topics are left out."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM store.log WHERE position > $1 AND position <= $3 AND topic <> ALL($4::text[])"  # noqa: S608
        " ORDER BY position LIMIT $2",
        position,
        limit,
        until,
        list(without),
    )
    return await recorded(rows, keys)


async def recorded(rows: Sequence[Record], keys: Keys) -> list[Recorded]:
    """Rows of the log as facts."""
    people = {row["stream_id"] for row in rows if personal_fields(row["topic"])}
    known = await keys.of(people)
    return [_recorded(row, known.get(row["stream_id"])) for row in rows]


def _recorded(row: Record, key: Any) -> Recorded:
    (position, stream_id, version, topic, data, effective, recorded_at, *origin) = row.values()
    actor, on_behalf_of, reason, command_id, correlation_id, causation_position = origin
    return Recorded(
        position=position,
        stream_id=stream_id,
        version=version,
        fact=decode(topic, data, stream_id, key),
        effective=effective,
        recorded_at=recorded_at,
        origin=Origin(
            actor=actor,
            on_behalf_of=on_behalf_of,
            reason=reason,
            command_id=command_id,
            correlation_id=correlation_id,
            causation_position=causation_position,
        ),
    )
