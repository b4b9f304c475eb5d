"""Proof that nothing was altered: the root over the facts up to a position, and what the server has signed."""

from __future__ import annotations

import strawberry

from schema._kernel import STAFF, Info, Position, bad_input, may, resolved, seen_by
from store import witness


@strawberry.type(description="The server's signature under the root over the first facts of the log.")
class Checkpoint:
    size: Position = seen_by(STAFF, description="How many facts it covers: those at the positions 1 to this.")
    root: str = seen_by(STAFF, description="The root of the tree over them (RFC 6962, SHA-256), hexadecimal.")
    signature: str = seen_by(STAFF, description="Ed25519, hexadecimal. Who keeps it can show later what was so now.")


@strawberry.type(description="What the log is, in one hash.")
class Integrity:
    size: Position = seen_by(STAFF, description="How many facts the root covers.")
    root: str = seen_by(STAFF, description="The root of the tree over them (RFC 6962, SHA-256), hexadecimal.")
    checkpoint: Checkpoint | None = seen_by(STAFF, description="The newest that is signed; null before the first.")


async def _integrity(info: Info, position: Position | None = strawberry.UNSET) -> Integrity | None:
    """The root over the facts up to a position; over all that are signed, unless told."""
    newest = await info.context.log.checkpoint()
    signed = newest.size if newest else 0
    size = position if isinstance(position, int) else signed
    if not 0 <= size <= signed:
        raise bad_input(f"The tree covers the positions up to {signed}.")
    root = await info.context.log.root(size)
    return Integrity(size=Position(size), root=root.hex(), checkpoint=_told(newest))


def _told(signed: witness.Checkpoint | None) -> Checkpoint | None:
    if signed is None:
        return None
    return Checkpoint(size=Position(signed.size), root=signed.root.hex(), signature=signed.signature.hex())


@strawberry.type
class Query:
    integrity: Integrity | None = resolved(may("history.view"))(_integrity)
