"""What clients ask, counted by request: operations with their latency, statuses, and errors by code.

Stands around the GraphQL endpoint, which knows nothing of it. Each request gets its id here, so that every line of the
log that belongs to it has the id which the client is told.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import getrandbits
from time import perf_counter
from typing import Any

import msgspec
import structlog

import logs
from operations.traces import Tracer
from schema._documents import Document, Documents
from schema._heading import NUMBER, heading, request_id
from schema._http import Receive, Scope, Send
from schema._websocket import OPERATION
from store.meter import Histogram

App = Callable[[Scope, Receive, Send], Awaitable[Any]]

OPERATIONS = 100
"""Operations that are told apart: those that were asked last. The others are one."""

CODES = 100
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
SLOW = 1.0
"""Seconds from which on an operation is told in the log."""

logger = structlog.get_logger(__name__)


class Noticed(Documents):
    """Documents, of which the one that a request asks for can be told afterwards."""

    def get(self, text: str) -> Document:
        found = super().get(text)
        request = logs.REQUEST.get()
        if request is not None and not found.errors:
            request.document = found
        return found


class _Error(msgspec.Struct):
    extensions: dict[str, Any] = {}  # msgspec copies it


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


_decode = msgspec.json.Decoder(_Errors).decode
_is_code = re.compile(r"[A-Z][A-Z0-9_]{0,63}").fullmatch


@dataclass(slots=True)
class Operation:
    """A document that was asked for: the name of its first operation, and the beginning of its SHA-256."""

    name: str
    document: str
    seconds: Histogram = field(default_factory=lambda: Histogram(SECONDS))


@dataclass(eq=False, slots=True)
class Requests:
    """An ASGI application around another."""

    app: App
    tracer: Tracer | None = None
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    under_way: int = 0
    sockets: int = 0
    of_sockets: int = 0
    """Operations that are under way on websockets."""
    operations: OrderedDict[str, Operation] = field(default_factory=OrderedDict)
    others: Operation = field(default_factory=lambda: Operation("", ""))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            self.sockets += 1
            try:
                await self.app({**scope, OPERATION: self.of_socket}, receive, send)
            finally:
                self.sockets -= 1
            return
        said = heading(scope).number
        scope[NUMBER] = number = request_id(said) if said is not None else getrandbits(128).to_bytes(16).hex()
        before = logs.REQUEST.set(request := logs.Request(number))
        self.under_way += 1
        began = perf_counter()
        try:
            if self.tracer is None:
                await self.app(scope, receive, self._counted(send))
            else:
                await self._traced(self.tracer, scope, receive, send, request)
        finally:
            self.under_way -= 1
            self._operation(request.document, perf_counter() - began)
            logs.REQUEST.reset(before)

    async def _traced(self, tracer: Tracer, scope: Scope, receive: Receive, send: Send, request: logs.Request) -> None:
        with tracer.operation(heading(scope).said, request.number) as span:
            await self.app(scope, receive, self._counted(send))
            document: Document | None = request.document
            if document is not None:
                operation = self.operations.get(document.text) or _named(document)
                span.update_name(f"graphql {operation.name}".rstrip())
                span.set_attribute("graphql.document.hash", operation.document)

    @contextmanager
    def of_socket(self, number: str) -> Iterator[Callable[[bytes], None]]:
        """Around an operation on a websocket; whatever it answers, but for what it tells those who follow, is seen."""
        before = logs.REQUEST.set(request := logs.Request(number))
        self.of_sockets += 1
        began = perf_counter()
        try:
            yield self._seen
        finally:
            self.of_sockets -= 1
            document: Document | None = request.document
            if document is not None and not any(each.is_subscription for each in document.operations.values()):
                self._operation(document, perf_counter() - began)
            logs.REQUEST.reset(before)

    def _seen(self, body: bytes) -> None:
        if body[:10] == b'{"errors":':
            self._codes(body)

    def _counted(self, send: Send) -> Send:
        def counted(message: Scope) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                self.statuses[message["status"]] += 1
            else:
                self._seen(message["body"])
            return send(message)

        return counted

    def _codes(self, body: bytes) -> None:
        try:
            errors = _decode(body).errors
        except msgspec.MsgspecError:
            return
        for each in errors:
            code = str(each.extensions.get("code"))
            known = code in self.errors or len(self.errors) < CODES
            self.errors[code if known and _is_code(code) else "OTHER"] += 1

    def _operation(self, document: Document | None, seconds: float) -> None:
        if document is None:
            return
        operation = self.operations.get(document.text)
        if operation is None:
            operation = self.operations[document.text] = _named(document)
            if len(self.operations) > OPERATIONS:
                self._forget(self.operations.popitem(last=False)[1])
        else:
            self.operations.move_to_end(document.text)
        operation.seconds.observe(seconds)
        if seconds > SLOW:
            logger.warning("slow operation", document=operation.document, seconds=round(seconds, 3))

    def _forget(self, operation: Operation) -> None:
        """Its counts go over to the others, so that nothing is lost of the sum."""
        others, gone = self.others.seconds, operation.seconds
        others.counts = [one + other for one, other in zip(others.counts, gone.counts, strict=True)]
        others.total += gone.total


def _named(document: Document) -> Operation:
    name = next(iter(document.operations), None) or ""
    return Operation(name[:60], hashlib.sha256(document.text.encode()).hexdigest()[:12])
