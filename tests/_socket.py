"""The API over websockets, on real ones: a server in this process, and a client that speaks the protocol."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any
from uuid import UUID

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from listening import listening_on
from schema._endpoint import Manners
from server import Organisation, app
from tests._api import Api

PROTOCOL = "graphql-transport-ws"
CHANGES = "subscription ($after: String, $where: EventWhere) { changes(after: $after, where: $where) { cursor event {"
FACTS = CHANGES + " position topic data redacted } } }"
POSITIONS = CHANGES + " position } } }"
SOON = 60
"""Seconds within which whatever is to come has come."""


@asynccontextmanager
async def listening_for(application: Any) -> AsyncIterator[str]:
    """Its address, as long as it listens."""
    it = socket.create_server(("127.0.0.1", 0))
    async with listening_on(it) as front:
        front.app = application
        yield f"ws://127.0.0.1:{it.getsockname()[1]}/graphql"


@asynccontextmanager
async def served(organisation: Organisation, **manners: Any) -> AsyncIterator[str]:
    async with listening_for(app(organisation, manners=Manners(**manners))) as url:
        yield url


def bearer(api: Api, who: UUID, **given: Any) -> str:
    return f"Bearer {api.organisation.identity.token(who, **given)}"


async def newest(api: Api, who: UUID) -> str:
    """The cursor of the last fact."""
    found = await api.data(who, "{ events(last: 1) { pageInfo { endCursor } } }")
    cursor: str = found["events"]["pageInfo"]["endCursor"]
    return cursor


class Client:
    """Says whatever it is told to say, and hears whatever comes."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._ids = count(1)

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(SOON):
            found: dict[str, Any] = json.loads(await self.connection.recv())
        return found

    async def greet(self, authorization: str | None = None) -> None:
        payload = {"payload": {"authorization": authorization}} if authorization else {}
        await self.say(type="connection_init", **payload)
        assert await self.hear() == {"type": "connection_ack"}

    async def subscribe(self, query: str, **variables: Any) -> str:
        id = str(next(self._ids))
        await self.say(type="subscribe", id=id, payload={"query": query, "variables": variables})
        return id

    async def changes(self, number: int, *, pause: float = 0.0) -> list[dict[str, Any]]:
        """So many changes, of whichever subscription."""
        found = []
        for _ in range(number):
            said = await self.hear()
            assert said["type"] == "next", said
            assert "errors" not in said["payload"], said
            found.append(said["payload"]["data"]["changes"])
            await asyncio.sleep(pause)
        return found

    async def farewell(self) -> tuple[int, str]:
        """The code and the reason with which the server closes; whatever comes before is not heard."""
        async for _ in self.until_closed():
            pass
        code, reason = self.connection.close_code, self.connection.close_reason
        assert code not in (None, 1006), "The connection broke."
        return code or 0, reason or ""

    async def until_closed(self) -> AsyncIterator[dict[str, Any]]:
        """Whatever is still said."""
        with suppress(ConnectionClosed):
            while True:
                yield await self.hear()


@asynccontextmanager
async def client_of(
    url: str, authorization: str | None = None, *, greeted: bool = True, protocol: str | None = PROTOCOL, **given: Any
) -> AsyncIterator[Client]:
    subprotocols = [Subprotocol(protocol)] if protocol else None
    usual: dict[str, Any] = {"compression": None, "max_queue": None}  # so that what is not heard is not in the way
    async with connect(url, subprotocols=subprotocols, **(usual | given)) as connection:
        client = Client(connection)
        if greeted:
            await client.greet(authorization)
        yield client
