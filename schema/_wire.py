"""HTTP with one client: uvicorn's, which does less for requests as nearly all are.

A head that comes again as it came before is not read again, and one look a second ends the connections that nobody
uses, instead of a timer for each request. Whatever is unusual is done as uvicorn does it.

What uvicorn leaves to a proxy is bounded here, too: how long what stands before a body may be, and how long a request
may take to arrive.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from schema._cycle import Cycle
from schema._heading import HEADING, Heading

LONGEST_HEAD = 64_000
"""Bytes of a request before its body, within what is received at once."""

LONGEST_KNOWN, MOST_LINES = 2_000, 50
"""Bytes and headers of a head that is remembered, as long as the connection is open."""

MOST_KNOWN = 4
"""Heads that are remembered of one connection, each for requests of another length."""

ARRIVES_WITHIN = 60.0
"""Seconds from the first byte of a request to its last."""

TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
UNUSUAL = frozenset((b"expect", b"upgrade", b"x-forwarded-for", b"x-forwarded-proto"))
"""Headers of requests that uvicorn has something to do with."""

_is_path = re.compile(rb"/[\w/.-]*").fullmatch


class Known(NamedTuple):
    """A head that has come, and may come again as it came; and what it says."""

    head: bytes
    scope: Any


class Wire(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self._usual = True
        self._idle_since: float | None = self.loop.time()
        self._arriving_since: float | None = None
        self._head: int | None = 0
        """How much there is of what stands before a body; None when that is all there."""
        self._known: dict[int, Known] = {}
        """By the length of whole requests."""

    def end_if_idle(self) -> None:
        """Called now and then: for too long, nothing was asked for, or a request does not arrive."""
        now = self.loop.time()
        idle, arriving = self._idle_since or now, self._arriving_since or now
        if now - idle > self.timeout_keep_alive or now - arriving > ARRIVES_WITHIN:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        known, is_next = self._known.get(len(data)), self._arriving_since is None and not self._is_busy()
        if known is not None and is_next and data.startswith(known.head):
            scope = {**known.scope, "state": self.app_state.copy()}
            self.cycle = cycle = Cycle(self, scope, keep_alive=True)
            cycle.body, cycle.more_body = data[len(known.head) :], False  # type: ignore[assignment]
            self._start_asgi_task(cycle, self.config.app)  # type: ignore[arg-type]
            return
        if self._arriving_since is None:
            self._arriving_since = self.loop.time()
        before = self.cycle
        super().data_received(data)
        if self._head is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > LONGEST_HEAD:
                self._refuse()
        if is_next and self.cycle is not before and isinstance(self.cycle, Cycle):
            self._learn(self.cycle, data)

    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _learn(self, cycle: Cycle, data: bytes) -> None:
        """If this request is all that has come, the next one that begins alike means the same."""
        length = data.find(b"\r\n\r\n", 0, LONGEST_KNOWN) + 4
        whole = self._arriving_since is None and length + len(cycle.body) == len(data)
        if whole and cycle.keep_alive and len(self.headers) <= MOST_LINES and not self.transport.is_closing():
            self._known.pop(len(data), None)
            if len(self._known) == MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[len(data)] = Known(data[:length], cycle.scope.copy())

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
        if self._is_busy() or not self._usual or parser.get_http_version() != "1.1" or not _is_path(url):
            expected = self.expect_100_continue
            super().on_message_begin()
            self.url, self.headers[:], self.expect_100_continue = url, headers, expected
            super().on_headers_complete()
            return
        scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": parser.get_method().decode("ascii"),
            "root_path": self.root_path,
            "path": url.decode("ascii"),
            "raw_path": url,
            "query_string": b"",
            "headers": headers,
            "state": self.app_state.copy(),
            HEADING: Heading(headers),
        }
        self.cycle = Cycle(self, scope, keep_alive=parser.should_keep_alive())
        self._start_asgi_task(self.cycle, self.config.app)  # type: ignore[arg-type]  # not what others' headers need

    def on_response_complete(self) -> None:
        if self.pipeline:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._idle_since = self.loop.time()
