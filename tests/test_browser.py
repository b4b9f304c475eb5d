"""The page for browsers: who gets it, how it is kept, what it may do, and that its examples are true.

In a real browser it is looked at by `make browser-test`.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from graphql import build_schema, parse, validate
from httpx import ASGITransport, AsyncClient, Response

from pages import BUILT
from pages._accept import prefers_html
from schema import schema
from schema._endpoint import Manners
from server import app
from tests._api import Api

SOURCES = BUILT.parents[1] / "graphiql"
EXAMPLES = sorted((SOURCES / "src/examples").glob("*.graphql"))
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def read(example: Path) -> tuple[str, dict[str, Any]]:
    """The operation, and its variables."""
    given = example.with_suffix(".json")
    return example.read_text("utf-8"), json.loads(given.read_text("utf-8")) if given.exists() else {}


async def page(api: Api) -> Response:
    return await api.http.get("/graphql", headers={"accept": BROWSER})


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("Text/HTML; charset=utf-8, application/json;q=0.9", True),
        ("text/html, application/json", True),
        ("application/json, text/html", False),
        ("text/html;q=0.8, application/graphql-response+json", False),
        ("text/html;q=0, */*", False),
        ("text/html;q=much", False),
        ("application/graphql-response+json, application/json;q=0.9", False),
        ("text/*", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_the_page_is_for_those_who_would_rather_have_html(accept: str, html: bool) -> None:  # noqa: FBT001
    assert prefers_html(accept) is html


async def test_a_browser_gets_the_page_and_everybody_else_the_api(api: Api) -> None:
    assert (await page(api)).headers["content-type"] == "text/html; charset=utf-8"
    assert (await api.http.head("/graphql", headers={"accept": BROWSER})).status_code == 200
    several = [("accept", "text/html"), ("accept", "application/json;q=0.5")]
    assert (await api.http.get("/graphql", headers=several)).headers["content-type"] == "text/html; charset=utf-8"
    query, answer = "{ __typename }", {"__typename": "Query"}
    for accept in ("*/*", "application/json"):
        got = await api.http.get("/graphql", params={"query": query}, headers={"accept": accept})
        assert got.json()["data"] == answer
    posted = await api.http.post("/graphql", json={"query": query}, headers={"accept": BROWSER})
    assert posted.json()["data"] == answer


async def test_in_production_there_is_no_page(api: Api) -> None:
    transport = ASGITransport(app(api.organisation, manners=Manners(production=True)))
    async with AsyncClient(transport=transport, base_url="http://api") as http:
        assert (await http.get("/graphql", headers={"accept": "text/html"})).status_code == 406
        assert (await http.get(f"/graphql/assets/{next((BUILT / 'assets').iterdir()).name}")).status_code == 404


async def test_the_page_may_load_and_reach_nothing_but_what_is_ours(api: Api) -> None:
    got = await page(api)
    said = [each.split() for each in got.headers["content-security-policy"].split(";")]
    policy = {name: sources for name, *sources in said}
    (nonce,) = re.findall(r'nonce="([\w-]{20,})"', got.text)
    assert policy.pop("default-src") == ["'none'"]
    assert policy.pop("style-src") == ["'self'", f"'nonce-{nonce}'"]
    assert policy.pop("style-src-attr") == ["'unsafe-inline'"]
    assert policy.pop("img-src") == ["'self'", "data:"]
    assert set(map(tuple, policy.values())) == {("'self'",), ("'none'",)}
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["referrer-policy"] == "no-referrer"


async def test_a_page_is_never_kept_for_its_nonce_is_good_for_once(api: Api) -> None:
    one, other = await page(api), await page(api)
    assert one.headers["cache-control"] == "no-store"
    assert one.headers["vary"] == "Accept"
    assert one.text != other.text


async def test_assets_are_kept_for_ever_and_known_again(api: Api) -> None:
    names = re.findall(r'(?:src|href)="(graphql/assets/[^"]+)"', (await page(api)).text)
    assert {Path(name).suffix for name in names} == {".js", ".css", ".svg"}
    for path in (urljoin("/graphql", name) for name in names):
        plain = await api.http.get(path, headers={"accept-encoding": "identity"})
        small = await api.http.get(path, headers={"accept-encoding": "gzip, br"})
        assert plain.content == small.content == (BUILT / "assets" / Path(path).name).read_bytes()
        assert small.headers["content-encoding"] == "gzip"
        assert int(small.headers["content-length"]) < int(plain.headers["content-length"]) + 50
        assert plain.headers["etag"] != small.headers["etag"]
        for got in (plain, small):
            assert got.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert got.headers["x-content-type-options"] == "nosniff"
            assert got.headers["content-security-policy"].startswith("default-src 'none'")
            headers = {"if-none-match": f'"other", W/{got.headers["etag"]}'}
            if encoding := got.headers.get("content-encoding"):
                headers["accept-encoding"] = encoding
            again = await api.http.get(path, headers={"accept-encoding": "identity"} | headers)
            assert (again.status_code, again.content) == (304, b"")


async def test_every_asset_has_a_type(api: Api) -> None:
    for each in (BUILT / "assets").iterdir():
        got = await api.http.head(f"/graphql/assets/{each.name}")
        assert (got.status_code, bool(got.headers["content-type"])) == (200, True)
        assert re.search(r"-[\w-]{8}\.\w+$", each.name), "its name says what it contains"


@pytest.mark.parametrize("name", ["none.js", "..%2findex.html", "%2e%2e/index.html", "..%5c__init__.py", "%00"])
async def test_nothing_but_assets_is_given_away(api: Api, name: str) -> None:
    assert (await api.http.get(f"/graphql/assets/{name}")).status_code == 404


def test_nothing_is_loaded_from_elsewhere() -> None:
    for each in [BUILT / "index.html", *(BUILT / "assets").glob("*.css")]:
        assert not re.findall(r"""(?:url\(|src=|href=|@import)\s*["']?(?:https?:)?//""", each.read_text("utf-8"))


def test_the_page_is_built_from_the_sources_that_are_here() -> None:
    around = ("index.html", "package-lock.json", "package.json", "vite.config.js")
    files = [*(SOURCES / "src").rglob("*.*"), *(SOURCES / each for each in around)]
    digest = hashlib.sha256()
    for name, file in sorted((each.relative_to(SOURCES).as_posix(), each) for each in files):
        digest.update(f"{name}\n".encode() + file.read_bytes())
    assert (BUILT / "sources.sha256").read_text().strip() == digest.hexdigest(), "run `make graphiql`"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.stem)
def test_an_example_says_what_it_shows_and_is_valid(example: Path) -> None:
    document, _ = read(example)
    assert re.match(r"(# .{1,60}\n){2,}\n", document)
    assert validate(build_schema(schema().as_str()), parse(document)) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.stem)
async def test_an_example_is_answered(api: Api, example: Path) -> None:
    document, variables = read(example)
    await api.data(await api.administrator(), document, **variables)
