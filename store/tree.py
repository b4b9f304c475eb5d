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
