"""Follows the log, keeps the tree above it, and signs what it has seen; and checks all of it again.

A checkpoint says "the first `size` facts have this root" under the server's Ed25519 key. Who keeps one outside can tell
for ever whether any of those facts was altered, left out or slipped in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from asyncpg import Pool
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from store.follower import follow
from store.streams import Querying
from store.tree import Growing, leaf_hash, root_at

NAME = "tree"
PAGE = 20_000
LOOK_EVERY = 0.2
"""Seconds between looks at what other processes have recorded; what this one records wakes it."""

PAUSE = 0.05
"""Seconds between two looks at least: under load a checkpoint is for many commits."""


def _statement(size: int, root: bytes) -> bytes:
    return f"meritbook checkpoint\n{size}\n{root.hex()}\n".encode()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The root over the first `size` facts, 32 bytes, and its Ed25519 signature, 64 bytes."""

    size: int
    root: bytes
    signature: bytes

    @classmethod
    def sign(cls, key: Ed25519PrivateKey, size: int, root: bytes) -> Checkpoint:
        return cls(size, root, key.sign(_statement(size, root)))

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        try:
            key.verify(self.signature, _statement(self.size, self.root))
        except InvalidSignature:
            return False
        return True


class Witness:
    """A follower of the log. Any number of processes may run one: they take turns at its cursor."""

    def __init__(self, pool: Pool, news: Callable[[], AbstractContextManager[asyncio.Event]], key: bytes) -> None:
        self._pool = pool
        self._news = news
        self._key = Ed25519PrivateKey.from_private_bytes(key)

    async def follow(self) -> None:
        """Ends by being cancelled. A PostgreSQL that is away is waited for."""
        await follow(NAME, self._news, self.catch_up, look_every=LOOK_EVERY, pause=PAUSE)

    async def catch_up(self) -> None:
        """Take in all that there is."""
        while await self.advance():
            pass

    async def advance(self) -> bool:
        """Take in a page of the log; False if nothing was new."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO store.followers (name, position) VALUES ($1, 0) ON CONFLICT DO NOTHING", NAME
            )
            done = await connection.fetchval("SELECT position FROM store.followers WHERE name = $1 FOR UPDATE", NAME)
            rows = await connection.fetch(
                "SELECT leaf FROM store.log WHERE position > $1 ORDER BY position LIMIT $2", done, PAGE
            )
            if not rows:
                return False
            tree = await Growing.at(connection, done)
            for row in rows:
                tree.add(row["leaf"])
            await connection.executemany("INSERT INTO store.tree (level, index, hash) VALUES ($1, $2, $3)", tree.full)
            checkpoint = Checkpoint.sign(self._key, tree.size, tree.root())
            await connection.execute(
                "INSERT INTO store.checkpoints (size, root, signature) VALUES ($1, $2, $3)",
                checkpoint.size,
                checkpoint.root,
                checkpoint.signature,
            )
            await connection.execute("UPDATE store.followers SET position = $2 WHERE name = $1", NAME, tree.size)
        return True


# ── Checking ──


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found: the root over the first `size` facts, and how many signed checkpoints agree.

    `broken` is the first position that is not as it was recorded, None if all are; `because` says how it shows.
    """

    size: int
    root: bytes
    checkpoints: int
    broken: int | None = None
    because: str | None = None


class Broken(Exception):
    def __init__(self, position: int, because: str) -> None:
        super().__init__(because)
        self.position = position


async def verify(
    pool: Pool, key: bytes, *, to: int | None = None, progress: Callable[[int, int], None] | None = None
) -> Verdict:
    """Hash every fact again, and compare with the leaves, the tree and every signed checkpoint. Needs no server.

    `key` is the one that the witness signs with; `to` the last position to look at, the head if left out.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchval("SELECT position FROM store.head")
        audit = Audit(connection, Ed25519PrivateKey.from_private_bytes(key).public_key(), head if to is None else to)
        broken = None
        try:
            await audit.facts(progress)
            await audit.kept(head)
        except Broken as found:
            broken = found
    return Verdict(
        audit.tree.size,
        audit.tree.root(),
        audit.agreed,
        broken.position if broken else None,
        str(broken) if broken else None,
    )


class Audit:
    """One look at the whole log, in one snapshot."""

    def __init__(self, connection: Querying, key: Ed25519PublicKey, end: int) -> None:
        self.tree = Growing()
        self.agreed = 0
        self._connection = connection
        self._key = key
        self._end = end

    async def facts(self, progress: Callable[[int, int], None] | None) -> None:
        """Every fact is there, is what its leaf was made of, and has the root that was signed."""
        while self.tree.size < self._end:
            page = await self._connection.fetch(_PAGE_OF_FACTS, self.tree.size, self._end, PAGE)
            signed = await self._signed(self.tree.size, self.tree.size + PAGE)
            for row in page:
                position, *fact, leaf = row.values()
                if position != self.tree.size + 1:
                    break
                if leaf_hash(*fact) != leaf:
                    raise Broken(position, "It is not what its leaf was made of.")
                self.tree.add(leaf)
                if position in signed:
                    self._compare(signed[position])
            if not page or self.tree.size < page[-1]["position"]:
                raise Broken(self.tree.size + 1, "It is missing.")
            if progress:
                progress(self.tree.size, self._end)

    async def kept(self, head: int) -> None:
        """Nothing that was witnessed is gone, and the tree that is kept is the tree over these facts."""
        (row,) = await self._connection.fetch("SELECT coalesce(max(size), 0) AS size FROM store.checkpoints")
        if row["size"] > head:
            raise Broken(head + 1, "It was witnessed, and is missing.")
        if self.tree.size <= row["size"] and await root_at(self._connection, self.tree.size) != self.tree.root():
            raise Broken(self.tree.size, "The tree that is kept has another root here.")

    async def _signed(self, after: int, to: int) -> dict[int, Checkpoint]:
        rows = await self._connection.fetch(
            "SELECT size, root, signature FROM store.checkpoints WHERE size > $1 AND size <= $2", after, to
        )
        return {row["size"]: Checkpoint(*row.values()) for row in rows}

    def _compare(self, checkpoint: Checkpoint) -> None:
        if not checkpoint.is_signed_by(self._key):
            raise Broken(checkpoint.size, "The checkpoint here is not signed with this key.")
        if checkpoint.root != self.tree.root():
            raise Broken(checkpoint.size, "The checkpoint here has another root: this or an earlier fact was altered.")
        self.agreed += 1


_PAGE_OF_FACTS = """
SELECT position, stream_id, version, topic, data, effective, recorded_at, actor, on_behalf_of, reason,
       command_id, correlation_id, causation_position, leaf
FROM store.log WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3
"""
