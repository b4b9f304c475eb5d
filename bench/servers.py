"""The servers that are asked: ours, and those that it is compared with, each a process of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from bench.agreement import Server
from bench.folder import FOLDER
from bench.organisation import employee_id
from bench.peers import install
from bench.place import Place
from bench.questions import POSTGRAPHILE, STRAWBERRY, Questions
from store.embedded import USER

LETTERS = {
    "A": "one employee, 8 fields",
    "B": "100 employees of a department, 8 fields",
    "C": "50 employees, nested",
    "D": "top 100 of a leaderboard",
    "E": "rank of one employee",
    "F": "a document never seen before",
}
MERITBOOK, ANEW, MANAGER = "Meritbook", "Meritbook, computed anew", "Meritbook, computed anew, as a manager"
BARE, POSTGRAPHILE_5, IDIOMATIC = "Starlette, hand-written SQL", "PostGraphile 5", "Strawberry, DataLoaders"

NOTHING_KEPT = {"ANSWERS_MB": "0"}
"""The setting with which no answer is kept for whoever asks the same next."""


@dataclass(slots=True)
class Servers:
    """Starts them, on one database; they end with the stack."""

    place: Place
    database: str
    questions: Questions
    stack: AsyncExitStack

    async def meritbook(self, *, kept: bool = True) -> list[Server]:
        """As `make serve` runs it; without keeping answers, also asked by a manager."""
        setting = {} if kept else NOTHING_KEPT
        process, port = await self.stack.enter_async_context(self.place.meritbook(self.database, **setting))
        everything, manager = self.place.token(employee_id(0)), self.place.token(employee_id(1))
        asks = {each: self.questions.ours(each, everything) for each in LETTERS}
        if kept:
            return [Server(MERITBOOK, process, port, asks)]
        managers = {each: self.questions.ours(each, manager) for each in "ABCD"}
        return [Server(ANEW, process, port, asks), Server(MANAGER, process, port, managers, manager=True)]

    async def bare(self) -> Server:
        process, port = await self._running("bench.peers.bare", [sys.executable, "-m", "bench.peers.bare"])
        asks = {each: self.questions.bare(each) for each in "ABCDE"}
        asks |= {f"manager/{each}": self.questions.bare(each, "/manager") for each in "ABCD"}
        return Server(BARE, process, port, asks)

    async def idiomatic(self) -> Server:
        process, port = await self._running("bench.peers.idiomatic", [sys.executable, "-m", "bench.peers.idiomatic"])
        return Server(IDIOMATIC, process, port, {each: self.questions.graphql(each, STRAWBERRY) for each in "ABCD"})

    async def postgraphile(self) -> Server:
        """Raises NotInstalled."""
        folder = await asyncio.to_thread(install.postgraphile, FOLDER / "peers")
        command = [str(folder / "node_modules" / ".bin" / "node"), str(folder / "serve.mjs")]
        process, port = await self._running(
            "postgraphile",
            command,
            ready="/graphql",
            PEER_HOST=str(self.place.cluster.socket_folder),
            PEER_USER=USER,
            PEER_DATABASE=self.database,
            NODE_ENV="production",
            GRAPHILE_ENV="production",
        )
        asks = {each: self.questions.graphql(each, POSTGRAPHILE) for each in "ABCDF"}
        return Server(POSTGRAPHILE_5, process, port, asks)

    async def _running(self, name: str, command: list[str], **said: Any) -> tuple[psutil.Process, int]:
        port, ready = self.place.port(), said.pop("ready", "/readyz")
        environment = {
            "DATABASE_URL": self.place.url(self.database),
            "PORT": str(port),
            "RANKED": self.place.size.ranked,
            **said,
        }
        running = self.place.running(name, command, port=port, environment=environment, ready=ready)
        return await self.stack.enter_async_context(running), port


@asynccontextmanager
async def everybody(
    place: Place, database: str, questions: Questions, missing: dict[str, Any]
) -> AsyncIterator[list[Server]]:
    """All of them. Who can't be installed is missing, and why."""
    async with AsyncExitStack() as stack:
        starting = Servers(place, database, questions, stack)
        found = [*await starting.meritbook(), *await starting.meritbook(kept=False)]
        found += [await starting.bare(), await starting.idiomatic()]
        try:
            found.append(await starting.postgraphile())
        except install.NotInstalled as reason:
            missing[POSTGRAPHILE_5] = str(reason)
        yield found
