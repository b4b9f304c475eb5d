"""One request and its answer: uvicorn's, which writes a whole answer at once and checks its lines once."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from schema._head import head

START = "http.response.start"


class Cycle(RequestResponseCycle):
    """One request and its answer."""

    access_log = disconnected = waiting_for_100_continue = response_started = response_complete = False
    more_body = True
    chunked_encoding = None
    expected_content_length = 0
    _start: Any = None
    _is_read = False
    _event: asyncio.Event | None = None

    def __init__(self, wire: HttpToolsProtocol, scope: Any, *, keep_alive: bool) -> None:
        """As uvicorn's, of which nothing is called: most of what it sets is what it is at first."""
        self.scope, self.transport, self.flow, self.logger = scope, wire.transport, wire.flow, wire.logger
        self.default_headers, self.on_response = wire.server_state.default_headers, wire.on_response_complete
        self.body, self.keep_alive = bytearray(), keep_alive

    @property
    def message_event(self) -> asyncio.Event:  # type: ignore[override]
        """Made for whoever waits for it."""
        if self._event is None:
            self._event = asyncio.Event()
        return self._event

    async def receive(self) -> Any:
        if self._is_read or self.more_body or self.disconnected or self.response_complete:
            message = await super().receive()
            self._is_read = not message.get("more_body")
            return message
        self._is_read = True
        if self._event is not None:
            self._event.clear()
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Any) -> None:
        """The beginning of an answer waits for its body: if that is all of it, both are sent at once."""
        if message["type"] == START and not self.response_started:
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if self._sent_whole(start, message):
                return
            await super().send(start)
        await super().send(message)

    def _sent_whole(self, start: Any, message: Any) -> bool:
        body = message.get("body", b"")
        if message.get("more_body") or self.disconnected or self.flow.write_paused or not self.keep_alive:
            return False
        if self.scope["method"] == "HEAD":
            return False
        before = head(start["status"], self.default_headers, start.get("headers", ()), len(body))
        if before is None:
            return False
        self.response_started = self.response_complete = True
        self.transport.write(before + body)
        if self._event is not None:
            self._event.set()
        self.on_response()
        return True
