"""Whatever comes through the door, by whichever wire: an answer in GraphQL's form, and never a crash."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st

from schema import schema
from schema._heading import request_id
from schema._media import is_json, negotiated
from tests._door import GRAPHQL, JSON, calling, checked, door

DOOR = door()
SETTINGS = settings(max_examples=150)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
TYPES = sorted(schema()._schema.type_map)  # noqa: SLF001
NAMES = [*TYPES, "employees", "employee", "viewer", "nodes", "where", "first", "on"]
PIECES = st.sampled_from(
    ["{", "}", "(", ")", ":", "!", "[", "]", "$a", "...", "@skip(if: true)", '"x"', '"""y"""', "1", "-1.5e9", "true",
     "null", "query", "mutation", "fragment", "on", "\ufeff", "#c\n", "\\", "\x00", "é", "&", "|", "=", *NAMES[::8]]
)  # fmt: skip
DOCUMENTS = st.lists(PIECES, max_size=30).map(" ".join) | st.text(max_size=60)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "query": DOCUMENTS | VALUES,
        "variables": st.dictionaries(st.sampled_from(["a", "id", "w"]), VALUES, max_size=3) | VALUES,
        "operationName": st.text(max_size=5) | VALUES,
        "extensions": VALUES,
        "documentId": st.text(max_size=5) | VALUES,
    },
)
KINDS = [JSON, JSON, JSON, "text/plain", "application/json;charset=x", "multipart/form-data", "{"]
HEADERS = st.fixed_dictionaries(
    {"content-type": st.sampled_from(KINDS)},
    optional={
        "accept": st.sampled_from([GRAPHQL, JSON, "*/*", "text/html", "a/b;q=x,,;", f"{GRAPHQL};q=0.1,{JSON};q=0.2"]),
        "x-request-id": st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=70),
        "authorization": st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30),
    },
)  # fmt: skip


async def _send(method: str, **request: Any) -> None:
    async with calling(DOOR) as call:
        await call(method, **request)


@SETTINGS
@given(body=st.binary(max_size=100) | REQUESTS.map(lambda it: json.dumps(it).encode()), headers=HEADERS)
def test_any_body_is_answered(body: bytes, headers: dict[str, str]) -> None:
    encoded = {name: value.strip().encode("latin-1") for name, value in headers.items()}
    asyncio.run(_send("POST", content=body, headers=encoded))


@SETTINGS
@given(given_=st.dictionaries(st.sampled_from(["query", "variables", "extensions", "documentId", "x"]), DOCUMENTS))
def test_any_parameters_are_answered(given_: dict[str, str]) -> None:
    asyncio.run(_send("GET", params=given_))


@given(raw=st.binary(max_size=80))
def test_any_header_is_read(raw: bytes) -> None:
    assert negotiated(raw) in (JSON, GRAPHQL, None)
    assert is_json(raw) in (True, False)
    assert 1 <= len(request_id(raw)) <= 64


# ── On the wire ──


@pytest.fixture(scope="module")
def wire() -> Any:
    """A port at which the door is, on a real socket."""
    config = uvicorn.Config(DOOR, port=0, log_config=None, lifespan="off", http="httptools", ws="websockets-sansio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


POST = b"POST /graphql HTTP/1.1"


def _said(*lines: bytes) -> bytes:
    closing = () if any(line.startswith(b"connection:") for line in lines) else (b"connection: close",)
    return b"\r\n".join([*lines, b"host: a", *closing, b"", b""])


async def _raw(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    writer.write_eof()
    async with asyncio.timeout(60):
        found = await reader.read()
    writer.close()
    return found


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (_said(b"GET /graphql?query=%FF HTTP/1.1"), 400),
        (_said(b"GET /graphql?query=\xff HTTP/1.1"), 400),
        (_said(POST, b"content-type: application/json", b"content-length: 99999999999999999999"), 400),
        (_said(POST, b"content-type: application/json", b"content-length: 2000000"), 413),
        (_said(POST, b"content-length: 0"), 415),
        (_said(POST, b"accept: text/html", b"accept: " + GRAPHQL.encode(), b"content-type: application/json",
               b"content-length: 2") + b"{}", 400),
        (_said(b"GET /graphql HTTP/1.1", b"upgrade: websocket", b"connection: upgrade", b"sec-websocket-version: 13",
               b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", b"sec-websocket-protocol: graphql-transport-ws"), 101),
        (_said(b"GET /graphql HTTP/1.1", b"upgrade: websocket", b"connection: upgrade", b"sec-websocket-version: 13",
               b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", b"origin: https://evil.example"), 403),
    ],
)  # fmt: skip
async def test_the_wire_is_answered(wire: int, sent: bytes, status: int) -> None:
    answer = await _raw(wire, sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:300]


async def test_a_body_that_is_broken_off_is_nobodys(wire: int) -> None:
    await _raw(
        wire, b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{wire}", timeout=60) as http:
        response = await http.post("/graphql", json={"query": "{ __typename }"})
        checked(response)
        assert response.json()["data"] == {"__typename": "Query"}
