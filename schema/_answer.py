"""What is sent: GraphQL's answer as JSON, its status and its headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from graphql import GraphQLError

from schema._head import Headers, Pairs, lines
from schema._http import HttpError
from schema._masking import told
from schema._media import GRAPHQL, JSON

SECURITY = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
TYPES = {each: (b"content-type", f"{each}; charset=utf-8".encode()) for each in (JSON, GRAPHQL)}
USUAL = {each: lines((*SECURITY, type_)) or b"" for each, type_ in TYPES.items()}
"""By the type of an answer: the headers of all with which nothing is the matter."""

STATUS = {"TIMEOUT": 504, "UNAVAILABLE": 503, "INTERNAL": 500}


class Answer(NamedTuple):
    """A body without `headers` has those of its type alone."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] | None = None


def headers_of(answer: Answer, media: str, number: str, beside: Pairs = ()) -> Headers | Pairs:
    """Those of an answer in this media type to the request of this number; `beside` are others."""
    if answer.body and not answer.headers and (own := lines(beside)) is not None:
        return Headers(USUAL[media] + own, number, len(answer.body))
    headers = [*SECURITY, (b"x-request-id", number.encode()), *beside]
    if answer.body:
        headers += (TYPES[media], (b"content-length", b"%d" % len(answer.body)))
    if answer.headers:
        headers += ((name.encode(), value.encode()) for name, value in answer.headers.items())
    return headers


def refusal(error: HttpError, number: str) -> Answer:
    wrong = GraphQLError(str(error), extensions={"code": error.code})
    return Answer(_json({"errors": told([wrong], number)}), error.status, error.headers)


def body_with(data: bytes, errors: list[dict[str, Any]], denied: list[dict[str, Any]], cost: int) -> bytes:
    """An answer as JSON, around what was found."""
    extensions = {"denied": denied, "cost": cost} if denied else {"cost": cost}
    head = b'{"errors":%b,' % _json(errors) if errors else b"{"
    return b'%b"data":%b,"extensions":%b}' % (head, data, _json(extensions))


_json = msgspec.json.encode
