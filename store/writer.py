"""The one writer of a process: whatever commands wait are decided, recorded and shown in one commit.

The fast way (`store/pipeline.py`) decides on what the process remembers and lets constraints object. While one batch is
in PostgreSQL, the next is decided upon what the first will have made true, and sent. If anything objects, every batch
under way is taken back, and the commands decide again one by one under the lock of the head, where nothing can move
(`store/careful.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from time import perf_counter
from typing import Any

import structlog
from asyncpg import Pool

from store.batch import Prepared, Projector, positions_of
from store.careful import settle
from store.command import Command, Outcome, Unavailable
from store.commit import ROLLBACK, recorded_before
from store.deciding import Deciding
from store.keys import Keys
from store.meter import Meter
from store.pipeline import Batch, Pipeline
from store.pool import LOST, Connection
from store.retry import give_up, retry
from store.streams import Querying, Streams

BATCH = 256
"""Commands of one commit."""
ENOUGH = 8
"""Commands that are worth a commit beside one that is under way; fewer wait for its end, so that commits stay large."""

WAITING = 50_000

__all__ = ["Unavailable", "Writer"]

logger = structlog.get_logger(__name__)


class Writer:
    """Group commit. `submit` is the only way in."""

    def __init__(
        self,
        *,
        connect: Callable[[], Awaitable[Connection]],
        pool: Pool,
        streams: Streams,
        keys: Keys,
        projector: Projector,
        clock: Callable[[], datetime],
        pepper: bytes,
    ) -> None:
        self.streams = streams
        self.keys = keys
        self.projector = projector
        self.clock = clock
        self.pepper = pepper
        self.meter = Meter()
        self.watchers: list[Callable[[Prepared], None]] = []
        """Told of every commit of this process, in their order."""
        self._pool = pool
        self._pipeline = Pipeline(connect=connect, keys=keys, projector=projector, clock=clock, pepper=pepper)
        self._wake = asyncio.Event()
        self._deciding = Deciding(streams=streams, pool=pool, start=self._start)
        self._under_way: list[Batch] = []
        self._last: Batch | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: list[Batch] = []
        self._known_to = 0
        self._closing = False
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name="writer")

    async def stop(self) -> None:
        """Finish what waits, take nothing more."""
        self._closing = True
        self._wake.set()
        if self._loop is not None:
            await self._loop
        await self._pipeline.close()

    async def submit(self, command: Command) -> Outcome:
        if self._closing or len(self._deciding) >= WAITING:
            raise Unavailable("The server takes no commands now.")
        self.meter.given(command)
        self._deciding.put([command])
        self._wake.set()
        try:
            outcome = await command.answer
        except BaseException as error:
            self.meter.went_wrong(command, error)
            raise
        self.meter.took_effect(command, outcome)
        return outcome

    @property
    def alive(self) -> bool:
        return self._loop is not None and not self._loop.done() and not self._closing

    # ── The loop: decide what waits, send it when its time has come ──

    async def _run(self) -> None:
        while not (self._closing and not self._deciding and not self._tasks and not self._failed):
            await self._wake.wait()
            self._wake.clear()
            if self._failed and not self._under_way:
                await self._recover()
            self._go_on()

    def _go_on(self) -> None:
        """Decide what waits, and send what is decided, as far as it is time for that."""
        if self._failed:
            return
        self._deciding.decide()
        while size := self._size():
            batch = Batch(self._deciding.take(size))
            self._start(self._commit(batch, self._last), "commit")
            self._last = batch
            self._under_way.append(batch)
            self._deciding.decide()

    def _size(self) -> int:
        """How many of those that are decided are to be sent now.

        Two commits are under way at once: one that PostgreSQL works at, and one that it finds when it is done. The
        second must be as large as the first, or it waits to become so. If nothing is under way but there is enough for
        two, half are sent at once and half follow: then one half is answered and decided anew while PostgreSQL works at
        the other.
        """
        there = len(self._deciding.decided)
        match self._under_way:
            case [] if there >= 2 * ENOUGH:
                there = (there + 1) // 2
            case []:
                pass
            case [one] if there >= max(ENOUGH, len(one.decided)):
                pass
            case _:
                return 0
        return min(there, BATCH)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()

    # ── The fast way ──

    async def _commit(self, batch: Batch, previous: Batch | None) -> None:
        began = perf_counter()
        try:
            position = await self._pipeline.commit(batch, previous)
            batch.committed.set_result(True)
            self._under_way.remove(batch)
            self._go_on()  # PostgreSQL has something to do while the commands of this batch are answered
            if batch.writes:
                self.meter.committed(batch.decided, perf_counter() - began)
            if batch.prepared:
                await self.settled(self._pool, batch.prepared)
            await self._answer(batch, position)
        except Exception as error:  # noqa: BLE001  # whatever it is: the careful way finds out whose it is
            logger.debug("batch taken back", because=type(error).__name__, commands=len(batch.decided))
            self.meter.taken_back += 1
            self._failed.append(batch)
            if isinstance(error, LOST):
                self._pipeline.drop()
        finally:
            if not batch.committed.done():
                batch.committed.set_result(False)
                self._under_way.remove(batch)
            batch.sent.set()

    async def _answer(self, batch: Batch, position: int) -> None:
        positions = positions_of(batch.prepared) if batch.prepared else {}
        refused = [it.command for it in batch.decided if it.refusal is not None]
        before = await recorded_before(self._pool, refused)
        for decided in batch.decided:
            if decided.refusal is not None:
                decided.command.resolve(before.get(decided.command, decided.refusal))
            else:
                decided.command.resolve(decided.outcome(positions.get(id(decided), position)))

    async def settled(self, connection: Querying, prepared: Prepared) -> None:
        """After a commit: tell who watches, and forget what is older than what other processes recorded before it."""
        for watcher in self.watchers:
            watcher(prepared)
        known_to, self._known_to = self._known_to, prepared.after.position
        if prepared.head.position > known_to > 0:
            rows = await connection.fetch(
                "SELECT stream_id, max(version) AS version FROM store.log"
                " WHERE position > $1 AND position <= $2 GROUP BY stream_id",
                known_to,
                prepared.head.position,
            )
            self.streams.forget_older({row["stream_id"]: row["version"] for row in rows})

    # ── The careful way, when anything objected ──

    async def _recover(self) -> None:
        failed, self._failed, self._last = self._failed, [], None
        commands = [decided.command for batch in failed for decided in batch.decided]
        doubts = [batch.prepared for batch in failed if batch.prepared is not None]
        self._deciding.undo()
        self._pipeline.forget()

        async def attempt() -> None:
            self.streams.forget({command.stream.id for command in commands})
            try:
                connection = await self._pipeline.connection()
                await connection.together([ROLLBACK])
                await settle(self, connection, commands, doubts)
            except BaseException:
                self.streams.forget({command.stream.id for command in commands})
                self._pipeline.drop()
                raise

        try:
            await retry(attempt)
        except Exception as error:  # noqa: BLE001  # the writer goes on, whatever happens
            give_up(commands, error)
