"""Media types: what a body is said to be, and in which an answer is wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"

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
