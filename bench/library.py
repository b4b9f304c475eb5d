"""The `eventsourcing` library as a program beside ours, on a database of the same cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.folder import FOLDER
from bench.peers import install
from bench.peers._program import Program, program
from bench.place import Place
from bench.result import Result
from store.embedded import USER

THREADS = 16


@asynccontextmanager
async def library(place: Place, database: str, result: Result) -> AsyncIterator[Program | None]:
    """Running; None where it can't be installed, which the result then says."""
    try:
        environment = await asyncio.to_thread(install.psycopg, FOLDER / "peers")
    except install.NotInstalled as reason:
        result.facts["the library"] = str(reason)
        yield None
        return
    said = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": database,
        "POSTGRES_HOST": str(place.cluster.socket_folder),
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": USER,
        "POSTGRES_PASSWORD": "none",
        "POSTGRES_POOL_SIZE": str(THREADS),
    }
    async with program("bench.peers.library", {**environment, **said}) as running:
        yield running
