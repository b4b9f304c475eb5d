"""The office of the tests behind both ways of reading, on a database of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from schema._context import Context
from schema._documents import Invalid
from schema._held import reading_pool
from schema._reader import Reader, Viewer
from tests._office import fill, office, rows

SECRET = b"of the tests"
PERMISSIONS = ("budget.view", "email.view", "age.view", "notes.view", "legs.view", "deal.view")


class Everybody:
    """Knows what people may do: here, whatever a test says."""

    def __init__(self) -> None:
        self.permissions: frozenset[str] = frozenset()
        self.version = 0

    async def get(self, id: UUID, *, since: int | None = None) -> tuple[Viewer, int]:
        self.version = max(self.version, since or 0)
        return Viewer(id, self.permissions), self.version


class Office:
    """The office behind both ways of reading."""

    def __init__(self, reader: Reader, everybody: Everybody) -> None:
        self.reader, self.everybody = reader, everybody

    async def fast(self, document: str, variables: dict[str, Any], viewer: UUID) -> Any:
        try:
            operation = self.reader.documents.get(document).operation(None)
            coerced = operation.coerced(self.reader.schema, variables)
        except Invalid:
            return None
        answer = await self.reader.answer(operation, coerced, viewer)
        return None if answer is None else json.loads(answer)

    async def slow(self, document: str, variables: dict[str, Any], viewer: UUID | None) -> Any:
        context = Context(self.reader, log=None)  # type: ignore[arg-type]  # nobody gives a command here
        if viewer is not None:
            context.viewer, context.policy = await self.everybody.get(viewer)
        found = await office.execute(document, variables, context_value=context)
        answer: dict[str, Any] = {"data": found.data}
        if found.errors:
            answer["errors"] = [
                {"path": error.path, "code": (error.extensions or {}).get("code"), "message": error.message}
                for error in found.errors
            ]
        if found.extensions:
            answer["extensions"] = found.extensions
        return answer

    async def ask(self, document: str, viewer: UUID, **variables: Any) -> Any:
        """The answer, which is the same on both ways if the fast one takes it."""
        slow = await self.slow(document, variables, viewer)
        fast = await self.fast(document, variables, viewer)
        assert fast is None or fast == slow
        return slow


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Office]:
    connection = await asyncpg.connect(url)
    await fill(connection, rows())
    await connection.close()
    everybody = Everybody()
    async with await reading_pool(url, size=2) as pool:
        yield Office(Reader(office._schema, pool, everybody, SECRET), everybody)  # noqa: SLF001


@pytest.fixture(scope="module")
def place(loop: asyncio.AbstractEventLoop, server_url: str) -> Iterator[Office]:
    """The office on a database of its own, for all tests of this module: they only read."""
    name = f"office_{uuid4().hex}"

    async def administer(statement: str) -> None:
        connection = await asyncpg.connect(server_url)
        await connection.execute(statement)
        await connection.close()

    loop.run_until_complete(administer(f'CREATE DATABASE "{name}"'))
    manager = opened(_database(server_url, name))
    yield loop.run_until_complete(manager.__aenter__())
    loop.run_until_complete(manager.__aexit__(None, None, None))
    loop.run_until_complete(administer(f'DROP DATABASE "{name}"'))


def _database(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    head, _, query = url.partition("?")
    return head.rpartition("/")[0] + f"/{name}" + (f"?{query}" if query else "")
