"""The API over the real thing: a log, read models and identities of its own, asked over HTTP, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from inspect import signature
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from domain.employee import Employee
from domain.role import ADMINISTRATOR, PERMISSIONS, Role
from schema._scalars import global_id
from server import SYSTEM, Organisation, app, opened
from settings import Settings
from store.command import Outcome
from store.log import Log
from store.recorded import Origin

EVERYTHING = frozenset(PERMISSIONS)


@dataclass(frozen=True, slots=True)
class Api:
    """Ask as anybody; and let things happen without being asked who may.

    answer = await api(anna, "query ($id: ID!) { employee(id: $id) { name } }", id=gid)
    """

    organisation: Organisation
    http: httpx.AsyncClient

    @property
    def log(self) -> Log:
        return self.organisation.log

    async def __call__(self, who: UUID | None, document: str, /, **variables: Any) -> dict[str, Any]:
        """The answer to the document; `who` is the employee who is signed in, None for nobody."""
        headers = {"authorization": f"Bearer {self.organisation.identity.token(who)}"} if who else {}
        response = await self.http.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    async def data(self, who: UUID | None, document: str, /, **variables: Any) -> Any:
        """What is answered, when nothing is wrong."""
        answer = await self(who, document, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def give(self, who: UUID | None, mutation: str, /, what: str = "", **given: Any) -> Any:
        """The result of one mutation with this input. `what` is asked for of the payload."""
        name = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ __typename"
            f" ... on {name}Payload {{ position {what} }}"
            " ... on Refused { code message path currentVersion } } }"
        )
        return (await self.data(who, document, input=given))[mutation]

    # ── What has happened before ──

    async def run(
        self, kind: type[Any], id: UUID, command: Callable[..., Iterator[Any]], /, *, by: UUID = SYSTEM, **given: Any
    ) -> Outcome:
        if "by" in signature(command).parameters:
            given["by"] = by
        return await self.log.run(kind, id, command, origin=Origin(actor=by), **given)

    async def hire(self, name: str = "Anna Snelling", **given: Any) -> UUID:
        """Somebody who works here since 2016."""
        id = uuid4()
        usual: dict[str, Any] = {
            "number": str(id)[:8],
            "work_email": f"{id.hex}@example.com",
            "title": "Sales agent",
            "effective": date(2016, 1, 1),
            "today": date(2016, 1, 1),
        }
        await self.run(Employee, id, Employee.hire, name=name, **(usual | given))
        return id

    async def permit(self, employee_id: UUID, *permissions: str) -> UUID:
        """Let somebody do this, by a role made for it."""
        role_id = uuid4()
        await self.run(Role, role_id, Role.define, name=f"Role {role_id}")
        for each in permissions:
            await self.run(Role, role_id, Role.grant, permission=each, holder=EVERYTHING)
        await self.run(Role, role_id, Role.bind, employee_id=employee_id, holder=EVERYTHING)
        return role_id

    async def clerk(self, *permissions: str, **given: Any) -> UUID:
        """Somebody who may do just this."""
        id = await self.hire(**given)
        if permissions:
            await self.permit(id, *permissions)
        return id

    async def administrator(self) -> UUID:
        id = await self.hire("Ada Ministrator")
        await self.run(Role, ADMINISTRATOR, Role.establish, administrator=id)
        return id


@asynccontextmanager
async def api_of(database_url: str, folder: Path) -> AsyncIterator[Api]:
    settings = Settings(host="", port=0, database_url=database_url, data=folder, keys=folder / "keys")
    async with opened(settings) as it, http_of(it) as http:
        yield Api(it, http)


@asynccontextmanager
async def http_of(organisation: Organisation) -> AsyncIterator[httpx.AsyncClient]:
    """A server, with what one server process keeps in memory."""
    transport = httpx.ASGITransport(app(organisation))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        yield http


def gid(kind: str, id: UUID) -> str:
    return global_id(kind, id)
