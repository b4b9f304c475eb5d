"""The websockets of a door: who may open one, and how many; and whether those that are open may stay so."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import msgspec

from schema._following import Followers
from schema._heading import header
from schema._http import HttpError, Receive, Scope, Send
from schema._masking import told
from schema._transport_ws import Farewell
from schema._websocket import Socket, error_of

if TYPE_CHECKING:
    from schema._endpoint import Endpoint

LOOK_EVERY = 1.0
"""Seconds between looks whether a token has run out, or a client takes nothing."""


@dataclass(eq=False, slots=True)
class Sockets:
    """The websockets of one door."""

    door: Endpoint
    followers: Followers
    open: set[Socket] = field(default_factory=set)
    _of_viewers: Counter[UUID] = field(default_factory=Counter)
    _of_addresses: Counter[str] = field(default_factory=Counter)
    _watching: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        address = (scope.get("client") or ("",))[0]
        try:
            self._check(scope, address)
        except HttpError as error:
            await _refuse(scope, send, error)
            return
        socket = Socket(self.door, self.followers, self.signed_in, scope, receive, send)
        self._of_addresses[address] += 1
        self.open.add(socket)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="websockets")
        try:
            await socket.live()
        finally:
            self.open.discard(socket)
            _one_less(self._of_addresses, address)
            _one_less(self._of_viewers, socket.viewer)
            if not self.open:
                self._watching.cancel()
                self._watching = None

    def _check(self, scope: Scope, address: str) -> None:
        """Before anything is agreed to. Raises HttpError."""
        origin, host = (header(scope["headers"], name).decode("latin-1") for name in (b"origin", b"host"))
        own = origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower())  # TLS may end before us
        if origin and not own and origin not in self.door.manners.origins:
            raise HttpError(403, "FORBIDDEN_ORIGIN", "Pages of this site may not connect: see ALLOWED_ORIGINS.")
        self.door.paced_address(scope)
        if self._of_addresses[address] >= self.door.manners.address_sockets:
            raise HttpError(429, "RATE_LIMITED", "Too many websockets of this address.")

    def signed_in(self, viewer: UUID) -> None:
        """One more of this employee's. Raises Farewell."""
        if self._of_viewers[viewer] >= self.door.manners.viewer_sockets:
            raise Farewell(4429, "Too many websockets of this employee.")
        self._of_viewers[viewer] += 1

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now = asyncio.get_running_loop().time()
            for each in list(self.open):
                each.look(now)


def _one_less(of: Counter[Any], who: Any) -> None:
    of[who] -= 1
    if of[who] <= 0:
        del of[who]


async def _refuse(scope: Scope, send: Send, error: HttpError) -> None:
    """As an answer over HTTP, where the server can send one."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close"})
        return
    body = msgspec.json.encode({"errors": told([error_of(error)], uuid4().hex)})
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"cache-control", b"no-store")]
    headers += ((name.encode(), value.encode()) for name, value in error.headers.items())
    await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
