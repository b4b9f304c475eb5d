"""What a GraphQL-over-HTTP request asks: its body or its parameters, and how it is refused.

https://graphql.github.io/graphql-over-http/draft/
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]

LARGEST_BODY = 1_000_000
"""Bytes."""

MOST_PARAMETERS = 20
DEEPEST_VARIABLES = 16
MOST_VALUES = 2_000
"""Values among the variables, those within lists and objects counted."""

METHODS = "GET, HEAD, POST, OPTIONS"


class HttpError(Exception):
    """A request that is not answered by GraphQL: a status, and one error for the client."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Disconnected(Exception):
    """The client went away before it had said everything."""


class Request(msgspec.Struct, frozen=True):
    """What is asked: a document or the id of a trusted one, which of its operations, and with which variables."""

    query: str | None = None
    operation_name: str | None = msgspec.field(name="operationName", default=None)
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None
    document_id: str | None = msgspec.field(name="documentId", default=None)


_DECODER = msgspec.json.Decoder(Request)
_OBJECT = msgspec.json.Decoder(dict[str, Any])


# ── What is asked ──


def from_body(body: bytes) -> Request:
    try:
        request = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise HttpError(400, "BAD_REQUEST", f"This is not what a request looks like: {_where(error)}") from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise HttpError(400, "BAD_REQUEST", "The body is not JSON, in UTF-8.") from None
    return _checked(request)


def from_parameters(raw: bytes) -> Request:
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw), errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )  # fmt: skip
    except ValueError:
        raise HttpError(400, "BAD_REQUEST", "The parameters are not URL-encoded UTF-8.") from None
    given = dict(pairs)
    if len(given) < len(pairs):
        raise HttpError(400, "BAD_REQUEST", "A parameter is given twice.")
    variables, extensions = (_object(given, name) for name in ("variables", "extensions"))
    text = {name: given.get(name) or None for name in ("query", "operationName", "documentId")}
    return _checked(Request(text["query"], text["operationName"], variables, extensions, text["documentId"]))


def _object(given: Mapping[str, str], name: str) -> dict[str, Any] | None:
    said = given.get(name, "")
    try:
        return None if said in ("", "null") else _OBJECT.decode(said)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise HttpError(400, "BAD_REQUEST", f"The parameter {name} is not a JSON object.") from None


def _checked(request: Request) -> Request:
    if request.query is None and request.document_id is None:
        raise HttpError(400, "BAD_REQUEST", "There is no query, and no documentId.")
    if request.query and request.document_id is not None:
        raise HttpError(400, "BAD_REQUEST", "Send either query or documentId, not both.")
    if request.variables:
        _check_values(request.variables)
    return request


def all_text(values: Mapping[str, Any]) -> bool:
    for each in values.values():  # noqa: SIM110 - nearly always there is one, or a few
        if type(each) is not str:
            return False
    return True


def _check_values(variables: Mapping[str, Any]) -> None:
    """Not too deep, not too many, and nothing that is not text."""
    if all_text(variables) and len(variables) <= MOST_VALUES and "\x00" not in "".join(variables.values()):
        return
    level: list[Any] = [variables]
    values = 0
    for _ in range(DEEPEST_VARIABLES):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
            elif isinstance(each, str) and "\x00" in each:
                raise HttpError(400, "BAD_USER_INPUT", "Text can't contain the character NUL.")
        if not inner:
            return
        values += len(inner)
        if values > MOST_VALUES:
            raise HttpError(400, "BAD_USER_INPUT", f"There are more than {MOST_VALUES} values among the variables.")
        level = inner
    raise HttpError(400, "BAD_USER_INPUT", f"The variables are nested more than {DEEPEST_VARIABLES} deep.")


def _where(error: msgspec.ValidationError) -> str:
    """Which member is of the wrong type; never its value."""
    found = re.search(r"at `\$\.(query|operationName|variables|extensions|documentId)\b", str(error))
    return f"{found[1]} is of another type." if found else "it is an object with a query; numbers are of usual size."


async def body_of(receive: Receive, length: int) -> bytes:
    """All of it; as far as is said, it has so many bytes."""
    if length > LARGEST_BODY:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body: bytes = message.get("body", b"")
        size += len(body)
        if size > LARGEST_BODY:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join((*chunks, body)) if chunks else body
        chunks.append(body)


def _too_large() -> HttpError:
    return HttpError(413, "TOO_LARGE", f"A request has at most {LARGEST_BODY} bytes.", connection="close")
