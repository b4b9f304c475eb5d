"""Killed under load: the server, PostgreSQL, and both at once. What was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psutil
import pytest

from projections.departments import departments
from store.embedded import Cluster
from store.pool import pool as open_pool
from store.witness import verify
from tests.test_server import Start, environment, free_port, postmaster, start
from vault import Vault

__all__ = ["environment", "start"]  # fixtures, for pytest to find

CLIENTS = 24
CREATE = """
mutation ($input: CreateDepartmentInput!) {
  createDepartment(input: $input) { ... on CreateDepartmentPayload { position } ... on Refused { code message } }
}
"""


class Load:
    """Clients that create departments, each command until it is acknowledged, again and again with the same id."""

    def __init__(self, port: int, token: str) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.headers = {"authorization": f"Bearer {token}"}
        self.acknowledged: dict[UUID, tuple[str, int]] = {}
        self.again = 0
        self._ending = False

    @asynccontextmanager
    async def under_way(self) -> AsyncIterator[None]:
        async with httpx.AsyncClient(headers=self.headers, timeout=60) as http, asyncio.TaskGroup() as clients:
            for number in range(CLIENTS):
                clients.create_task(self._client(http, number))
            yield
            self._ending = True

    async def _client(self, http: httpx.AsyncClient, number: int) -> None:
        count = 0
        while not self._ending:
            count += 1
            command_id, code = uuid4(), f"D{number}-{count}"
            given = {"commandId": str(command_id), "code": code, "name": code, "effective": "2020-01-01"}
            while (position := await self._try(http, given)) is None:
                self.again += 1
                await asyncio.sleep(0.05)
            self.acknowledged[command_id] = (code, position)

    async def _try(self, http: httpx.AsyncClient, given: dict[str, Any]) -> int | None:
        """The position, if the command is acknowledged."""
        try:
            response = await http.post(self.url, json={"query": CREATE, "variables": {"input": given}})
        except httpx.TransportError:
            return None
        if response.status_code != httpx.codes.OK or not (data := response.json().get("data")):
            return None
        assert "position" in data["createDepartment"], data
        return int(data["createDepartment"]["position"])

    async def progress(self, commands: int) -> None:
        """Wait until so many more are acknowledged."""
        aim = len(self.acknowledged) + commands
        async with asyncio.timeout(60):
            while len(self.acknowledged) < aim:  # noqa: ASYNC110  # simpler than an event for each command
                await asyncio.sleep(0.01)


def kill_postgres(data: Path) -> None:
    """The postmaster and all its backends, none of them asked."""
    main = postmaster(data)
    assert main is not None
    with suppress(psutil.NoSuchProcess):
        for process in [main, *main.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.mark.parametrize("rounds", [["server", "postgres", "both", "server", "postgres"]])
async def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(
    start: Start, folder: Path, rounds: list[str]
) -> None:
    data, port = folder / "data", free_port()
    server = await start(port)
    found = re.search(r"Bearer (\S+)", server.said)
    assert found is not None
    load = Load(port, found[1])
    async with load.under_way():
        for victim in rounds:
            await load.progress(300)
            if victim in ("server", "both"):
                server.process.send_signal(signal.SIGKILL)
                await server.process.wait()
            if victim in ("postgres", "both"):
                kill_postgres(data)
            if victim in ("server", "both"):
                server = await start(port)
        await load.progress(300)
    assert load.again > 0, "nobody was ever interrupted"
    assert await server.stop(signal.SIGTERM) == 0
    with Cluster(data / "postgres") as cluster:
        await everything_is_there_once(cluster.url(), load, Vault.open(data / "keys"))


async def everything_is_there_once(url: str, load: Load, vault: Vault) -> None:
    async with await open_pool(url, size=2) as pool:
        rows = await pool.fetch("SELECT position, command_id FROM store.log ORDER BY position")
        assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
        recorded: dict[UUID, list[int]] = {}
        for row in rows:
            recorded.setdefault(row["command_id"], []).append(row["position"])
        for command_id, (_, position) in load.acknowledged.items():
            assert recorded[command_id] == [position]
        shown = [row["code"] for row in await pool.fetch(f"SELECT code FROM read.{departments.table.name}")]
        assert sorted(shown) == sorted(code for code, _ in load.acknowledged.values())
        verdict = await verify(pool, vault.checkpoints)
        assert (verdict.broken, verdict.size) == (None, len(rows))
