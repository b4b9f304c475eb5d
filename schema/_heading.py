"""What the head of a request says: read once, and known for as long as the same head comes again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from uuid import uuid4

from schema._http import Scope
from schema._media import is_json, negotiated

NUMBER = "meritbook.request"
"""Where a scope has the id of its request, if whoever stands around the endpoint has given it one."""

HEADING = "meritbook.heading"
"""Where a scope has what its head says, if whoever made the scope has read it."""

MOST_DIGITS = 19
"""That are looked at of a length: there is no body that is as long."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")


class Heading:
    """`said`: each header once; `media`: the type to answer in, None if none will do; `number`: the id of the request,
    as the client says it. `is_json`, `is_plain`: whether the body is JSON, and not compressed; `length`: its bytes.
    """

    __slots__ = ("authorization", "is_json", "is_plain", "length", "media", "number", "said")

    def __init__(self, lines: Sequence[tuple[bytes, bytes]]) -> None:
        self.said = said = dict(lines)
        accept = said.get(b"accept", b"") if len(said) == len(lines) else header(lines, b"accept")
        self.media = negotiated(accept)
        authorization = said.get(b"authorization")
        self.authorization = authorization.decode("latin-1") if authorization else None
        self.number = said.get(b"x-request-id")
        self.is_json = is_json(said.get(b"content-type", b""))
        self.is_plain = said.get(b"content-encoding", b"identity").lower() == b"identity"
        length = said.get(b"content-length", b"")[:MOST_DIGITS]
        self.length = int(length) if length.isdigit() else 0


def heading(scope: Scope) -> Heading:
    found: Heading | None = scope.get(HEADING)
    return found or Heading(scope["headers"])


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """All lines of a header as one."""
    return b",".join(value for each, value in headers if each == name)


def request_id(said: bytes) -> str:
    """The client's own, if it is one that can stand in a log; else a new one."""
    return said.decode("ascii") if _REQUEST_ID.fullmatch(said) else uuid4().hex
