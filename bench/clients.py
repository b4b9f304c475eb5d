"""Many clients on HTTP: each sends a request, waits for the answer, and sends the next.

They do as little as can be done, for they share the machine with what they measure.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, cast

from bench.meter import Meter
from bench.rounds import Work

END = b"\r\n\r\n"
LENGTH = b"content-length:"
PATIENCE = 60.0

Next = Callable[[], bytes]
"""The next request, as it goes over the wire."""


class UnexpectedAnswer(Exception):
    """Something else than 200 came back, or an answer without a length."""


def request(path: str, body: Any, headers: Mapping[str, str] | None = None) -> bytes:
    """A POST of JSON as bytes."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: bench",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(payload)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode() + END + payload


class Client(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self, next_request: Next) -> None:
        self.latencies: list[float] = []
        self.answer = b""
        self.stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._next = next_request
        self._until = 0.0
        self._sent = 0.0
        self._received = bytearray()
        self._expected = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def begin(self, until: float) -> None:
        self._until = until
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._sent = perf_counter()
        self._transport.write(self._next())

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        if not self._expected:
            head = received.find(END)
            if head < 0:
                return
            lowered = bytes(received[:head]).lower()
            at = lowered.find(LENGTH)
            if b" 200 " not in lowered[:16] or at < 0:
                self._fail(UnexpectedAnswer(bytes(received[:1_000]).decode(errors="replace")))
                return
            start = at + len(LENGTH)
            end = lowered.find(b"\r", start)
            self._expected = head + len(END) + int(lowered[start : end if end > 0 else None])
            self._head = head + len(END)
        if len(received) >= self._expected:
            now = perf_counter()
            self.latencies.append(now - self._sent)
            if now < self._until:
                received.clear()
                self._expected = 0
                self._send()
            else:
                self.answer = bytes(received[self._head :])
                if not self.stopped.done():
                    self.stopped.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(error or UnexpectedAnswer("The connection was closed."))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _fail(self, error: Exception) -> None:
        if not self.stopped.done():
            self.stopped.set_exception(error)


@dataclass(frozen=True, slots=True)
class Http:
    """A contender behind a port, asked by so many clients."""

    name: str
    port: int
    clients: int
    next_request: Next
    meter: Meter | None = field(default=None)

    async def run(self, seconds: float) -> Work:
        loop = asyncio.get_running_loop()
        connected = [
            await loop.create_connection(lambda: Client(self.next_request), "127.0.0.1", self.port)
            for _ in range(self.clients)
        ]
        clients = [client for _, client in connected]
        start = perf_counter()
        for client in clients:
            client.begin(start + seconds)
        try:
            async with asyncio.timeout(seconds + PATIENCE):
                await asyncio.gather(*(client.stopped for client in clients))
        finally:
            for client in clients:
                client.close()
        latencies = [each for client in clients for each in client.latencies]
        return Work(len(latencies), perf_counter() - start, latencies)


async def ask(port: int, sent: bytes) -> Any:
    """One answer, as JSON."""
    _, client = await asyncio.get_running_loop().create_connection(lambda: Client(lambda: sent), "127.0.0.1", port)
    client.begin(0.0)
    try:
        await asyncio.wait_for(client.stopped, PATIENCE)
    finally:
        client.close()
    return json.loads(client.answer)
