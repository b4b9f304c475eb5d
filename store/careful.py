"""The careful way to record: under the lock of the head, where nothing can move, one command after the other.

Slower than the fast way and always right; the fast way comes here whenever anything objected to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from asyncpg import InterfaceError, PostgresError

from domain._kernel import Refused
from store.batch import Prepared, Session, Unfit, people, positions_of, prepare
from store.claims import Wishes, wishes_of
from store.command import Command, Decided, Outcome, decide
from store.commit import lock, recorded_before, statements, transaction, write
from store.pool import LOST
from store.streams import Folded, NotLoaded, Stream

if TYPE_CHECKING:
    from store.writer import Writer

logger = structlog.get_logger(__name__)


class NotRecorded(Exception):
    """A fact that a read model can't take in is not recorded: nothing may be in the log that can't be shown."""


async def settle(writer: Writer, connection: Session, commands: Sequence[Command], doubts: list[Prepared]) -> None:
    """Bring every one of these commands to an answer.

    `doubts` are commits that were tried and not heard of. Raises what asyncpg raises when PostgreSQL goes away; then
    `doubts` are those that are left, with whatever was tried here.
    """
    while doubts:
        await _clear_up(writer, connection, doubts[0])
        del doubts[0]
    chunks = _apart([command for command in commands if not command.answer.done()])
    while chunks:
        chunk = chunks.pop()
        try:
            await _together(writer, connection, chunk, doubts)
        except LOST:
            raise
        except Unfit as unfit:
            unfit.decided.command.resolve(_told(unfit.__cause__))
            writer.streams.forget({command.stream.id for command in chunk})
            rest = [command for command in chunk if command is not unfit.decided.command]
            chunks += [rest] if rest else []
        except Exception as error:
            if connection.is_closed():
                raise ConnectionError from error
            doubts.clear()  # it was taken back
            writer.streams.forget({command.stream.id for command in chunk})
            half = len(chunk) // 2
            if half == 0:
                chunk[0].resolve(_told(error))
            else:
                chunks += [chunk[half:], chunk[:half]]


def _told(cause: BaseException | None) -> BaseException:
    if isinstance(cause, Refused):
        return cause
    logger.error("a fact can't be shown and was not recorded", exc_info=cause)
    told = NotRecorded("The command can't be recorded.")
    told.__cause__ = cause
    return told


async def _clear_up(writer: Writer, connection: Session, prepared: Prepared) -> None:
    """Answer the commands of a commit that was not heard of, if it took effect. The lock waits for its end.

    If PostgreSQL has not begun with it, it may still come; then it does not find the instant that it expects.
    """
    if not prepared.rows:
        return
    async with transaction(connection):
        await lock(connection)
        there = await connection.fetchval(
            "SELECT count(*) FROM store.log JOIN unnest($1::bigint[], $2::bytea[]) s (position, leaf)"
            " USING (position, leaf)",
            [row[0] for row in prepared.rows],
            [row[-1] for row in prepared.rows],
        )
        if not there:
            await connection.execute("UPDATE store.head SET recorded_at = recorded_at + interval '1 microsecond'")
    if there == len(prepared.rows):
        await writer.settled(connection, prepared)
        positions = positions_of(prepared)
        for decided in prepared.owners:
            decided.command.resolve(decided.outcome(positions[id(decided)]))


def _apart(commands: Sequence[Command]) -> list[list[Command]]:
    """In one commit no two of one command id, so that the second finds the first one's answer; last chunk first."""
    chunks: list[list[Command]] = []
    for command in commands:
        same = [n for n, chunk in enumerate(chunks) if any(it.same_key(command) for it in chunk)]
        place = same[-1] + 1 if same else 0
        if place == len(chunks):
            chunks.append([])
        chunks[place].append(command)
    return chunks[::-1]


async def _together(writer: Writer, connection: Session, commands: Sequence[Command], doubts: list[Prepared]) -> None:
    """Record these commands in one commit, each decided on exactly what those before it made true."""
    began = perf_counter()
    async with transaction(connection):
        head = await lock(connection)
        answers: dict[Command, Outcome | BaseException] = {}
        batch: list[Decided] = []
        before = await recorded_before(connection, commands)
        turn = Turn(writer, connection)
        await turn.read([command.stream for command in commands])
        for command in commands:
            if (first := before.get(command)) is not None:
                answers[command] = first
                continue
            try:
                decided = await turn.decide(command)
            except (PostgresError, InterfaceError, *LOST):
                raise
            except Exception as error:  # noqa: BLE001  # a rule that fails is told to whoever asked
                answers[command] = error
                continue
            if decided.refusal is not None:
                answers[command] = decided.refusal
            else:
                batch.append(decided)
        keys = await writer.keys.make(people(batch))
        prepared = prepare(batch, head, writer.clock(), keys, writer.projector)
        doubts.append(prepared)
        await write(connection, statements(prepared, batch, turn.wishes))
    doubts.clear()
    if batch:
        writer.meter.committed(batch, perf_counter() - began)
    positions = positions_of(prepared)
    for decided in batch:
        decided.command.resolve(decided.outcome(positions.get(id(decided), prepared.after.position)))
    for command, answer in answers.items():
        command.resolve(answer)
    if prepared.rows:
        await writer.settled(connection, prepared)


class Turn:
    """What is true while the lock is held: the log as it stands, and what this commit adds to it."""

    def __init__(self, writer: Writer, connection: Session) -> None:
        self.wishes = Wishes()
        self._writer = writer
        self._connection = connection
        self._read: set[Stream] = set()

    async def read(self, streams: Sequence[Stream]) -> None:
        await self._writer.streams.load(self._connection, streams)
        self._read.update(streams)

    async def decide(self, command: Command) -> Decided:
        while True:
            try:
                decided = decide(command, self._get)
            except NotLoaded as not_loaded:
                await self.read([not_loaded.stream])
            else:
                break
        if refusal := await self._grant(wishes_of(decided, self._writer.pepper)):
            return replace(decided, facts=(), refusal=refusal)
        self._writer.streams.put(command.stream, decided.after)
        return decided

    def _get(self, stream: Stream) -> Folded | None:
        return self._writer.streams.get(stream) if stream in self._read else None

    async def _grant(self, asked: Wishes) -> Refused | None:
        """Take what is asked, unless somebody has it."""
        released = self.wishes.releases | asked.releases
        kept = {name: claim for name, claim in self.wishes.claims.items() if (name[0], claim[0]) not in asked.releases}
        new = {}
        for name, (stream_id, refusal) in asked.claims.items():
            holder = kept[name][0] if name in kept else await self._holder(name, released)
            if holder not in (None, stream_id):
                return refusal
            if holder is None:
                new[name] = (stream_id, refusal)
        self.wishes.claims = kept | new
        self.wishes.releases = released
        self.wishes.effects += asked.effects
        return None

    async def _holder(self, name: tuple[str, bytes], released: set[tuple[str, UUID]]) -> UUID | None:
        """Who had the name when this commit began, and has not given it back in it."""
        holder: UUID | None = await self._connection.fetchval(
            "SELECT stream_id FROM store.claims WHERE kind = $1 AND value = $2", *name
        )
        return None if holder is None or (name[0], holder) in released else holder
