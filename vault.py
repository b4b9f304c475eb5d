"""The server's own keys: made on the first start, 32 random bytes each, readable by nobody else.

Whoever has them can read every person's data and sign anybody in. Whoever loses them loses the personal data: back
them up, and not beside the database. Servers that share a database share them.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

SIZE = 32


class BadKey(Exception):
    """A key file does not hold a key; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Vault:
    tokens: bytes
    """Signs bearer tokens."""
    people: bytes
    """Wraps the key of each person."""
    claims: bytes
    """Keys the digests of what must be unique."""
    cursors: bytes
    """Signs cursors that clients keep."""
    checkpoints: bytes
    """Signs what the log was at a position (Ed25519)."""

    @classmethod
    def open(cls, folder: Path) -> Vault:
        """The keys in this folder; those that are missing are made. Raises BadKey."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(**{name: _key(folder / f"{name}.key") for name in cls.__slots__})


def _key(path: Path) -> bytes:
    if not path.exists():
        _write_once(path, secrets.token_hex(SIZE))
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError:
        key = b""
    if len(key) != SIZE:
        raise BadKey(f"{path} must hold {SIZE * 2} hexadecimal digits.")
    return key


def _write_once(path: Path, text: str) -> None:
    """All of it or nothing; if another is quicker, its key is the key."""
    with NamedTemporaryFile("w", dir=path.parent, prefix=f"{path.name}.") as mine:  # for its owner alone
        mine.write(f"{text}\n")
        mine.flush()
        os.fsync(mine.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(mine.name)
