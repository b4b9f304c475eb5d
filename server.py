"""Where everything is put together: settings → PostgreSQL → log → read models → GraphQL.

`opened` gives an organisation, all that a program needs which works with it; `serve` puts HTTP before it.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import pages
from domain.employee import Employee
from domain.role import ADMINISTRATOR, Bound, Role
from identity import Identity
from projections._build import Progress, catch_up, ensure, keep_up
from projections._fold import ReadModels
from schema import schema
from schema._endpoint import endpoint
from schema._reader import reading_pool
from settings import BadSetting, Settings
from store.embedded import Cluster
from store.keys import LocalKms
from store.log import Log
from store.migrate import migrate
from store.pool import connect, pool
from store.recorded import Origin
from store.witness import Witness
from vault import BadKey, Vault

SYSTEM = UUID(int=0)
FIRST_ADMINISTRATOR = UUID(int=1)
OLDEST_POSTGRESQL = 16
PATIENCE = 10
"""Seconds that requests under way are given when the server stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One organisation, opened: what a program needs to work with it."""

    pool: asyncpg.Pool[asyncpg.Record]
    reading: asyncpg.Pool[asyncpg.Record]
    log: Log
    read_models: ReadModels
    identity: Identity
    vault: Vault


@asynccontextmanager
async def opened(settings: Settings, progress: Progress | None = None) -> AsyncIterator[Organisation]:
    """Its database running and migrated, its log taking commands, its read models at the head and kept there."""
    vault = Vault.open(settings.keys)
    async with database(settings) as url:
        await migrate(url)
        async with await pool(url) as connections, await reading_pool(url) as reading:
            read_models = ReadModels()
            await ensure(connections, read_models)
            log = Log(
                connect=partial(connect, url, name="meritbook writer"),
                pool=connections,
                kms=LocalKms(vault.people),
                projector=read_models,
                pepper=vault.claims,
            )
            if not await log.keys.fit():
                raise BadKey(f"The keys in {settings.keys} are not those that this database was written with.")
            async with log:
                await catch_up(connections, log.keys, read_models, progress)
                await log.run(Role, ADMINISTRATOR, Role.establish, origin=Origin(actor=SYSTEM))
                witness = Witness(connections, log.committed, vault.checkpoints)
                async with beside(keep_up(connections, log.keys, read_models)), beside(witness.follow()):
                    yield Organisation(
                        pool=connections,
                        reading=reading,
                        log=log,
                        read_models=read_models,
                        identity=Identity(vault.tokens),
                        vault=vault,
                    )


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """The URL of the database that was given; or of our own, running as long as somebody needs it."""
    if settings.database_url is not None:
        await check(settings.database_url)
        yield settings.database_url
    else:
        with Cluster(settings.data / "postgres") as cluster:
            async with beside(cluster.supervise()):
                yield cluster.url()


async def check(url: str) -> None:
    """Raises BadSetting unless a PostgreSQL that is new enough answers there."""
    try:
        connection = await connect(url)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise BadSetting(f"DATABASE_URL names no PostgreSQL that lets us in: {error}") from error
    version = connection.get_server_version()
    await connection.close()
    if version.major < OLDEST_POSTGRESQL:
        raise BadSetting(f"DATABASE_URL names a PostgreSQL {version.major}; it must be {OLDEST_POSTGRESQL} or newer.")


async def is_new(log: Log) -> bool:
    """Whether nobody has ever been its administrator."""
    return not any(isinstance(each.fact, Bound) for each in await log.stream(ADMINISTRATOR))


async def appoint_first_administrator(log: Log) -> None:
    """In an organisation where nobody is yet, somebody must be the first."""
    origin = Origin(actor=SYSTEM, reason="The first start of an empty organisation.")
    today = datetime.now(UTC).date()
    await log.run(
        Employee,
        FIRST_ADMINISTRATOR,
        Employee.hire,
        origin=origin,
        number="1",
        name="First Administrator",
        work_email="administrator@example.com",
        title="Administrator",
        effective=today,
        today=today,
    )
    await log.run(Role, ADMINISTRATOR, Role.establish, origin=origin, administrator=FIRST_ADMINISTRATOR)


# ── HTTP ──


def app(it: Organisation) -> Starlette:
    graphql = endpoint(schema(), pool=it.reading, log=it.log, identify=it.identity.identify, secret=it.vault.cursors)

    async def ready(_: Request) -> JSONResponse:
        try:
            async with asyncio.timeout(2):
                position = await it.log.head()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return JSONResponse({"status": "no database"}, 503)
        return JSONResponse({"status": "ready", "position": position})

    async def healthy(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    api = [Route("/graphql", graphql), Route("/healthz", healthy), Route("/readyz", ready)]
    return Starlette(routes=[*pages.routes("/graphql"), *api])


def listen(settings: Settings) -> socket.socket:
    """Take the port before anything else is begun. Raises BadSetting if it can't be had."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise BadSetting(f"Can't listen on HOST {settings.host}, PORT {settings.port}: {error.strerror}.") from error


async def serve(organisation: Organisation, listening: socket.socket) -> None:
    """Serve until cancelled; requests under way are finished first."""
    config = uvicorn.Config(
        app(organisation),
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=PATIENCE,
    )
    server = Server(config)
    gc.collect()
    gc.freeze()  # what was loaded stays: no need to look at it again and again
    gc.set_threshold(50_000, 20, 20)
    serving = asyncio.create_task(server.serve([listening]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving


class Server(uvicorn.Server):
    """Uvicorn, without its own idea of signals: after the server, the database must be stopped too."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do this in the meantime."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        while not task.done():  # whatever it waits for might take a cancellation for its own
            task.cancel()
            await asyncio.wait([task], timeout=1)
