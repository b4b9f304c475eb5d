"""Where it is measured: a PostgreSQL of its own with the settings that `make serve` runs, and the organisation in it.

The organisation is made once for each size and kept; what is measured and changes anything works on a copy.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from uuid import UUID

import asyncpg
import psutil

from bench.folder import FOLDER, ROOT
from bench.meter import Meter
from bench.organisation import Organisation, Progress
from bench.peers._program import Program, program
from bench.size import Size
from identity import Identity
from server import opened, settle
from settings import Settings
from store.embedded import Cluster
from vault import Vault

MAIN = "meritbook"
PATIENCE = 120.0


class DidNotStart(Exception):
    """A program that is to be measured does not answer; the message says what it said."""


@dataclass(slots=True)
class Place:
    """A folder with a cluster and keys, for one size of organisation."""

    size: Size
    folder: Path
    cluster: Cluster

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def postmaster(self) -> psutil.Process:
        return psutil.Process(int((self.cluster.data / "postmaster.pid").read_text().splitlines()[0]))

    def url(self, database: str = MAIN) -> str:
        return self.cluster.url(database)

    def settings(self, database: str = MAIN) -> Settings:
        return Settings(host="127.0.0.1", port=1, database_url=self.url(database), data=self.folder, keys=self.keys)

    def token(self, employee: UUID) -> str:
        return Identity(Vault.open(self.keys).tokens).token(employee, lifetime=timedelta(days=30))

    def port(self) -> int:
        """One that nobody has, a server that somebody forgot to end included."""
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port: int = found.getsockname()[1]
            return port

    def meter(self, server: psutil.Process | None = None) -> Meter:
        return Meter(server, self.postmaster)

    # ── Databases ──

    async def say(self, *statements: str, database: str = "postgres") -> None:
        connection = await asyncpg.connect(self.url(database))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def ask(self, query: str, *arguments: object, database: str = MAIN) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.url(database))
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    @asynccontextmanager
    async def copy(self, name: str) -> AsyncIterator[str]:
        """A copy of the organisation that may be changed, gone afterwards."""
        drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
        await self.say(drop, f'CREATE DATABASE "{name}" TEMPLATE "{MAIN}" STRATEGY file_copy')
        try:
            yield name
        finally:
            await self.say(drop, "CHECKPOINT")

    async def prepare(self, progress: Progress) -> float | None:
        """Make the organisation unless it is there already; facts a second if it was made.

        One that was interrupted, or made by another version of this benchmark, is made anew.
        """
        done = self.folder / "organisation.json"
        wanted = {"made_by": _made_by(self.size)}
        if done.exists() and wanted.items() <= json.loads(done.read_text()).items():
            async with opened(self.settings(), lambda at, of: progress("read models", at, of)):
                return None
        done.unlink(missing_ok=True)
        drop = f'DROP DATABASE IF EXISTS "{MAIN}" WITH (FORCE)'
        await self.say(drop, f'CREATE DATABASE "{MAIN}"')
        start = perf_counter()
        async with opened(self.settings()) as it:
            settle()
            await Organisation(self.size, progress).bring_into(it.log)
            events = await it.log.head()
        seconds = perf_counter() - start
        await self.say("VACUUM ANALYZE", "CHECKPOINT", database=MAIN)
        done.write_text(json.dumps({**wanted, "events": events, "seconds": seconds}))
        return events / seconds

    # ── Programs ──

    @asynccontextmanager
    async def running(
        self, name: str, command: Sequence[str], *, port: int, environment: Mapping[str, str], ready: str = "/readyz"
    ) -> AsyncIterator[psutil.Process]:
        """A server as a process of its own, from when it answers at `ready`."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
                command, cwd=ROOT, env={**os.environ, **environment}, stdout=out, stderr=out, start_new_session=True
            )
        try:
            start = perf_counter()
            while not await asyncio.to_thread(_answers, port, ready):
                if process.poll() is not None or perf_counter() - start > PATIENCE:
                    raise DidNotStart(f"{name} does not answer:\n{log.read_text(errors='replace')[-3_000:]}")
                await asyncio.sleep(0.05)
            yield psutil.Process(process.pid)
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, 20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @asynccontextmanager
    async def program(self, module: str, database: str) -> AsyncIterator[Program]:
        """One of ours that is told in lines of JSON what to do."""
        said = {**self._said(database), "SIZE": self.size.name}
        async with program(module, {**os.environ, **said}) as it:
            yield it

    @asynccontextmanager
    async def meritbook(self, database: str = MAIN, **environment: str) -> AsyncIterator[tuple[psutil.Process, int]]:
        """Meritbook itself, as `make serve` runs it."""
        port = self.port()
        said = {**self._said(database), "PORT": str(port), **environment}
        command = [sys.executable, "-m", "cli", "serve"]
        async with self.running(f"meritbook-{port}", command, port=port, environment=said) as process:
            yield process, port

    def _said(self, database: str) -> dict[str, str]:
        return {"DATABASE_URL": self.url(database), "KEYS": str(self.keys), "DATA": str(self.folder)}


def _made_by(size: Size) -> str:
    """What the organisation follows from, in short."""
    what = (size.employees, size.departments, size.assignments, size.won, size.scores)
    source = Path(inspect.getfile(Organisation)).read_text()
    return hashlib.sha256(f"{what} {source}".encode()).hexdigest()[:16]


def _answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2):  # our own
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500  # noqa: PLR2004
    except OSError:
        return False


@contextmanager
def place(size: Size, folder: Path = FOLDER) -> Iterator[Place]:
    here = folder / size.name
    here.mkdir(parents=True, exist_ok=True)
    with Cluster(here / "postgres") as cluster:
        yield Place(size, here, cluster)
