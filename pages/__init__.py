"""What a browser is shown: GraphiQL, at the address of the API.

The folder `graphiql` beside this file is built by `make graphiql` from the one at the top; what an asset contains shows
in its name. Nothing of it loads anything from elsewhere, and what it may do is said by its content security policy.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Match, Route

from pages._accept import accepts_gzip, prefers_html

BUILT = Path(__file__).parent / "graphiql"
NONCE = "NONCE"
"""Stands in the page for what nobody can know before it is sent."""

POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; font-src 'self';"
    " img-src 'self' data:; style-src 'self'{}; style-src-attr 'unsafe-inline';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The editor writes style sheets, which know the nonce, and the places of its lines as style attributes."""

HEADERS = {
    "content-security-policy": POLICY.format(""),
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Of every answer here: a worker keeps to what its own file says, so assets say it too."""

FOREVER = "public, max-age=31536000, immutable"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
COMPRESSED_ALREADY = (".woff", ".woff2")


def routes(path: str) -> list[BaseRoute]:
    """The page at this path, where the API is too; and its assets below it."""
    return [ForBrowsers(path, show), Route(f"{path}/assets/{{name}}", give)]


class ForBrowsers(Route):
    """Here for those who would rather have HTML than what the API answers with; for all others, not here."""

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, MutableMapping[str, Any]]:
        match, found = super().matches(scope)
        if match is Match.FULL and prefers_html(",".join(Headers(scope=scope).getlist("accept"))):
            return match, found
        return Match.NONE, {}


async def show(_: Request) -> Response:
    """The page itself. It weighs a kilobyte and is never kept: its nonce is good for once."""
    nonce = secrets.token_urlsafe(16)
    policy = POLICY.format(f" 'nonce-{nonce}'")
    headers = HEADERS | {"content-security-policy": policy, "cache-control": "no-store", "vary": "Accept"}
    return HTMLResponse(_page().replace(NONCE, nonce), headers=headers)


async def give(request: Request) -> Response:
    """An asset, for ever the same under its name."""
    asset = _assets().get(request.path_params["name"])
    if asset is None:
        return Response(status_code=404, headers=HEADERS)
    gzipped = asset.gains and accepts_gzip(request.headers.get("accept-encoding", ""))
    tag = f'"{asset.tag}-gzip"' if gzipped else f'"{asset.tag}"'
    headers = HEADERS | {"cache-control": FOREVER, "etag": tag, "vary": "Accept-Encoding"}
    if tag in (each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    headers["content-type"] = asset.type
    if not gzipped:
        return Response(asset.body, headers=headers)
    body = await asyncio.to_thread(lambda: asset.gzipped)
    return Response(body, headers=headers | {"content-encoding": "gzip"})


@dataclass(frozen=True)
class Asset:
    """A file of the page, in memory."""

    body: bytes
    suffix: str

    @property
    def type(self) -> str:
        return TYPES[self.suffix]

    @property
    def gains(self) -> bool:
        """Whether it is much smaller compressed."""
        return self.suffix not in COMPRESSED_ALREADY

    @cached_property
    def gzipped(self) -> bytes:
        return gzip.compress(self.body, mtime=0)

    @cached_property
    def tag(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:20]


@cache
def _page() -> str:
    return (BUILT / "index.html").read_text("utf-8")


@cache
def _assets() -> dict[str, Asset]:
    return {each.name: Asset(each.read_bytes(), each.suffix) for each in (BUILT / "assets").iterdir()}
