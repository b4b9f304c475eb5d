"""Several statements in one round trip: sent together, each carried out after the one before it.

asyncpg sends a statement and waits for its answer. A commit is some fifteen statements, none of which needs the answer
of another, and all of them while the log's head is locked: waiting for each would take longer than PostgreSQL works.
So this speaks PostgreSQL's protocol itself, over a connection that asyncpg has made and that is idle: Parse, Bind and
Execute for each statement, then one Sync. If one goes wrong, PostgreSQL leaves out those after it.

Values are sent as text. What JSON writes is what PostgreSQL reads, but for braces, backslashes and bytes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

import msgspec
from asyncpg import ConnectionDoesNotExistError, PostgresError

Row = list[bytes | None]
"""Values as PostgreSQL writes them."""

EXECUTE = b"E\0\0\0\x09\0\0\0\0\0"
SYNC = b"S\0\0\0\x04"

_long, _short = Struct("!i").pack, Struct("!H").pack
_json = msgspec.json.Encoder().encode


# ── What is sent ──


def parse(name: bytes, sql: str) -> bytes:
    """Prepare a statement under a name; PostgreSQL finds out the types of its parameters."""
    return _message(b"P", name + b"\0" + sql.encode() + b"\0\0\0")


def execute(name: bytes, arguments: Sequence[Any]) -> bytes:
    """Carry out a prepared statement with these arguments."""
    parts = [b"\0", name, b"\0\0\0", _short(len(arguments))]
    for argument in arguments:
        said = text(argument)
        parts += (b"\xff\xff\xff\xff",) if said is None else (_long(len(said)), said)
    parts.append(b"\0\0")
    return _message(b"B", b"".join(parts)) + EXECUTE


def text(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it: null, a scalar, or scalars as an array."""
    match value:
        case list() | tuple():
            return _array(value)
        case None:
            return None
        case str():
            return value.encode()
        case bytes():
            return b"\\x" + value.hex().encode()
        case _:
            return _json(value).strip(b'"')


def _array(values: Sequence[Any]) -> bytes:
    first = None
    for first in values:
        if first is not None:
            break
    if type(first) is bytes:
        listed = ["null" if value is None else f'"\\\\x{value.hex()}"' for value in values]
        return f"{{{','.join(listed)}}}".encode()
    said = _json(values)
    if b"\\" in said:  # JSON has escapes that PostgreSQL does not know
        said = f"[{','.join('null' if value is None else _quoted(value) for value in values)}]".encode()
    return b"{%b}" % said[1:-1]


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + _long(len(body) + 4) + body


# ── What is answered ──


@dataclass(eq=False, slots=True)
class Bundle:
    """Statements that were sent together: `rows` of each, how many were newly `prepared`, and when `all` is answered.

    `all` ends with the first error, if there is one.
    """

    rows: list[list[Row]] = field(default_factory=lambda: [[]])
    prepared: int = 0
    error: Exception | None = None
    all: asyncio.Future[None] = field(default_factory=asyncio.Future)

    def end(self) -> None:
        if self.all.done():
            return  # nobody waits any more
        if self.error is None:
            self.all.set_result(None)
        else:
            self.all.set_exception(self.error)


class Answers(asyncio.Protocol):
    """Takes the place of asyncpg's protocol until all bundles are answered, each after the one before it.

    What PostgreSQL says unasked in the meantime is for nobody: who listens does so on another connection.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._bundles: deque[Bundle] = deque()
        self._received = b""
        self._transport = transport
        self._usual: Any = transport.get_protocol()
        transport.set_protocol(self)

    @classmethod
    def on(cls, transport: asyncio.Transport) -> Answers:
        """Who takes the answers there."""
        there = transport.get_protocol()
        return there if isinstance(there, cls) else cls(transport)

    def expect(self) -> Bundle:
        """The answers to what is sent next."""
        self._bundles.append(bundle := Bundle())
        return bundle

    def data_received(self, data: bytes) -> None:
        received, at = self._received + data, 0
        while self._bundles and len(received) >= at + 5:
            end = at + 1 + int.from_bytes(received[at + 1 : at + 5])
            if len(received) < end:
                break
            self._take(received[at : at + 1], received[at + 5 : end])
            at = end
        self._received = received[at:]
        if not self._bundles:
            self._transport.set_protocol(self._usual)
            if self._received:  # said unasked, after the answers; there may be more to come of it
                self._usual.data_received(self._received)

    def _take(self, kind: bytes, body: bytes) -> None:
        bundle = self._bundles[0]
        match kind:
            case b"1":
                bundle.prepared += 1
            case b"D":
                bundle.rows[-1].append(_row(body))
            case b"C":
                bundle.rows.append([])
            case b"E":
                bundle.error = bundle.error or _error(body)
            case b"Z":
                self._bundles.popleft().end()

    def connection_lost(self, error: Exception | None) -> None:
        self._usual.connection_lost(error)
        while self._bundles:
            bundle = self._bundles.popleft()
            lost = ConnectionDoesNotExistError("The connection was closed before all was answered.")
            bundle.error = bundle.error or lost
            bundle.end()

    def pause_writing(self) -> None:
        self._usual.pause_writing()

    def resume_writing(self) -> None:
        self._usual.resume_writing()


def _row(body: bytes) -> Row:
    values: Row = []
    at = 2
    for _ in range(int.from_bytes(body[:2])):
        length = int.from_bytes(body[at : at + 4], signed=True)
        at += 4
        values.append(None if length < 0 else body[at : at + length])
        at += max(length, 0)
    return values


def _error(body: bytes) -> PostgresError:
    fields = [field.decode(errors="replace") for field in body.split(b"\0") if field]
    error: PostgresError = PostgresError.new({field[0]: field[1:] for field in fields})
    return error
