"""The server as a whole: started, asked, killed, stopped."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from store.embedded import Cluster
from tests._socket import POSITIONS, client_of

ROOT = Path(__file__).parent.parent
Start = Callable[..., Awaitable["Started"]]


class Started:
    def __init__(self, process: Process, port: int, said: str) -> None:
        assert process.stderr is not None
        self.process = process
        self.log = asyncio.create_task(process.stderr.read())  # so that it never waits for somebody to read it
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60)
        self.said = said

    async def stop(self, sign: signal.Signals) -> int:
        self.process.send_signal(sign)
        async with asyncio.timeout(60):
            return await self.process.wait()


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    free = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "KEYS")}
    return free | {"DATA": str(folder / "data")}


@pytest.fixture
async def start(folder: Path, environment: dict[str, str]) -> AsyncIterator[Start]:
    running: list[Started] = []

    async def begin(port: int | None = None) -> Started:
        port = port or free_port()
        process = await run("serve", environment | {"PORT": str(port)})
        assert process.stdout is not None
        assert process.stderr is not None
        said = ""
        async with asyncio.timeout(60):
            while "A token for anybody" not in said:
                line = await process.stdout.readline()
                assert line, said + (await process.stderr.read()).decode()
                said += line.decode()
        running.append(Started(process, port, said))
        return running[-1]

    yield begin
    for each in running:
        with suppress(ProcessLookupError):
            each.process.kill()
        await each.process.wait()
        await each.log
        await each.http.aclose()
    if (folder / "data").exists():
        it = Cluster(folder / "data/postgres")
        it.start()
        it.stop()


async def run(command: str, environment: dict[str, str], *args: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", command, *args, cwd=ROOT, env=environment, stdout=PIPE, stderr=PIPE
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as it:
        return int(it.getsockname()[1])


def postmaster(data: Path) -> psutil.Process | None:
    """The one that runs. What a killed one leaves behind, or another is just writing, names nobody."""
    try:
        return psutil.Process(int((data / "postgres/cluster/postmaster.pid").read_text().splitlines()[0]))
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return None


async def another(database: psutil.Process, it: Started, folder: Path) -> None:
    """Wait until another one runs in its place, and all is well."""
    async with asyncio.timeout(60):
        while postmaster(folder / "data") in (None, database) or (await it.http.get("/readyz")).status_code != 200:
            assert (await it.http.get("/healthz")).status_code == 200
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_it_stops_cleanly_and_takes_the_database_along(start: Start, folder: Path, sign: signal.Signals) -> None:
    it = await start()
    assert (await it.http.get("/healthz")).json() == {"status": "ok"}
    assert (await it.http.get("/readyz")).json()["status"] == "ready"
    assert postmaster(folder / "data") is not None

    assert await it.stop(sign) == 0
    assert postmaster(folder / "data") is None


async def test_only_the_first_start_appoints_somebody(start: Start, environment: dict[str, str]) -> None:
    first = await start()
    assert re.search(r"Authorization: Bearer \S+", first.said)
    assert (await (await run("token", environment, "1")).communicate())[0].count(b".") == 2
    await first.stop(signal.SIGTERM)

    second = await start()
    assert "Bearer" not in second.said


async def test_the_first_administrator_signs_in_and_nobody_sees_anything_else(start: Start) -> None:
    it = await start()
    (token,) = re.findall(r"Authorization: (Bearer \S+)", it.said)

    async def ask(document: str, **headers: str) -> Any:
        return (await it.http.post("/graphql", json={"query": document}, headers=headers)).json()

    viewer = "{ viewer { employee { number } } }"
    assert (await ask(viewer, authorization=token))["data"] == {"viewer": {"employee": {"number": "1"}}}
    for nobody in ({}, {"authorization": f"{token}x"}):
        assert (await ask("{ __typename }", **nobody))["data"] == {"__typename": "Query"}
        assert "UNAUTHENTICATED" in str(await ask(viewer, **nobody))


async def test_what_was_recorded_is_verified(start: Start, environment: dict[str, str]) -> None:
    it = await start()
    position = (await it.http.get("/readyz")).json()["position"]
    said, _ = await (await run("verify", environment)).communicate()
    assert said.decode().startswith(f"{position} facts are as they were recorded; ")


async def test_a_killed_server_starts_again_where_it_was(start: Start) -> None:
    killed = await start()
    before = (await killed.http.get("/readyz")).json()["position"]
    await killed.stop(signal.SIGKILL)
    after = await start()
    assert (await after.http.get("/readyz")).json()["position"] == before


async def test_a_killed_database_comes_back_while_the_server_runs(start: Start, folder: Path) -> None:
    it = await start()
    database = postmaster(folder / "data")
    assert database is not None
    database.kill()
    await another(database, it, folder)
    assert await it.stop(signal.SIGTERM) == 0


async def test_two_servers_share_a_database_until_the_last_one_leaves(start: Start, folder: Path) -> None:
    one, other = await asyncio.gather(start(), start())
    await one.stop(signal.SIGTERM)
    assert (await other.http.get("/readyz")).status_code == 200
    await other.stop(signal.SIGTERM)
    assert postmaster(folder / "data") is None


async def test_what_only_the_operator_can_mend_is_told_in_a_line(start: Start, environment: dict[str, str]) -> None:
    async def told(**settings: str) -> str:
        process = await run("serve", environment | settings)
        async with asyncio.timeout(60):
            _, error = await process.communicate()
        assert process.returncode == 1
        return error.decode()

    assert await told(PORT="abc") == "meritbook: PORT must be a number from 1 to 65535, not 'abc'.\n"
    assert (await told(DATABASE_URL="mysql://127.0.0.1/none")).startswith("meritbook: DATABASE_URL must begin")
    it = await start()
    taken = await told(PORT=str(it.http.base_url.port))
    assert taken.startswith("meritbook: Can't listen on")
    assert taken.count("\n") == 1
    await it.stop(signal.SIGTERM)
    other_keys = await told(KEYS=environment["DATA"] + "/other", PORT=str(free_port()))
    assert "are not those that this database was written with" in other_keys


DEFINE = "mutation ($name: String!) { defineRole(input: { name: $name }) { __typename } }"


async def define(server: Started, token: str, *numbers: int) -> None:
    """Let something happen for each number."""
    for n in numbers:
        asked = {"query": DEFINE, "variables": {"name": f"Role {n}"}}
        answer = await server.http.post("/graphql", json=asked, headers={"authorization": token})
        assert answer.json()["data"]["defineRole"]["__typename"] == "DefineRolePayload"


async def test_who_follows_goes_on_at_a_server_that_was_killed_and_started_again(start: Start) -> None:
    it = await start()
    port = it.http.base_url.port
    (token,) = re.findall(r"Authorization: (Bearer \S+)", it.said)
    told: list[Any] = []

    async def hear(number: int) -> None:
        async with client_of(f"ws://127.0.0.1:{port}/graphql", token) as client:
            await client.subscribe(POSITIONS, **({"after": told[-1]["cursor"]} if told else {}))
            told.extend(await client.changes(number))

    hearing = asyncio.create_task(hear(3))
    n = 0
    while not hearing.done():
        await define(it, token, n)
        n += 1
    await define(it, token, *range(n, n + 5))
    await it.stop(signal.SIGKILL)

    again = await start(port)
    await define(again, token, *range(n + 5, n + 10))
    last = (await again.http.get("/readyz")).json()["position"]
    await hear(last - told[-1]["event"]["position"])
    positions = [each["event"]["position"] for each in told]
    assert positions == list(range(positions[0], last + 1))
    async with client_of(f"ws://127.0.0.1:{port}/graphql", token) as client:
        await client.subscribe(POSITIONS)
        assert await again.stop(signal.SIGTERM) == 0
        assert (await client.farewell())[0] == 1012


async def test_who_follows_hears_on_when_a_killed_database_is_back(start: Start, folder: Path) -> None:
    it = await start()
    (token,) = re.findall(r"Authorization: (Bearer \S+)", it.said)
    async with client_of(f"ws://127.0.0.1:{it.http.base_url.port}/graphql", token) as client:
        await client.subscribe(POSITIONS)
        hearing = asyncio.create_task(client.changes(1))
        n = 0
        while not hearing.done():
            await define(it, token, n)
            n += 1
        (first,) = await hearing
        database = postmaster(folder / "data")
        assert database is not None
        database.kill()
        await another(database, it, folder)
        await define(it, token, n, n + 1)
        last = (await it.http.get("/readyz")).json()["position"]
        rest = await client.changes(last - first["event"]["position"])
        assert [each["event"]["position"] for each in rest] == list(range(first["event"]["position"] + 1, last + 1))
