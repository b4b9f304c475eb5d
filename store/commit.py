"""What a commit says to PostgreSQL: that it takes the log's head, what it expects there, and all that it writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record
from asyncpg.transaction import Transaction

from domain._kernel import IdempotencyMismatch, Refused
from store.batch import Head, Prepared, Session, Statement, positions_of
from store.claims import Wishes
from store.command import Command, Decided, Outcome
from store.streams import Querying
from store.told import told

BEGIN, COMMIT, ROLLBACK = Statement("BEGIN ISOLATION LEVEL READ COMMITTED"), Statement("COMMIT"), Statement("ROLLBACK")

LOCK = Statement("""
    SELECT json_build_array(position, recorded_at, live),
        CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END
    FROM store.head WHERE one FOR UPDATE""")
"""Take the head, to write; what is written is on disk when it is committed, whatever the database's own default is."""

POSITION = Statement("SELECT position FROM store.head WHERE one")

_LOG = (
    *("bigint", "uuid", "int", "text", "bytea", "date", "timestamptz"),
    *("uuid", "uuid", "text", "uuid", "uuid", "bigint", "bytea"),
)
"""The types of a fact's row."""

_RECORD = """
WITH moved AS (UPDATE store.head SET position = $15, recorded_at = $16 WHERE one)
INSERT INTO store.log SELECT * FROM {} r
"""

_RELEASE = """
DELETE FROM store.claims c USING {} r (kind, stream_id) WHERE c.kind = r.kind AND c.stream_id = r.stream_id
"""

_ORDER = "INSERT INTO store.effects (kind, key, payload, position) SELECT * FROM {} r"

_MOVED = """
SELECT 1 FROM unnest($1::uuid[], $2::int[]) s (id, version)
WHERE EXISTS (SELECT FROM store.log l WHERE l.stream_id = s.id AND l.version > s.version) LIMIT 1
"""

_AS_EXPECTED = f"""
SELECT 1 / ((
    position = $3 AND recorded_at = $4 AND live = $5::text[]
    AND (SELECT leaf FROM store.log WHERE position = $3) = $6
    AND NOT EXISTS ({_MOVED})
) IS TRUE)::int FROM store.head WHERE one
"""  # noqa: S608
"""Whoever writes the names of read models to the head writes them in order."""


def transaction(connection: Session) -> Transaction:
    """One in which what is read after the lock is what the lock waited for, whatever the database's own default is."""
    return connection.transaction(isolation="read_committed")


async def lock(connection: Session) -> Head:
    """Take the head. Everything read after this, in this transaction, stands still."""
    return head_of(await connection.fetchval(LOCK.sql))


def head_of(said: str | None) -> Head:
    """What the lock says."""
    assert said is not None
    return msgspec.json.decode(said, type=Head)


def moved(batch: Iterable[Decided]) -> Statement:
    """One row if any stream that a command rests on, and did not write itself, is past the version that it saw."""
    seen: dict[UUID, int] = {}
    for decided in batch:
        for stream_id, version in decided.seen.items():
            seen[stream_id] = min(version, seen.get(stream_id, version))
    return Statement(_MOVED, (list(seen), list(seen.values())))


def as_expected(head: Head, batch: Iterable[Decided]) -> Statement:
    """Divides by zero unless the log ends as expected and no stream that a command rests on has moved.

    To be carried out under the lock. The hash of the last fact says that all before it is as it was, whoever wrote it;
    the instant, that no read model has been built again since.
    """
    return Statement(
        _AS_EXPECTED, (*moved(batch).arguments, head.position, head.recorded_at, sorted(head.live), head.leaf)
    )


async def write(connection: Session, statements: Iterable[Statement]) -> None:
    """One after the other. Raises UniqueViolationError if something had moved or was taken after all."""
    for sql, arguments in statements:
        await connection.execute(sql, *arguments)


# ── What it writes ──


def statements(prepared: Prepared, batch: Sequence[Decided], wishes: Wishes) -> Iterator[Statement]:
    """All that a commit writes, under the lock."""
    yield from _set_behind(prepared)
    if prepared.rows:
        source, rows = told(prepared.rows, _LOG)
        yield Statement(_RECORD.format(source), (*rows, prepared.after.position, prepared.after.recorded_at))
    yield from _keys(prepared, batch)
    if wishes.releases:
        yield _told(_RELEASE, wishes.releases, ("text", "uuid"))
    if wishes.claims:
        claims = [(*name, stream_id) for name, (stream_id, _) in wishes.claims.items()]
        yield _told("INSERT INTO store.claims SELECT * FROM {} r", claims, ("text", "bytea", "uuid"))
    if wishes.effects:
        last = positions_of(prepared)
        effects = [
            (
                it.effect.kind,
                it.effect.key,
                msgspec.json.encode(it.effect.payload).decode(),
                last[id(it.decided)] - it.before_last,
            )
            for it in wishes.effects
        ]
        yield _told(_ORDER, effects, ("text", "text", "jsonb", "bigint"))
    yield from prepared.read


def _set_behind(prepared: Prepared) -> Iterator[Statement]:
    """Read models that stand at the head and that this process does not know stay where they are."""
    unknown = prepared.head.live - prepared.after.live
    if unknown and prepared.rows:
        yield Statement(
            "INSERT INTO store.behind (table_name, position) SELECT unnest($1::text[]), $2"
            " ON CONFLICT (table_name) DO UPDATE SET position = excluded.position, since = now()",
            (list(unknown), prepared.head.position),
        )
        yield Statement("UPDATE store.head SET live = $1", (sorted(prepared.after.live),))


def _keys(prepared: Prepared, batch: Sequence[Decided]) -> Iterator[Statement]:
    keyed = [decided for decided in batch if decided.command.keyed and decided.refusal is None]
    if not keyed:
        return
    positions = positions_of(prepared)
    commands = [
        (
            it.command.origin.command_id,
            it.command.fingerprint(),
            it.command.stream.id,
            it.after.version,
            positions.get(id(it), prepared.after.position),
        )
        for it in keyed
    ]
    yield _told("INSERT INTO store.commands SELECT * FROM {} r", commands, ("uuid", "bytea", "uuid", "int", "bigint"))


def _told(sql: str, rows: Collection[Sequence[Any]], types: tuple[str, ...]) -> Statement:
    """A statement that reads rows, with its place for them."""
    source, arguments = told(rows, types)
    return Statement(sql.format(source), arguments)


# ── What was recorded before ──


async def recorded_before(connection: Querying, commands: Sequence[Command]) -> dict[Command, Outcome | Refused]:
    """The answers of those commands whose idempotency keys are known."""
    keyed = [command for command in commands if command.keyed]
    if not keyed:
        return {}
    rows = await connection.fetch(
        "SELECT * FROM store.commands WHERE command_id = ANY($1)", [it.origin.command_id for it in keyed]
    )
    known = {row["command_id"]: row for row in rows}
    return {it: _first_answer(it, known[it.origin.command_id]) for it in keyed if it.origin.command_id in known}


def _first_answer(command: Command, row: Record) -> Outcome | Refused:
    if row["fingerprint"] != command.fingerprint():
        return IdempotencyMismatch("This command id was used before, with other input.", "commandId")
    return Outcome(stream_id=row["stream_id"], version=row["version"], position=row["position"], repeated=True)
