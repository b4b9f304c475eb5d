"""What listens: uvicorn, answering from the first moment on; what is not ready yet says so."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from operations.requests import App
from schema._http import LARGEST_BODY
from schema._wire import Wire
from settings import BadSetting, Settings

PATIENCE = 10
"""Seconds that requests under way are given when the server stops."""
TICKS = 10
"""Of uvicorn's clock, which ticks ten times a second, between two looks for connections that nobody uses."""
FRESH = {"cache-control": "no-store"}


def listen(settings: Settings) -> socket.socket:
    """Take the port before anything else is begun. Raises BadSetting if it can't be had."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise BadSetting(f"Can't listen on HOST {settings.host}, PORT {settings.port}: {error.strerror}.") from error


class Front:
    """What listens. Whatever `app` is at the time, answers."""

    def __init__(self, listening: socket.socket) -> None:
        self.app: App = waiting()
        config = uvicorn.Config(
            self,
            interface="asgi3",
            http=Wire,
            ws=WebSocket,
            ws_max_size=LARGEST_BODY,
            ws_per_message_deflate=False,  # it costs more than what is sent, and memory for each client
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=PATIENCE,
        )
        self._server = Server(config)
        self._serving = asyncio.create_task(self._server.serve([listening]))

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[Any]:
        return self.app(scope, receive, send)

    @property
    def connections(self) -> int:
        return len(self._server.server_state.connections)

    async def ends(self) -> None:
        """Ends when the server does, and not before; cancelling this does not cancel that."""
        await asyncio.shield(self._serving)

    async def stop(self) -> None:
        """Take nothing more, and finish what was taken."""
        self._server.should_exit = True
        await self._serving


@asynccontextmanager
async def listening_on(listening: socket.socket) -> AsyncIterator[Front]:
    """Answer there in the meantime; at first, that nothing is ready."""
    front = Front(listening)
    try:
        yield front
    finally:
        await front.stop()


class WebSocket(WebSocketsSansIOProtocol):
    """Uvicorn's, which would wait for ever for a client that takes nothing: to close, and to be closed."""

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close":
            self.writable.set()
        await super().send(message)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        self.loop.call_later(PATIENCE, self.transport.abort)


class Server(uvicorn.Server):
    """Uvicorn, without its own idea of signals: after the server, the database must be stopped too."""

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS == 0:
            for each in [each for each in self.server_state.connections if isinstance(each, Wire)]:
                each.end_if_idle()
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def waiting() -> Starlette:
    """What is answered as long as there is nothing to serve yet."""

    async def ready(_: Request) -> Response:
        return JSONResponse({"status": "starting", "red": ["database"]}, 503, headers=FRESH)

    async def anything(_: Request) -> Response:
        error = {"message": "The server is starting; try again soon.", "extensions": {"code": "UNAVAILABLE"}}
        return JSONResponse({"errors": [error]}, 503, headers={**FRESH, "retry-after": "1"})

    return Starlette(
        routes=[
            Route("/healthz", healthy),
            Route("/readyz", ready),
            Route("/{path:path}", anything, methods=["GET", "POST"]),
        ]
    )


async def healthy(_: Request) -> Response:
    return JSONResponse({"status": "ok"}, headers=FRESH)
