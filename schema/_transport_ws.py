"""The protocol graphql-transport-ws: its messages, read and written.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md

A frame that is not of the protocol closes the socket, with a code that says why.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from schema._http import HttpError, Request, from_body

PROTOCOL = "graphql-transport-ws"
LONGEST_ID = 128
LONGEST_REASON = 123
"""Bytes that a websocket has for the reason why it is closed."""

ACKNOWLEDGED = '{"type":"connection_ack"}'


class Farewell(Exception):
    """The socket is closed, with this code and for this reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason.encode()[:LONGEST_REASON].decode(errors="ignore")


# ── What the client says; all of it raises Farewell ──


class Message(msgspec.Struct):
    type: Literal["connection_init", "ping", "pong", "subscribe", "complete"]
    id: str | None = None
    payload: msgspec.Raw = msgspec.Raw(b"null")


class Init(msgspec.Struct):
    """What comes with `connection_init`: who asks, in either spelling."""

    authorization: str | None = None
    Authorization: str | None = None


_message = msgspec.json.Decoder(Message).decode
_init = msgspec.json.Decoder(Init | None).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode


def message(text: str | None) -> Message:
    if text is None:
        raise _bad("send text.")
    said: Message = _read(_message, text, "an object with a `type` of the protocol, and an `id` that is text.")
    return said


def init_of(said: Message) -> Init:
    return _read(_init, said.payload, "the payload must be an object; `authorization` is text.") or Init()


def object_of(said: Message) -> dict[str, msgspec.Raw] | None:
    """What comes with a ping or a pong, if anything does."""
    found: dict[str, msgspec.Raw] | None = _read(_object, said.payload, "the payload must be an object.")
    return found


def id_of(said: Message) -> str:
    if not said.id or len(said.id) > LONGEST_ID:
        raise _bad(f"the id must have 1 to {LONGEST_ID} characters.")
    return said.id


def request_of(payload: bytes) -> Request:
    """What is asked for. What is a request, but not one that is answered, raises HttpError."""
    try:
        return from_body(payload)
    except HttpError as error:
        if error.code == "BAD_REQUEST":
            raise _bad(f"in the payload. {error}") from None
        raise


def _read(decode: Callable[[Any], Any], said: Any, what: str) -> Any:
    try:
        return decode(said)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise _bad(what) from None


def _bad(what: str) -> Farewell:
    return Farewell(4400, f"Invalid message: {what}")


# ── What the client is told ──


def pong(ping: Message) -> str:
    with_it = "" if object_of(ping) is None else f',"payload":{bytes(ping.payload).decode()}'
    return f'{{"type":"pong"{with_it}}}'


def before_next(id: str) -> str:
    """What comes before each answer to this operation; after it comes a brace."""
    return f'{{"id":{json.dumps(id)},"type":"next","payload":'


def error(id: str, errors: bytes) -> str:
    return f'{{"id":{json.dumps(id)},"type":"error","payload":{errors.decode()}}}'


def complete(id: str) -> str:
    return f'{{"id":{json.dumps(id)},"type":"complete"}}'
