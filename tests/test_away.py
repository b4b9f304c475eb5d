"""A database of one's own that is not there yet, goes away and comes back; and a stop while everybody is asking."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from store.embedded import Cluster
from store.pool import connect
from tests.conftest import _renamed
from tests.test_killed import Load, everything_is_there_once
from tests.test_server import Start, Started, environment, free_port, run, start
from vault import Vault

__all__ = ["environment", "start"]  # fixtures, for pytest to find


@asynccontextmanager
async def served(environment: dict[str, str], url: str) -> AsyncIterator[Started]:
    """A server that was started and has not said anything yet."""
    port = free_port()
    process = await run("serve", environment | {"PORT": str(port), "DATABASE_URL": url})
    it = Started(process, port, "")
    try:
        await until(lambda: answers(it, "/healthz", 200))
        yield it
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await it.http.aclose()


async def answers(it: Started, path: str, status: int) -> Any:
    """What it says, if that is its status; None otherwise."""
    try:
        response = await it.http.get(path)
    except httpx.TransportError:
        return None
    return response.json() if response.status_code == status else None


async def until(true: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(60):
        while (found := await true()) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found


async def welcome(it: Started) -> str:
    """The token that it prints once it serves."""
    assert it.process.stdout is not None
    said = ""
    async with asyncio.timeout(60):
        while "A token for anybody" not in said:
            line = await it.process.stdout.readline()
            assert line, said
            said += line.decode()
    (token,) = re.findall(r"Bearer (\S+)", said)
    return str(token)


def events(log: bytes) -> list[str]:
    return [json.loads(line)["event"] for line in log.decode().splitlines()]


async def test_a_database_that_is_away_is_waited_for_and_nothing_is_lost(
    cluster: Callable[[], Cluster], environment: dict[str, str], folder: Path
) -> None:
    database = cluster()
    async with served(environment, database.url()) as it:
        # It is not there when the server starts
        assert (await until(lambda: answers(it, "/readyz", 503)))["red"] == ["database"]
        told = await it.http.post("/graphql", json={"query": "{ __typename }"})
        assert (told.status_code, told.headers["retry-after"]) == (503, "1")
        assert told.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        await asyncio.sleep(1.5)
        await asyncio.to_thread(database.start)
        token = await welcome(it)
        await until(lambda: answers(it, "/readyz", 200))

        # It goes and comes back under load
        assert it.http.base_url.port is not None
        load = Load(it.http.base_url.port, token)
        async with load.under_way():
            for _ in range(2):
                await load.progress(200)
                await asyncio.to_thread(database.stop)
                assert "database" in (await until(lambda: answers(it, "/readyz", 503)))["red"]
                await asyncio.sleep(0.5)
                await asyncio.to_thread(database.start)
                await load.progress(200)
                await until(lambda: answers(it, "/readyz", 200))
        assert await it.stop(signal.SIGTERM) == 0
        told_events = events(await it.log)
        assert told_events.count("PostgreSQL does not answer; waiting for it") == 3, told_events
        assert told_events.count("PostgreSQL answers again") == 3, told_events
        assert len(told_events) < 20, told_events
    await everything_is_there_once(database.url(), load, Vault.open(folder / "data/keys"))


async def test_a_database_that_will_never_let_us_in_is_not_waited_for(
    server_url: str, environment: dict[str, str]
) -> None:
    url = _renamed(server_url, "nowhere")
    process = await run("serve", environment | {"PORT": str(free_port()), "DATABASE_URL": url})
    async with asyncio.timeout(60):
        _, error = await process.communicate()
    assert process.returncode == 1
    assert error.decode().splitlines()[-1].startswith("meritbook: DATABASE_URL names no PostgreSQL that lets us in")
    assert "Traceback" not in error.decode()


class Noting(Load):
    """Notes which commands were ever answered."""

    async def _try(self, http: httpx.AsyncClient, given: dict[str, Any]) -> int | None:
        position = await super()._try(http, given)
        if position is not None:
            self.answered.add(UUID(given["commandId"]))
        return position

    def __init__(self, port: int, token: str) -> None:
        super().__init__(port, token)
        self.answered: set[UUID] = set()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_under_load_answers_what_it_took(start: Start, folder: Path, sign: signal.Signals) -> None:
    port = free_port()
    it = await start(port)
    (token,) = re.findall(r"Bearer (\S+)", it.said)
    load = Noting(port, token)
    async with load.under_way():
        await load.progress(300)
        assert await it.stop(sign) == 0
        await asyncio.sleep(0.2)
        answered = set(load.answered)
        with Cluster(folder / "data/postgres") as cluster:
            connection = await connect(cluster.url())
            found = await connection.fetch("SELECT command_id FROM store.commands")
            await connection.close()
        assert {row["command_id"] for row in found} <= answered
        again = await start(port)
        await load.progress(50)
    assert await again.stop(signal.SIGTERM) == 0
    with Cluster(folder / "data/postgres") as cluster:
        await everything_is_there_once(cluster.url(), load, Vault.open(folder / "data/keys"))
