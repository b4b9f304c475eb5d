"""What a test may ask for: a database of its own, migrated, on a real PostgreSQL.

The workers of a run share one throwaway cluster; the first starts it, the last stops it, and the run itself makes sure.
With DATABASE_URL the databases are made on that server instead, and dropped again.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import structlog
from hypothesis import HealthCheck, settings

from store.embedded import Cluster
from store.migrate import migrate
from store.pool import Connection
from store.pool import pool as open_pool
from tests._api import Api, api_of

FOLDER = "MERITBOOK_TEST_FOLDER"
"""Names, to the workers, where the run's clusters live: not below pytest's own folders, which it closes to others."""


def pytest_configure(config: pytest.Config) -> None:
    # Plain words: the colourful tracebacks that are structlog's own choice take seconds.
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])
    # How fast a machine is, and how a value came about, are no failures.
    settings.register_profile("unhurried", deadline=None, suppress_health_check=list(HealthCheck))
    settings.load_profile("unhurried")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a script: servers would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if FOLDER not in os.environ:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop as for Ctrl-C: cleaning up
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="meritbook-test-")
        config.add_cleanup(_clean_up)


def _clean_up() -> None:
    folder = Path(os.environ.pop(FOLDER))
    for left_running in list(folder.rglob("postmaster.pid")):
        Cluster(left_running.parents[1], throwaway=True).destroy()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A PostgreSQL on which databases may be made and dropped."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    with Cluster(Path(os.environ[FOLDER], "shared"), throwaway=True) as cluster:
        yield cluster.url()


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a migrated, empty database that others are copied from."""
    with _database(server_url, "") as (name, url):
        asyncio.run(migrate(url))
        yield name


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A migrated, empty database for this test alone."""
    with _database(server_url, f'TEMPLATE "{template}" STRATEGY file_copy') as (_, url):
        yield url


@pytest.fixture(scope="module")
def module_database_url(server_url: str, template: str) -> Iterator[str]:
    """A migrated, empty database that the tests of one module share."""
    with _database(server_url, f'TEMPLATE "{template}" STRATEGY file_copy') as (_, url):
        yield url


@pytest.fixture
def fresh_database_url(server_url: str) -> Iterator[str]:
    """A database with nothing in it, for this test alone."""
    with _database(server_url, "") as (_, url):
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    """Connections to this test's own database."""
    async with await open_pool(database_url, size=5) as connections:
        yield connections


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that is asked on connections which are made from now on."""
    asked: list[str] = []
    monkeypatch.setattr(Connection, "listener", lambda it: asked.append(it.query))
    return asked


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """An organisation in which nothing has happened yet, and its API."""
    async with api_of(database_url, tmp_path) as it:
        yield it


@pytest.fixture
def folder() -> Path:
    """For a cluster of this test's own."""
    return Path(tempfile.mkdtemp(dir=os.environ[FOLDER]))


@pytest.fixture
def cluster(folder: Path) -> Iterator[Callable[[], Cluster]]:
    """Makes handles on a cluster that this test may kill and start again; all of them on the same data."""
    handles: list[Cluster] = []

    def handle() -> Cluster:
        handles.append(Cluster(folder, throwaway=True))
        return handles[-1]

    yield handle
    for each in handles:
        each.stop()
    handles[0].destroy()


@contextmanager
def _database(server_url: str, how: str) -> Iterator[tuple[str, str]]:
    name = f"test_{uuid4().hex}"
    _say(server_url, f'CREATE DATABASE "{name}" {how}')
    try:
        yield name, _renamed(server_url, name)
    finally:
        _say(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _renamed(url: str, database: str) -> str:
    """The same server, another database."""
    address, _, options = url.partition("?")
    return f"{address.rpartition('/')[0]}/{database}?{options}"


def _say(url: str, statement: str) -> None:
    async def say() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(say())
