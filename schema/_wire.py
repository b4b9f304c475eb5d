"""HTTP with one client: uvicorn's, which does less for requests as nearly all are.

A whole answer is written at once, its lines are checked once and not each time, and one look a second ends the
connections that nobody uses, instead of a timer for each request. Whatever is unusual is done as uvicorn does it.

What uvicorn leaves to a proxy is bounded here, too: how long what stands before a body may be, and how long a request
may take to arrive.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

LONGEST_HEAD = 64_000
"""Bytes of a request before its body, within what is received at once."""

ARRIVES_WITHIN = 60.0
"""Seconds from the first byte of a request to its last."""

START = "http.response.start"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
UNUSUAL = frozenset((b"expect", b"upgrade", b"x-forwarded-for", b"x-forwarded-proto"))
"""Headers of requests that uvicorn has something to do with."""

DECISIVE = frozenset((b"connection", b"transfer-encoding"))
"""Headers of answers of which the same is true."""

_is_path = re.compile(rb"/[\w/.-]*").fullmatch
_is_name = re.compile(rb"[a-z][a-z0-9-]*").fullmatch
_is_value = re.compile(rb"[\t\x20-\x7e\x80-\xff]*").fullmatch


@lru_cache(maxsize=1_000)
def line(name: bytes, value: bytes) -> bytes | None:
    """A header as it is sent; None if that is for uvicorn to say."""
    if _is_name(name) and _is_value(value) and name not in DECISIVE:
        return b"%s: %s\r\n" % (name, value)
    return None


def head(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """What stands before a body; None if that is for uvicorn to say."""
    lines = [line(*each) for each in headers]
    return None if None in lines else b"".join((STATUS_LINE[status], *lines, b"\r\n"))  # type: ignore[arg-type]


class Wire(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self._usual = True
        self._idle_since: float | None = self.loop.time()
        self._arriving_since: float | None = None
        self._head: int | None = 0
        """How much there is of what stands before a body; None when that is all there."""

    def end_if_idle(self) -> None:
        """Called now and then: for too long, nothing was asked for, or a request does not arrive."""
        now = self.loop.time()
        idle, arriving = self._idle_since or now, self._arriving_since or now
        if now - idle > self.timeout_keep_alive or now - arriving > ARRIVES_WITHIN:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        if self._arriving_since is None:
            self._arriving_since = self.loop.time()
        super().data_received(data)
        if self._head is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > LONGEST_HEAD:
                self._refuse()

    def _refuse(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(TOO_LONG)
        self.transport.close()

    def on_message_begin(self) -> None:
        self.url, self.headers, self.expect_100_continue, self._usual = b"", [], False, True
        self._arriving_since, self._head = self.loop.time(), 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._arriving_since = None

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is None:
            return  # after a body: nobody here reads those
        name = name.lower()
        if name in UNUSUAL:
            self._usual = False
            super().on_header(name, value)
        else:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._head = None
        parser, url, headers = self.parser, self.url, self.headers
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy or not self._usual or parser.get_http_version() != "1.1" or not _is_path(url):
            expected = self.expect_100_continue
            super().on_message_begin()
            self.url, self.headers[:], self.expect_100_continue = url, headers, expected
            super().on_headers_complete()
            return
        self.scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,  # type: ignore[typeddict-item]
            "method": parser.get_method().decode("ascii"),
            "root_path": self.root_path,
            "path": url.decode("ascii"),
            "raw_path": url,
            "query_string": b"",
            "headers": headers,
            "state": self.app_state.copy(),
        }
        self.cycle = Cycle(self, keep_alive=parser.should_keep_alive())
        self._start_asgi_task(self.cycle, self.config.app)  # type: ignore[arg-type]  # not what others' headers need

    def on_response_complete(self) -> None:
        if self.pipeline:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._idle_since = self.loop.time()


class Cycle(RequestResponseCycle):
    """One request and its answer."""

    access_log = disconnected = waiting_for_100_continue = response_started = response_complete = False
    more_body = True
    chunked_encoding = None
    expected_content_length = 0
    _start: Any = None

    def __init__(self, wire: Wire, *, keep_alive: bool) -> None:
        """As uvicorn's, of which nothing is called: most of what it sets is what it is at first."""
        self.scope, self.transport, self.flow, self.logger = wire.scope, wire.transport, wire.flow, wire.logger
        self.default_headers, self.on_response = wire.server_state.default_headers, wire.on_response_complete
        self.message_event, self.body, self.keep_alive = asyncio.Event(), bytearray(), keep_alive

    async def receive(self) -> Any:
        if self.more_body or self.disconnected or self.response_complete or not self.message_event.is_set():
            return await super().receive()
        self.message_event.clear()
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
        headers = start.get("headers", ())
        if self.scope["method"] == "HEAD" or (b"content-length", b"%d" % len(body)) not in headers:
            return False
        before = head(start["status"], (*self.default_headers, *headers))
        if before is None:
            return False
        self.response_started = self.response_complete = True
        self.transport.write(before + body)
        self.message_event.set()
        self.on_response()
        return True
