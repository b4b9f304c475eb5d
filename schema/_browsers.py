"""What browsers may do for the pages of other sites: ask, if the site is one that may; and read the answer, if so.

A browser asks first, except for what any page could always send. Nothing of that is taken from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from schema._heading import Heading
from schema._http import METHODS

PREFLIGHT = b"graphql-require-preflight"
"""A header that no page of another site can send without being asked about first; its value is of no importance."""

SIGNS = (b"cookie", b"origin", b"referer", b"sec-fetch-site")
"""Headers that browsers add by themselves."""


def may_be_of_another_site(says: Heading) -> bool:
    """Whether a browser may send this for a page of another site, which it has not asked us about.

    Old browsers, and all browsers where there is no TLS, do not say of which site the page is.
    """
    headers = says.said
    asked = b"authorization" in headers or PREFLIGHT in headers or says.is_json
    if asked or headers.get(b"sec-fetch-site") in (b"same-origin", b"none"):
        return False
    return headers.get(b"user-agent", b"").startswith(b"Mozilla/") or any(sign in headers for sign in SIGNS)


def preflight(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """What is told to a browser that asks first."""
    if b"access-control-request-method" not in headers:
        return {}
    return {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": f"authorization, content-type, x-request-id, {PREFLIGHT.decode()}",
        "access-control-max-age": "600",
    }


def shared_with(origin: bytes | None, origins: frozenset[str]) -> Iterable[tuple[bytes, bytes]]:
    """Which site's pages may read the answer."""
    yield b"vary", b"origin"
    if origin is not None and origin.decode("latin-1") in origins:
        yield b"access-control-allow-origin", origin
        yield b"access-control-expose-headers", b"x-request-id, retry-after"
