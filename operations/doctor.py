"""Looks at a set-up before anything is started, and says what to do. It changes nothing and makes nothing."""

from __future__ import annotations

import platform
import shutil
import socket
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import asyncpg

from operations.health import STANDS
from projections._fold import ReadModels
from settings import Settings
from store.keys import Keys, LocalKms
from store.migrate import newest
from store.pool import LOST, pool
from vault import BadKey, Vault

OLDEST_PYTHON = (3, 11)
LEAST_FREE = 2_000_000_000
"""Bytes."""
CLOCK = 2.0
"""Seconds that two clocks may differ."""
MANY = 10_000
"""Facts behind, from which on something is wrong rather than on its way."""

Database = Callable[[Settings], AbstractAsyncContextManager[str]]


class Verdict(StrEnum):
    WELL = "ok"
    MIND = "mind"
    """It works, and there is something to know."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and what to do about it."""

    what: str
    found: str
    verdict: Verdict = Verdict.WELL
    advice: str = ""


def _wrong(what: str, found: str, advice: str) -> Finding:
    return Finding(what, found, Verdict.WRONG, advice)


def _mind(what: str, found: str, advice: str) -> Finding:
    return Finding(what, found, Verdict.MIND, advice)


async def examine(settings: Settings, database: Database) -> AsyncIterator[Finding]:
    """Everything, one finding after the other. `database` makes one run, and gives its URL."""
    yield _python()
    for each in (*_keys(settings.keys), *_ports(settings)):
        yield each
    if settings.database_url is None:
        yield _space(settings.data)
        if not (settings.data / "postgres/cluster").exists():
            yield Finding("database", f"None is in {settings.data} yet: the first start makes it.")
            return
    try:
        async with database(settings) as url, await pool(url, size=2, patience=10.0, name="meritbook doctor") as it:
            async for each in _database(it, settings):
                yield each
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what the doctor was called for
        advice = "Start it, or set DATABASE_URL to where it is." if isinstance(error, LOST) else "See what it says."
        yield _wrong("database", str(error) or type(error).__name__, advice)


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return _wrong("python", version, "Install Python 3.11 or newer, remove .venv, and start again.")
    return Finding("python", version)


# ── Keys ──


def _keys(folder: Path) -> Iterator[Finding]:
    if not folder.exists():
        yield _mind(
            "keys", f"There are none in {folder} yet: the first start makes them.", "Then back them up elsewhere."
        )
        return
    files = [folder / f"{name}.key" for name in Vault.__slots__]
    if missing := [path.name for path in files if not path.exists()]:
        advice = "Copy them from your backup, if this organisation has one: new ones are made otherwise."
        yield _mind("keys", f"{folder} is without {', '.join(missing)}.", advice)
    open_to_others = [path for path in (folder, *files) if path.exists() and path.stat().st_mode & 0o077]
    for path in open_to_others:
        mode = stat.filemode(path.stat().st_mode)
        wanted = "700" if path.is_dir() else "600"
        yield _wrong("keys", f"{path} is {mode}: others can read it.", f"chmod {wanted} {path}")
    if not missing and not open_to_others:
        try:
            Vault.open(folder)
        except (BadKey, OSError) as error:
            yield _wrong("keys", str(error), "Copy it from your backup.")
        else:
            yield Finding("keys", f"{len(files)} in {folder}, readable by nobody else.")


# ── The machine ──


def _ports(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.host}, port {settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        yield _mind("port", f"{where}: {error.strerror}.", "If no server of yours runs there, set PORT or HOST.")
    else:
        yield Finding("port", f"{where} is free.")


def _space(data: Path) -> Finding:
    there = next(each for each in (data, *data.parents) if each.exists())
    free = shutil.disk_usage(there).free
    said = f"{free / 1e9:,.1f} GB are free in {there}."
    if free < LEAST_FREE:
        return _wrong("space", said, "Make room, or set DATA to a folder on another disk.")
    return Finding("space", said)


# ── The database ──


async def _database(it: asyncpg.Pool[asyncpg.Record], settings: Settings) -> AsyncIterator[Finding]:
    version = await it.fetchval("SHOW server_version")
    size = await it.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))")
    yield Finding("database", f"PostgreSQL {version} answers; the database has {size}.")
    yield _clock((datetime.now(UTC) - await it.fetchval("SELECT clock_timestamp()")).total_seconds())
    durable = await it.fetchrow("SELECT current_setting('fsync') f, current_setting('full_page_writes') w")
    if durable is not None and set(durable.values()) != {"on"}:
        yield _wrong("durability", "fsync or full_page_writes is off.", "Turn both on: a crash loses data.")
    if await it.fetchval("SELECT to_regclass('store.alembic_version')") is None:
        yield _mind("migration", "The database is empty.", "A start sets it up; or say: meritbook migrate")
        return
    revision = await it.fetchval("SELECT version_num FROM store.alembic_version")
    if revision != newest():
        advice = "If it is newer, update the program; else say: meritbook migrate"
        yield _wrong("migration", f"The database is at {revision}, the program at {newest()}.", advice)
        return
    yield Finding("migration", f"The database is at {revision}, as the program is.")
    yield await _fit(it, settings.keys)
    async for each in _behind(it):
        yield each


def _clock(seconds: float) -> Finding:
    said = f"This machine's clock and PostgreSQL's differ by {abs(seconds):.1f} s."
    if abs(seconds) > CLOCK:
        return _wrong("clock", said, "Let both keep time by NTP: facts are stamped with this machine's.")
    return Finding("clock", said)


async def _fit(it: asyncpg.Pool[asyncpg.Record], folder: Path) -> Finding:
    if not all((folder / f"{name}.key").exists() for name in Vault.__slots__):
        return _mind("keys", "Whether they fit the database can't be said.", "Bring the keys here first.")
    try:
        fit = await Keys(it, LocalKms(Vault.open(folder).people)).fit()
    except (BadKey, OSError) as error:
        return _wrong("keys", str(error), "Copy it from your backup.")
    if not fit:
        advice = "Set KEYS to the folder of the keys that it was written with; without them personal data is lost."
        return _wrong("keys", "They are not those that the database was written with.", advice)
    return Finding("keys", "They fit the database.")


async def _behind(it: asyncpg.Pool[asyncpg.Record]) -> AsyncIterator[Finding]:
    models = {table: model.name for table, model in ReadModels().models.items()}
    live = set(await it.fetchval("SELECT live FROM store.head"))
    rows = await it.fetch(STANDS, list(models))
    behind = {models.get(row["name"], row["name"]): row["positions"] for row in rows}
    witness, head = behind.pop("witness"), rows[0]["head"]
    unknown = [name for table, name in models.items() if table not in live and name not in behind]
    for name in unknown:
        yield _mind("read models", f"{name} is not built for this version yet.", "A start builds it.")
    for name, facts in behind.items():
        yield _mind("read models", f"{name} is {facts:,} of {head:,} facts behind.", "A server that runs catches up.")
    if not behind and not unknown:
        yield Finding("read models", f"All {len(models)} stand at the head, position {head:,}.")
    if witness > MANY:
        yield _mind("witness", f"It has not seen the last {witness:,} facts.", "A server that runs catches up.")
    else:
        yield Finding("witness", f"It has seen {head - witness:,} of {head:,} facts.")
