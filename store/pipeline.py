"""The fast way to record: commits that follow each other on one connection, each sent before PostgreSQL needs it.

A commit is one round trip as long as nobody else writes: that the log ends where this process left it is asserted with
what is written, and whatever is not so takes the commit back. Hence the next one may be sent while it is under way, and
is carried out at once after it. If one fails, the next fails with it: the transaction that failed is still open, or the
log does not end with its last fact.

While others write, too, the head is asked for first, which is a round trip more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from asyncpg import InterfaceError

from store.batch import Head, Prepared, Projector, people, prepare
from store.claims import wishes
from store.command import Decided
from store.commit import BEGIN, COMMIT, LOCK, POSITION, as_expected, head_of, moved, statements
from store.keys import Keys
from store.pool import LOST, Connection

FAREWELL = 5.0


class Objected(Exception):
    """What a batch was decided on is not so; its commands must decide again."""


@dataclass(eq=False, slots=True)
class Batch:
    """Commands that commit together. `prepared` is what was sent; `committed` says whether it came to that.

    It is `sent` when PostgreSQL has all of it: whatever is sent from then on is carried out after it.
    """

    decided: list[Decided] = field(default_factory=list)
    prepared: Prepared | None = None
    sent: asyncio.Event = field(default_factory=asyncio.Event)
    committed: asyncio.Future[bool] = field(default_factory=asyncio.Future)

    @property
    def writes(self) -> bool:
        return any(it.facts or (it.command.keyed and it.refusal is None) for it in self.decided)

    @property
    def failed(self) -> bool:
        return self.committed.done() and not self.committed.result()


class Pipeline:
    """A connection of the writer's own, made again when it is lost, and what commits over it leave behind."""

    def __init__(
        self,
        *,
        connect: Callable[[], Awaitable[Connection]],
        keys: Keys,
        projector: Projector,
        clock: Callable[[], datetime],
        pepper: bytes,
    ) -> None:
        self.keys = keys
        self.projector = projector
        self.clock = clock
        self.pepper = pepper
        self._connect = connect
        self._connection: Connection | None = None
        self._tip: Head | None = None
        """Where the log ends when all that was sent is carried out, if nobody else writes."""
        self._left: int | None = None
        """The position that was written last over this connection."""

    async def connection(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self.forget()
            self._connection = await self._connect()
        return self._connection

    def forget(self) -> None:
        """What was left behind may not be so any more."""
        self._tip = self._left = None

    def drop(self) -> None:
        """Whatever state it is in: the next one is new."""
        if self._connection is not None:
            self._connection.terminate()

    async def close(self) -> None:
        if self._connection is not None:
            with suppress(InterfaceError, *LOST):
                await self._connection.close(timeout=FAREWELL)

    async def commit(self, batch: Batch, previous: Batch | None) -> int:
        """Carry out what a batch decided; the position at which all of that is so.

        Raises Objected if it rests on what is not so, or whatever else PostgreSQL has against it. Then it may have left
        a transaction open, so that nothing that was sent after it is carried out.
        """
        wished = wishes(batch.decided, self.pepper)
        keys = await self.keys.make(people(batch.decided))
        if previous:
            await previous.sent.wait()
            if previous.failed:
                raise Objected
        connection = await self.connection()
        if not batch.writes:
            return await self._look(connection, batch, previous)
        head, opening = self._tip, [BEGIN, LOCK]
        if alone := head is not None:
            opening.append(as_expected(head, batch.decided))
        else:
            head, opening = await self._ask(connection, batch, previous), []
            alone = head.position == self._left
        prepared = batch.prepared = prepare(batch.decided, head, self.clock(), keys, self.projector)
        said = [*opening, *statements(prepared, batch.decided, wished), COMMIT]
        self._tip = prepared.after if alone and prepared.after.leaf else None
        self._left = prepared.after.position
        batch.sent.set()
        await connection.together(said)
        return prepared.after.position

    async def _ask(self, connection: Connection, batch: Batch, previous: Batch | None) -> Head:
        """Take the lock, and look where the log ends and whether anything has moved."""
        _, locked, moves = await connection.together([BEGIN, LOCK, moved(batch.decided)])
        if moves or (previous and not await previous.committed):
            raise Objected
        return head_of(locked[0][0])

    async def _look(self, connection: Connection, batch: Batch, previous: Batch | None) -> int:
        """Nothing is to be written; what was decided must still rest on what is so."""
        batch.sent.set()
        moves, head = await connection.together([moved(batch.decided), POSITION])
        if moves or (previous and not await previous.committed):
            raise Objected
        return int(head[0][0] or 0)
