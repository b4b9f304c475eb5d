"""What stands before the body of an answer, as it is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

DECISIVE = frozenset((b"connection", b"transfer-encoding"))
"""Headers that decide how an answer is sent, which is for uvicorn to do."""

_is_name = re.compile(rb"[a-z][a-z0-9-]*").fullmatch
_is_value = re.compile(rb"[\t\x20-\x7e\x80-\xff]*").fullmatch

Pairs = Iterable[tuple[bytes, bytes]]


class Headers:
    """Those of a usual answer, with its length, as lines: most are the same for all. Read, they are pairs.

    The lines in `before` are well-formed, and so is the number.
    """

    __slots__ = ("length", "lines")

    def __init__(self, before: bytes, number: str, length: int) -> None:
        self.length = length
        self.lines = b"%bx-request-id: %b\r\ncontent-length: %d\r\n" % (before, number.encode(), length)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        for each in self.lines.split(b"\r\n")[:-1]:
            name, _, value = each.partition(b": ")
            yield name, value


@lru_cache(maxsize=1_000)
def line(name: bytes, value: bytes) -> bytes | None:
    """A header as it is sent; None if that is for uvicorn to say."""
    if _is_name(name) and _is_value(value) and name not in DECISIVE:
        return b"%b: %b\r\n" % (name, value)
    return None


def lines(headers: Pairs) -> bytes | None:
    """The same, of several."""
    if not headers:
        return b""
    found = [line(*each) for each in headers]
    return None if None in found else b"".join(found)  # type: ignore[arg-type]


def head(status: int, usual: Pairs, headers: Headers | Pairs, length: int) -> bytes | None:
    """All that stands before a body of this length; None if that is for uvicorn to say. `usual` are on every answer."""
    before = lines(usual)
    if isinstance(headers, Headers):
        own = headers.lines if headers.length == length else None
    else:
        own = lines(headers) if (b"content-length", b"%d" % length) in headers else None
    return None if before is None or own is None else b"%b%b%b\r\n" % (STATUS_LINE[status], before, own)
