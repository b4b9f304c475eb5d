"""The front door alone: the whole API with nobody signed in, so that no database is needed behind it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from schema import schema
from schema._documents import Documents
from schema._endpoint import Endpoint, Manners, endpoint

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
ID = "query ($id: ID!) { employee(id: $id) { id } }"


def door(**manners: Any) -> Endpoint:
    api = schema()
    nothing: Any = None
    graph = api._schema  # noqa: SLF001
    return endpoint(
        api,
        pool=nothing,
        log=nothing,
        identify=lambda _: None,
        secret=b"",
        documents=Documents(graph, production=manners.get("production", False)),
        manners=Manners(**manners),
    )


class Caller:
    """Calls at the door. What comes back is checked to be what every answer must be."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def __call__(self, method: str = "POST", **request: Any) -> httpx.Response:
        response = await self.http.request(method, "/graphql", **request)
        checked(response)
        return response

    async def ask(self, document: str | None, *, accept: str = GRAPHQL, **body: Any) -> httpx.Response:
        asked = {"query": document, **body} if document is not None else body
        return await self(json=asked, headers={"accept": accept})

    async def error(self, document: str | None, **body: Any) -> dict[str, Any]:
        """The first error of an answer that has no data."""
        response = await self.ask(document, **body)
        assert response.status_code == 400, response.text
        found: dict[str, Any] = response.json()["errors"][0]
        return found


def checked(response: httpx.Response) -> None:
    """Whatever was sent: no crash, GraphQL's form, a code and the request's number on every error, safe headers."""
    assert response.status_code < 500, response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-request-id"]
    if not response.content:
        assert response.status_code == 204 or response.request.method == "HEAD"
        return
    assert response.headers["content-type"] in (f"{JSON}; charset=utf-8", f"{GRAPHQL}; charset=utf-8")
    answer = json.loads(response.content.decode("utf-8"))
    assert answer.keys() <= {"data", "errors", "extensions"}
    assert "data" in answer or answer["errors"]
    for error in answer.get("errors", ()):
        assert error["message"]
        assert error["extensions"]["code"] not in ("", "INTERNAL")
        assert error["extensions"]["requestId"] == response.headers["x-request-id"]


@asynccontextmanager
async def calling(app: Any) -> AsyncIterator[Caller]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as http:
        yield Caller(http)
