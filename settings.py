"""What can be set, all of it by environment variables.

HOST          where to listen; 127.0.0.1 unless said otherwise
PORT          8000 unless said otherwise
DATABASE_URL  a PostgreSQL 16 or newer: postgresql://user:password@host/database. Without it, one of our own runs
DATA          a folder for that and for the keys; `data` unless said otherwise
KEYS          the folder of the server's own keys; `keys` in DATA unless said otherwise
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PORTS = range(1, 65_536)


class BadSetting(Exception):
    """A setting can't be what it is said to be; the message is one line for whoever set it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    host: str
    port: int
    database_url: str | None
    data: Path
    keys: Path

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """The settings that these variables make; an empty one counts as not set. Raises BadSetting."""
        said = {name: value.strip() for name, value in environment.items() if value.strip()}
        data = Path(said.get("DATA", "data")).expanduser().absolute()
        return cls(
            host=said.get("HOST", "127.0.0.1"),
            port=_port(said.get("PORT", "8000")),
            database_url=_database_url(said.get("DATABASE_URL")),
            data=data,
            keys=Path(said.get("KEYS", data / "keys")).expanduser().absolute(),
        )


def _port(said: str) -> int:
    if not said.isdecimal() or int(said) not in PORTS:
        raise BadSetting(f"PORT must be a number from 1 to 65535, not {said!r}.")
    return int(said)


def _database_url(said: str | None) -> str | None:
    if said is not None and not said.startswith(("postgresql://", "postgres://")):
        raise BadSetting("DATABASE_URL must begin with postgresql:// (asyncpg and SQLAlchemy need no other form).")
    return said
