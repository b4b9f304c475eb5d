"""The one writer of a process: whatever commands wait are decided, recorded and shown in one commit.

The fast way decides on what the process remembers and lets constraints object. While one batch is in PostgreSQL, the
next, if it is large enough, is decided upon what the first will have made true. If anything objects, every batch under
way is taken back, and the commands decide again one by one under the lock of the head, where nothing can move
(`store/careful.py`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

import structlog
from asyncpg import InterfaceError, Pool

from store.batch import (
    BEGIN,
    COMMIT,
    LOCK,
    ROLLBACK,
    Head,
    Prepared,
    Projector,
    Session,
    head_of,
    moved,
    people,
    positions_of,
    prepare,
    recorded_before,
    statements,
)
from store.careful import settle
from store.claims import wishes
from store.command import Command, Decided, Outcome, Unavailable, decide
from store.keys import Keys
from store.meter import Meter
from store.pool import LOST, Connection
from store.streams import Folded, NotLoaded, Stream, Streams

BATCH = 256
ENOUGH = 64
"""Commands that are worth a commit beside one that is under way; fewer wait for its end, so that commits stay large."""

WAITING = 50_000
PATIENCE = 30.0
"""Seconds that commands wait for a PostgreSQL that is away, before they are told so."""
FAREWELL = 5.0

__all__ = ["Unavailable", "Writer"]

logger = structlog.get_logger(__name__)


class Objected(Exception):
    """What a batch was decided on is not so; its commands must decide again."""


@dataclass(slots=True)
class Slot:
    """A connection of the writer's own, made again when it is lost."""

    connect: Callable[[], Awaitable[Connection]]
    _connection: Connection | None = None

    async def connection(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self.connect()
        return self._connection

    def drop(self) -> None:
        """Whatever state it is in: the next one is new."""
        if self._connection is not None:
            self._connection.terminate()

    async def close(self) -> None:
        if self._connection is not None:
            with suppress(InterfaceError, *LOST):
                await self._connection.close(timeout=FAREWELL)


@dataclass(eq=False, slots=True)
class Batch:
    """Commands that commit together. `prepared` is what was sent; `committed` says whether it came to that.

    A batch asks for the lock when the one before it has it: the head is theirs in the order of their decisions.
    """

    decided: list[Decided]
    prepared: Prepared | None = None
    locked: asyncio.Event = field(default_factory=asyncio.Event)
    committed: asyncio.Future[bool] = field(default_factory=asyncio.Future)

    @property
    def writes(self) -> bool:
        return any(it.facts or (it.command.keyed and it.refusal is None) for it in self.decided)


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
        connections: int = 2,
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
        self._slots = [Slot(connect) for _ in range(connections)]
        self._free: asyncio.Queue[Slot] = asyncio.Queue()
        for slot in self._slots:
            self._free.put_nowait(slot)
        self._waiting: deque[Command] = deque()
        self._wake = asyncio.Event()
        self._last: Batch | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._loading: set[asyncio.Task[None]] = set()
        self._failed: list[Batch] = []
        self._tip: Head | None = None
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
        for slot in self._slots:
            await slot.close()

    async def submit(self, command: Command) -> Outcome:
        if self._closing or len(self._waiting) >= WAITING:
            raise Unavailable("The server takes no commands now.")
        self.meter.given(command)
        self._enqueue([command])
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

    def _enqueue(self, commands: list[Command]) -> None:
        self._waiting.extend(commands)
        self._wake.set()

    # ── The loop: one batch after the other, as many under way as there are connections ──

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            slot = await self._free.get()
            if self._failed:
                await self._recover(slot)
            elif self._under_way and len(self._waiting) < ENOUGH:
                self._wake.clear()
            elif batch := self._decide():
                task = asyncio.create_task(self._commit(slot, batch, self._last), name="commit")
                self._last = batch
                self._under_way.add(task)
                task.add_done_callback(self._done)
                continue
            self._free.put_nowait(slot)
            if self._closing and not self._waiting and not self._failed:
                last = [*self._under_way, *self._loading]
                if not last:
                    return
                await asyncio.wait(last)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._wake.set()

    def _decide(self) -> Batch | None:
        """Decide what waits, each command upon what those before it will have made true."""
        batch = Batch([])
        missing: list[tuple[Command, Stream]] = []
        while self._waiting and len(batch.decided) < BATCH:
            command = self._waiting.popleft()
            try:
                decided = self._decided(command)
            except NotLoaded as not_loaded:
                missing.append((command, not_loaded.stream))
            except Exception as error:  # noqa: BLE001  # a rule that fails is told to whoever asked, and to nobody else
                command.resolve(error)
            else:
                self.streams.put(command.stream, decided.after)
                batch.decided.append(decided)
        if not self._waiting and not self._closing:
            self._wake.clear()
        if missing:
            task = asyncio.create_task(self._load(missing), name="load")
            self._loading.add(task)
            task.add_done_callback(self._loading.discard)
        return batch if batch.decided else None

    def _decided(self, command: Command) -> Decided:
        """What a command decides on what is known. Raises NotLoaded if that is not enough.

        A stream that is not known is mostly one that is about to begin. A command that makes something of nothing is
        taken at its word: had the stream begun before, its first version would object.
        """
        own, known = command.stream, self.streams.get
        if known(own) is not None:
            return decide(command, known)
        nothing = Folded(own.kind(), 0)
        try:
            decided = decide(command, lambda stream: nothing if stream == own else known(stream))
        except NotLoaded:
            raise
        except Exception as error:
            raise NotLoaded(own) from error
        if not decided.facts:
            raise NotLoaded(own)
        return decided

    async def _load(self, missing: list[tuple[Command, Stream]]) -> None:
        commands = [command for command, _ in missing]

        async def load() -> None:
            # One that another command has begun by now, in a batch that is not committed, must not be read upon that.
            unknown = [stream for _, stream in missing if self.streams.get(stream) is None]
            await self.streams.load(self._pool, unknown)

        try:
            await _patiently(load)
        except (InterfaceError, *LOST) as error:
            self._give_up(commands, error)
        except Exception as error:  # noqa: BLE001  # history that can't be read fails who asked for it, and nobody else
            if len(missing) == 1:
                commands[0].resolve(error)
            else:
                for one in missing:
                    await self._load([one])
        else:
            self._enqueue(commands)

    # ── The fast way ──

    async def _commit(self, slot: Slot, batch: Batch, previous: Batch | None) -> None:
        try:
            await self._attempt(await slot.connection(), batch, previous)
        except Exception as error:  # noqa: BLE001  # whatever it is: the careful way finds out whose it is
            logger.debug("batch taken back", because=type(error).__name__, commands=len(batch.decided))
            self.meter.taken_back += 1
            self._failed.append(batch)
            if isinstance(error, LOST):
                slot.drop()
        finally:
            batch.locked.set()
            if not batch.committed.done():
                batch.committed.set_result(False)
            self._free.put_nowait(slot)

    async def _attempt(self, connection: Connection, batch: Batch, previous: Batch | None) -> None:
        began = perf_counter()
        wished = wishes(batch.decided, self.pepper)
        keys = await self.keys.make(people(batch.decided))
        guess = None
        if self._tip is not None and batch.writes:
            guess = prepare(batch.decided, self._tip, self.clock(), keys, self.projector)
            self._tip = guess.after
        if not batch.writes:
            if (previous and not await previous.committed) or any(await connection.together([moved(batch.decided)])):
                raise Objected
            batch.committed.set_result(True)
            position = await connection.fetchval("SELECT position FROM store.head")
            await self._answer(connection, batch, {}, position)
            return
        if previous:
            await previous.locked.wait()
        try:
            _, locked, moves = await connection.together([BEGIN, LOCK, moved(batch.decided)])
            batch.locked.set()
            if (previous and not await previous.committed) or moves:
                raise Objected  # noqa: TRY301  # to be taken back here, as for any other reason
            head = head_of(locked[0][0])
            if guess is None or guess.head != head:
                guess = prepare(batch.decided, head, self.clock(), keys, self.projector)
                self._tip = guess.after
            batch.prepared = guess
            await connection.together([*statements(guess, batch.decided, wished), COMMIT])
        except BaseException:
            if not connection.is_closed():
                await connection.together([ROLLBACK])
            raise
        batch.committed.set_result(True)
        self.meter.committed(batch.decided, perf_counter() - began)
        await self.settled(connection, guess)
        await self._answer(connection, batch, positions_of(guess), guess.after.position)

    async def _answer(self, connection: Session, batch: Batch, positions: dict[int, int], position: int) -> None:
        refused = [it.command for it in batch.decided if it.refusal is not None]
        before = await recorded_before(connection, refused)
        for decided in batch.decided:
            if decided.refusal is not None:
                decided.command.resolve(before.get(decided.command, decided.refusal))
            else:
                decided.command.resolve(decided.outcome(positions.get(id(decided), position)))

    async def settled(self, connection: Session, prepared: Prepared) -> None:
        """After a commit: tell who watches, and forget the streams that other processes moved before it."""
        for watcher in self.watchers:
            watcher(prepared)
        if prepared.head.position > self._known_to > 0:
            rows = await connection.fetch(
                "SELECT DISTINCT stream_id FROM store.log WHERE position > $1 AND position <= $2",
                self._known_to,
                prepared.head.position,
            )
            self.streams.forget({row["stream_id"] for row in rows} - {it.command.stream.id for it in prepared.owners})
        self._known_to = prepared.after.position

    # ── The careful way, when anything objected ──

    async def _recover(self, slot: Slot) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way)
        failed, self._failed, self._tip, self._last = self._failed, [], None, None
        commands = [decided.command for batch in failed for decided in batch.decided]
        doubts = [batch.prepared for batch in failed if batch.prepared is not None]

        async def attempt() -> None:
            self.streams.forget({command.stream.id for command in commands})
            try:
                await settle(self, await slot.connection(), commands, doubts)
            except BaseException:
                self.streams.forget({command.stream.id for command in commands})
                slot.drop()
                raise

        try:
            await _patiently(attempt)
        except Exception as error:  # noqa: BLE001  # the writer goes on, whatever happens
            self._give_up(commands, error)

    def _give_up(self, commands: list[Command], error: BaseException) -> None:
        logger.error("commands were given up", commands=len(commands), exc_info=error)
        for command in commands:
            unavailable = Unavailable("The store is away; nothing is known to be recorded.")
            unavailable.__cause__ = error
            command.resolve(unavailable)


async def _patiently(attempt: Callable[[], Awaitable[None]]) -> None:
    """Try until PostgreSQL is there. Raises what was raised last when patience ends."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    pause = 0.05
    while True:
        try:
            await attempt()
        except (InterfaceError, *LOST):
            if asyncio.get_running_loop().time() > deadline:
                raise
        else:
            return
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)
