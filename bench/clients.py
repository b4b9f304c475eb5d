"""Many clients on HTTP: each sends a request, waits for the answer, and sends the next.

They do as little as can be done, for they share the machine with what they measure.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, cast

from bench.meter import Meter
from bench.rounds import Work

END = b"\r\n\r\n"
LENGTH = b"content-length:"
PATIENCE = 60.0

Asked = tuple[bytes, bytes]
"""What is asked about, and the request as it goes over the wire."""


class UnexpectedAnswer(Exception):
    """Something else than 200 came back, an answer without a length, or one with errors in it."""


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


@dataclass(slots=True)
class Tally:
    """How often a server was asked what it had been asked before, and what it was just being asked by another."""

    asked: int = 0
    again: int = 0
    together: int = 0
    _known: set[bytes] = field(default_factory=set)
    _under_way: dict[bytes, int] = field(default_factory=dict)

    def begun(self, what: bytes) -> None:
        self.asked += 1
        if what in self._known:
            self.again += 1
        else:
            self._known.add(what)
        waiting = self._under_way.get(what, 0)
        self.together += waiting > 0
        self._under_way[what] = waiting + 1

    def ended(self, what: bytes) -> None:
        self._under_way[what] -= 1


class Client(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self, questions: Iterator[Asked], tally: Tally) -> None:
        self.latencies: list[float] = []
        self.answer = b""
        self.stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._questions = questions
        self._tally = tally
        self._until = 0.0
        self._sent = 0.0
        self._what = b""
        self._received = bytearray()
        self._expected = 0
        self._head = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def begin(self, until: float) -> None:
        self._until = until
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._what, sent = next(self._questions)
        self._tally.begun(self._what)
        self._sent = perf_counter()
        self._transport.write(sent)

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
            self._head = head + len(END)
            self._expected = self._head + int(lowered[start : end if end > 0 else None])
        if len(received) >= self._expected:
            now = perf_counter()
            self.latencies.append(now - self._sent)
            self._tally.ended(self._what)
            if now < self._until:
                received.clear()
                self._expected = 0
                self._send()
            else:
                self._end(bytes(received[self._head :]))

    def _end(self, answer: bytes) -> None:
        """Each client's last answer is looked at: under load, too, there must be no mistake in it."""
        self.answer = answer
        if b'"errors":' in answer:
            self._fail(UnexpectedAnswer(answer.decode(errors="replace")))
        elif not self.stopped.done():
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
    questions: Iterator[Asked]
    meter: Meter | None = field(default=None)
    tally: Tally = field(default_factory=Tally)

    async def run(self, seconds: float) -> Work:
        loop = asyncio.get_running_loop()
        connected = [
            await loop.create_connection(lambda: Client(self.questions, self.tally), "127.0.0.1", self.port)
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
        seconds = perf_counter() - start
        return Work.of((each for client in clients for each in client.latencies), seconds)


@dataclass(frozen=True, slots=True)
class Amid:
    """Another contender, while commands are given to the same server: so many a second, from a few clients."""

    name: str
    reads: Http
    commands: Callable[[], bytes]
    a_second: int
    took: list[float] = field(default_factory=list)
    """How long each command took."""
    seconds: list[float] = field(default_factory=list)
    """How long each round."""
    CLIENTS = 5

    @property
    def meter(self) -> Meter | None:
        return self.reads.meter

    async def run(self, seconds: float) -> Work:
        async with asyncio.TaskGroup() as beside:
            givers = [beside.create_task(self._give(n)) for n in range(self.CLIENTS)]
            work = await self.reads.run(seconds)
            for giver in givers:
                giver.cancel()
        self.seconds.append(work.seconds)
        return work

    @property
    def rate(self) -> float:
        """Commands a second that were recorded."""
        return len(self.took) / sum(self.seconds) if self.seconds else 0.0

    async def _give(self, n: int) -> None:
        every = self.CLIENTS / self.a_second
        loop = asyncio.get_running_loop()
        due = loop.time() + every * n / self.CLIENTS
        while True:
            await asyncio.sleep(due - loop.time())
            begun = perf_counter()
            answer = await ask(self.reads.port, self.commands())
            if "errors" in answer or "Refused" in str(answer):
                raise UnexpectedAnswer(str(answer))
            self.took.append(perf_counter() - begun)
            due = max(due + every, loop.time())


async def ask(port: int, sent: bytes) -> Any:
    """One answer, as JSON."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(iter([(b"", sent)]), Tally()), "127.0.0.1", port)
    client.begin(0.0)
    try:
        async with asyncio.timeout(PATIENCE):  # `wait_for` of Python 3.11 can lose a cancellation
            await client.stopped
    finally:
        client.close()
    return json.loads(client.answer)
