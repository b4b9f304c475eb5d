"""The proof that nothing was altered: the Merkle tree of RFC 6962 over the log.

A leaf is a fact as it is stored, cipher text included; its index is its position less one. The commit stores the
leaf's hash; a follower keeps the hashes of full subtrees of 256, 65,536, … leaves, so that the root at any position
takes a few hundred hashes, and signs a checkpoint of what it has seen.
"""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

import msgspec

from store.streams import Querying

WIDTH = 256
"""Leaves, or hashes of the level below, under one stored hash."""

_json = msgspec.json.Encoder()


def leaf_hash(  # noqa: PLR0917  # a row of the log, in the order of its columns
    stream_id: UUID,
    version: int,
    topic: str,
    data: bytes,
    effective: date,
    recorded_at: datetime,
    actor: UUID,
    on_behalf_of: UUID | None,
    reason: str | None,
    command_id: UUID,
    correlation_id: UUID | None,
    causation_position: int | None,
) -> bytes:
    """SHA-256 of 0x00, the envelope as a JSON array, a line feed, and the data as stored: 32 bytes.

    The array is [stream_id, version, topic, effective, recorded_at, actor, on_behalf_of, reason, command_id,
    correlation_id, causation_position], written without spaces, instants in UTC with a Z.
    """
    envelope = _json.encode(
        (
            stream_id,
            version,
            topic,
            effective,
            recorded_at,
            actor,
            on_behalf_of,
            reason,
            command_id,
            correlation_id,
            causation_position,
        )
    )
    return sha256(b"\0" + envelope + b"\n" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees: SHA-256 of 0x01 and both."""
    return sha256(b"\1" + left + right).digest()


def root_hash(hashes: list[bytes]) -> bytes:
    """The root of a tree over these hashes, any number of them; the empty tree's is the hash of nothing."""
    if not hashes:
        return sha256().digest()
    while len(hashes) > 1:
        paired = [node_hash(a, b) for a, b in zip(hashes[::2], hashes[1::2], strict=False)]
        hashes = paired + hashes[len(hashes) - len(hashes) % 2 :]
    return hashes[0]


# ── What is kept above the leaves ──


async def root_at(connection: Querying, size: int) -> bytes:
    """The root of the tree over the first `size` facts, from what is kept: at most 255 hashes a level are read."""
    count, level, partial = size, 0, list[bytes]()
    while True:
        full = count // WIDTH
        hashes = await _hashes(connection, level, full * WIDTH, count) + partial
        if not full:
            return root_hash(hashes)
        partial = [root_hash(hashes)] if hashes else []
        count, level = full, level + 1


async def _hashes(connection: Querying, level: int, start: int, end: int) -> list[bytes]:
    if level == 0:
        rows = await connection.fetch(
            "SELECT leaf AS hash FROM store.log WHERE position > $1 AND position <= $2 ORDER BY position", start, end
        )
    else:
        rows = await connection.fetch(
            "SELECT hash FROM store.tree WHERE level = $1 AND index >= $2 AND index < $3 ORDER BY index",
            level,
            start,
            end,
        )
    return [row["hash"] for row in rows]


class Growing:
    """A tree that leaves are added to; `full` are the hashes of subtrees that became full, by level and index."""

    def __init__(self) -> None:
        self.size = 0
        self.full: list[tuple[int, int, bytes]] = []
        self._open: list[list[bytes]] = [[]]

    def add(self, leaf: bytes) -> None:
        self.size += 1
        level, hash_ = 0, leaf
        while True:
            if level == len(self._open):
                self._open.append([])
            self._open[level].append(hash_)
            if len(self._open[level]) < WIDTH:
                return
            hash_ = root_hash(self._open[level])
            self._open[level] = []
            level += 1
            self.full.append((level, self.size // WIDTH**level - 1, hash_))

    def root(self) -> bytes:
        partial: list[bytes] = []
        for hashes in self._open:
            here = hashes + partial
            partial = [root_hash(here)] if here else []
        return partial[0] if partial else root_hash([])

    @classmethod
    async def at(cls, connection: Querying, size: int) -> Growing:
        """The tree over the first `size` facts, from what is kept."""
        it, count, level = cls(), size, 0
        it.size, it._open = size, []
        while count or not it._open:
            full = count // WIDTH
            it._open.append(await _hashes(connection, level, full * WIDTH, count))
            count, level = full, level + 1
        return it
