"""What a GraphQL-over-HTTP request is: its media types, its body or its parameters, and how it is refused.

https://graphql.github.io/graphql-over-http/draft/
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from functools import lru_cache, wraps
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import uuid4

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
T = TypeVar("T")

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"

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


TEXT = {str}

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
    return set(map(type, values.values())) <= TEXT


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


# ── Media types ──

LONGEST_REMEMBERED = 500
"""Bytes of a header. Those of clients are shorter, and few; what somebody makes up may be of any length."""


def _remembered(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    known = lru_cache(maxsize=500)(read)

    @wraps(read)
    def remembered(said: bytes) -> T:
        return known(said) if len(said) <= LONGEST_REMEMBERED else read(said)

    return remembered


@_remembered
def is_json(content_type: bytes) -> bool:
    """Whether a body of this type is JSON in UTF-8."""
    kind, parameters = _media_type(content_type.decode("latin-1"))
    return kind == JSON and parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")


@_remembered
def negotiated(accept: bytes) -> str | None:
    """The media type to answer in; None if none will do.

    The highest quality wins; of equals the one that was named, and of those the one that was named first. Who takes
    anything gets application/json.
    """
    if not accept.strip():
        return JSON
    ranges = list(_ranges(accept.decode("latin-1")))
    best: tuple[float, int, int] = (0.0, 0, 0)
    chosen = None
    for kind in (JSON, GRAPHQL):
        fitting = [each for each in ranges if each[2] in (kind, f"{kind.partition('/')[0]}/*", "*/*")]
        if fitting:
            _, place, pattern, quality = max(fitting, key=lambda each: (each[0], -each[1]))
            rank = (quality, 0 if "*" in pattern else 1, -place if "*" not in pattern else 0)
            if quality > 0 and rank > best:
                best, chosen = rank, kind
    return chosen


def _ranges(accept: str) -> Iterator[tuple[int, int, str, float]]:
    """How specific each range is, its place, its pattern and its quality."""
    for place, each in enumerate(accept.split(",")[:50]):
        kind, parameters = _media_type(each)
        if kind and parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8", "*"):
            yield (2 if "*" not in kind else 1 if kind != "*/*" else 0), place, kind, _quality(parameters.get("q", "1"))


def _media_type(said: str) -> tuple[str, dict[str, str]]:
    kind, *rest = said.split(";")
    pairs = (each.partition("=") for each in rest)
    return kind.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _quality(said: str) -> float:
    return float(said) if re.fullmatch(r"0(\.\d{0,3})?|1(\.0{0,3})?", said) else 1.0


# ── The request on the wire ──


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """All lines of a header as one."""
    return b",".join(value for each, value in headers if each == name)


NUMBER = "meritbook.request"
"""Where a scope has the id of its request, if whoever stands around the endpoint has given it one."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")


def request_id(said: bytes) -> str:
    """The client's own, if it is one that can stand in a log; else a new one."""
    return said.decode("ascii") if _REQUEST_ID.fullmatch(said) else uuid4().hex


async def body_of(receive: Receive, length: bytes) -> bytes:
    if length.isdigit() and (len(length) > len(str(LARGEST_BODY)) or int(length) > LARGEST_BODY):
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
