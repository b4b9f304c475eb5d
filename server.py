"""Where everything is put together: settings → PostgreSQL → log → read models → GraphQL.

`opened` gives an organisation, all that a program needs which works with it; `serve` answers for it over HTTP.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import logs
import pages
from domain.employee import Employee
from domain.role import ADMINISTRATOR, Bound, Role
from identity import Identity
from listening import FRESH, PATIENCE, Front, healthy
from operations import metrics
from operations.health import Health
from operations.requests import Noticed, Requests
from operations.traces import Tracer
from projections._build import Progress, catch_up, ensure, keep_up
from projections._fold import ReadModels
from schema import schema
from schema._answers import Answers
from schema._documents import BadManifest, Documents, trusted_documents
from schema._endpoint import Manners, endpoint
from schema._held import ReadingPool, reading_pool
from schema._http import Receive, Scope, Send
from settings import ANSWERS_MB, BadSetting, Settings
from store.embedded import Cluster
from store.keys import LocalKms
from store.log import Log
from store.migrate import migrate
from store.pool import LOST, connect, pool
from store.recorded import Origin
from store.witness import Witness
from vault import BadKey, Vault

SYSTEM = UUID(int=0)
FIRST_ADMINISTRATOR = UUID(int=1)
OLDEST_POSTGRESQL = 16
AGAIN = 0.5
"""Seconds between looks whether a database that is away is back."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One organisation, opened: what a program needs to work with it."""

    pool: asyncpg.Pool[asyncpg.Record]
    reading: ReadingPool
    log: Log
    read_models: ReadModels
    identity: Identity
    vault: Vault
    health: Health


@asynccontextmanager
async def opened(settings: Settings, progress: Progress | None = None) -> AsyncIterator[Organisation]:
    """Its database running and migrated, its log taking commands, its read models at the head and kept there."""
    try:
        vault = Vault.open(settings.keys)
    except OSError as error:
        raise BadKey(f"The keys in {settings.keys} can't be read or made: {error.strerror}.") from error
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
                witness = Witness(connections, log.news, vault.checkpoints)
                tables = {table: model.name for table, model in read_models.models.items()}
                health = Health(connections, log, tables, settings.lag_limit)
                async with (
                    beside(keep_up(connections, log.keys, read_models)),
                    beside(witness.follow()),
                    beside(health.watch()),
                ):
                    yield Organisation(
                        pool=connections,
                        reading=reading,
                        log=log,
                        read_models=read_models,
                        identity=Identity(vault.tokens),
                        vault=vault,
                        health=health,
                    )


@asynccontextmanager
async def patiently_opened(settings: Settings, progress: Progress | None = None) -> AsyncIterator[Organisation]:
    """The same; a database of one's own that is away is waited for."""
    async with AsyncExitStack() as stack:
        while True:
            try:
                it = await stack.enter_async_context(opened(settings, progress))
            except (Away, DBAPIError, asyncpg.InterfaceError, *LOST) as error:
                if settings.database_url is None or not logs.is_absence(error):
                    raise
                logs.away(error)
                await asyncio.sleep(AGAIN)
            else:
                break
        logs.back()
        yield it


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


class Away(BadSetting):
    """Nothing answers there, or it can't now."""


async def check(url: str) -> None:
    """Raises BadSetting unless a PostgreSQL that is new enough answers there; Away if that may still come."""
    try:
        connection = await connect(url)
    except LOST as error:
        raise Away(f"DATABASE_URL names no PostgreSQL that answers: {error}") from error
    except (ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
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


def manners_of(settings: Settings) -> Manners:
    """How the API's door is kept. Raises BadSetting."""
    usual = (50.0, 500.0) if settings.production else (0.0, 0.0)
    trusted: dict[str, str] = {}
    if settings.trusted_documents is not None:
        try:
            trusted = trusted_documents(settings.trusted_documents, Documents(schema()._schema))  # noqa: SLF001
        except BadManifest as error:
            raise BadSetting(str(error)) from error
    elif settings.trusted_only:
        raise BadSetting("TRUSTED_ONLY needs TRUSTED_DOCUMENTS, or nothing would be answered.")
    return Manners(
        production=settings.production,
        time_limit=settings.time_limit,
        viewer_rate=usual[0] if settings.viewer_rate is None else settings.viewer_rate,
        address_rate=usual[1] if settings.address_rate is None else settings.address_rate,
        origins=settings.allowed_origins,
        trusted=trusted,
        trusted_only=settings.trusted_only,
    )


def app(
    it: Organisation,
    *,
    manners: Manners | None = None,
    answers_mb: float = ANSWERS_MB,
    metrics_token: str | None = None,
    tracer: Tracer | None = None,
    connections: Callable[[], int] = lambda: 0,
) -> Starlette:
    """What an organisation's server answers. `connections` counts those of its clients."""
    api = schema()
    answers = Answers(it.reading, round(answers_mb * 1e6))
    manners = manners or Manners()
    documents = Noticed(api._schema, production=manners.production)  # noqa: SLF001
    graphql = endpoint(
        api,
        pool=it.reading,
        log=it.log,
        identify=it.identity.identify,
        secret=it.vault.cursors,
        documents=documents,
        manners=manners,
        answers=answers if answers_mb else None,
    )
    it.log.watchers.append(answers.committed)
    requests = Requests(graphql, tracer)
    numbers = metrics.Numbers(
        health=it.health,
        requests=requests,
        pools={"commands": it.pool, "reads": it.reading},
        caches={"plans": graphql.reader._plans, "documents": documents._known},  # noqa: SLF001
        answers=answers,
        connections=connections,
    )

    async def ready(_: Request) -> Response:
        await it.health.look()
        well, report = it.health.report()
        return JSONResponse(report, 200 if well else 503, headers=FRESH)

    return Door(
        requests,
        routes=[
            *(() if manners.production else pages.routes("/graphql")),
            Route("/graphql", requests),
            Route("/healthz", healthy),
            Route("/readyz", ready),
            Route("/metrics", metrics.endpoint(numbers, metrics_token)),
        ],
    )


class Door(Starlette):
    """What is posted goes to the API at once, and websockets: to look for the way takes as long as a small answer."""

    def __init__(self, graphql: Requests, **others: Any) -> None:
        super().__init__(**others)
        self._graphql = graphql

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        if scope.get("path") == "/graphql" and scope.get("method", "POST") == "POST":  # a websocket has none
            return self._graphql(scope, receive, send)
        return super().__call__(scope, receive, send)


def settle() -> None:
    """What is loaded by now stays: the garbage collector need not look at it again and again. At what comes it looks
    often, and at little each time, for nobody is answered in the meantime.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # so that all that was loaded is no measure for how much has to come before it looks at everything
    gc.set_threshold(10_000, 5, 5)


async def serve(organisation: Organisation, settings: Settings, front: Front, tracer: Tracer | None = None) -> None:
    """Serve until cancelled; requests under way are finished before this ends."""
    front.app = app(
        organisation,
        manners=manners_of(settings),
        answers_mb=settings.answers_mb,
        metrics_token=settings.metrics_token,
        tracer=tracer,
        connections=lambda: front.connections,
    )
    organisation.log.meter.watcher = tracer
    settle()
    logger.info("serving", host=settings.host, port=settings.port)
    try:
        await front.ends()
    finally:
        logger.info("stopping", requests_have_seconds=PATIENCE)
        await front.stop()
        logger.info("stopped serving")


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
