"""HTTP: queries that SQL alone answers are answered at once; everything else is Strawberry's."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import strawberry
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from schema._context import Context
from schema._mutation import Log
from schema._reader import Reader
from schema._viewers import POLICY, RoleViewers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
Identify = Callable[[str | None], UUID | None]

LARGEST_BODY = 1_000_000


class View(GraphQL[Context, None]):
    """Strawberry's own view, with our context."""

    def __init__(self, schema: strawberry.Schema, reader: Reader, log: Log, identify: Identify, **options: Any) -> None:
        super().__init__(schema, **options)
        self._reader, self._log, self._identify = reader, log, identify

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        context = Context(self._reader, self._log, request=request)
        id = self._identify(request.headers.get("authorization"))
        if id is not None:
            context.viewer, context.policy = await self._reader.viewer(id)
        return context


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The ASGI application at /graphql."""

    reader: Reader
    view: View
    identify: Identify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"]) if scope["type"] == "http" and scope["method"] == "POST" else {}
        if headers.get(b"content-type", b"").partition(b";")[0].strip() != b"application/json":
            await self.view(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            await _send(send, 413, b'{"errors":[{"message":"The request is too large."}]}')
            return
        answer = await self._answer(body, headers.get(b"authorization"))
        if answer is not None:
            await _send(send, 200, answer)
        else:
            await self.view(scope, _again(body, receive), send)

    async def _answer(self, body: bytes, authorization: bytes | None) -> bytes | None:
        try:
            asked = json.loads(body)
            document, name, variables = asked["query"], asked.get("operationName"), asked.get("variables")
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        viewer = self.identify(authorization.decode("latin-1") if authorization else None)
        if viewer is None or not isinstance(document, str) or not isinstance(variables, dict | None):
            return None
        if not isinstance(name, str | None):
            return None
        return await self.reader.answer(document, name, variables, viewer)


def endpoint(
    schema: strawberry.Schema,
    *,
    pool: asyncpg.Pool[asyncpg.Record],
    log: Log,
    identify: Identify,
    secret: bytes,
    **options: Any,
) -> Endpoint:
    """The API of one organisation. `pool` is a reading pool; `identify` is who an Authorization header stands for;
    `secret` signs cursors; the options are those of Strawberry's view.
    """
    reader = Reader(schema._schema, pool, RoleViewers(pool), secret, POLICY)  # noqa: SLF001
    return Endpoint(reader, View(schema, reader, log, identify, **options), identify)


async def _body(receive: Receive) -> bytes | None:
    """The request's body; None if it is too large."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        chunks = [body]
        while message.get("more_body") and sum(map(len, chunks)) <= LARGEST_BODY:
            message = await receive()
            chunks.append(message.get("body", b""))
        body = b"".join(chunks)
    return body if len(body) <= LARGEST_BODY else None


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was read already, and then whatever comes."""
    first: list[Scope] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Scope:
        return first.pop() if first else await receive()

    return again


async def _send(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
