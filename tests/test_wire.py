"""HTTP with one client, on real connections: as uvicorn does it, whatever is asked and however."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

import listening
from schema import _wire
from schema._head import Headers, head, line
from schema._heading import HEADING
from schema._http import Receive, Scope, Send
from schema._wire import Wire
from tests._socket import listening_for

END = b"\r\n\r\n"
BODY = b"0123456789" * 10


class App:
    """Answers with what it was asked; `scopes` are those that it saw."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.parts = 1
        self.waits = self.marks = False
        self.marked: list[bool] = []
        self.waiting, self.left = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if self.marks:
            self.marked.append("mark" in scope or "mark" in scope["state"])
            scope["mark"] = scope["state"]["mark"] = True
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        if self.waits:
            self.waiting.set()
            assert await receive() == {"type": "http.disconnect"}
            self.left.set()
            return
        body = body or BODY
        length = [(b"content-length", b"%d" % len(body))] if self.parts == 1 else []
        await send({"type": "http.response.start", "status": 200, "headers": [*self.headers, *length]})
        for n in range(self.parts):
            part = body[n * len(body) // self.parts : (n + 1) * len(body) // self.parts]
            await send({"type": "http.response.body", "body": part, "more_body": n < self.parts - 1})


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
async def port(app: App) -> AsyncIterator[int]:
    async with listening_for(app) as address:
        yield int(address.rpartition(":")[2].partition("/")[0])


async def told(port: int, *said: bytes) -> bytes:
    """All that comes until the server closes; what is said last asks for that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for each in said:
            writer.write(each)
            await writer.drain()
            await asyncio.sleep(0.01)
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


def post(body: bytes, *headers: str, path: str = "/a", method: str = "POST", version: str = "1.1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: here", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + END + body


CLOSE = post(b"last", "Connection: close")


async def test_one_after_the_other_on_one_connection(port: int) -> None:
    answers = await told(port, post(b"first"), post(b"second"), CLOSE)
    assert [each.partition(b"HTTP/")[0] for each in answers.split(END)[1:]] == [b"first", b"second", b"last"]
    assert answers.count(b"HTTP/1.1 200 OK\r\ndate: ") == 3


async def test_all_at_once_they_are_answered_in_their_order(port: int) -> None:
    answers = await told(port, post(b"first") + post(b"second") + CLOSE)
    assert [each.partition(b"HTTP/")[0] for each in answers.split(END)[1:]] == [b"first", b"second", b"last"]


@pytest.mark.parametrize("seed", range(5))
async def test_heads_that_come_again_mean_what_they_meant(app: App, port: int, seed: int) -> None:
    dice = random.Random(seed)
    bodies = [dice.choice((b"abc", b"\r\n\r\n", b"POST /a HTTP/1.1\r\n\r\n", b"longer than others")) for _ in range(40)]
    said = [post(each, *dice.choice(((), ("X-A: b",), ("Accept: */*", "X-A: c")))) for each in bodies]
    parts: list[bytes] = []
    for each in said:
        at = dice.randrange(1, len(each))
        parts += dice.choice(([each], [each], [each[:at], each[at:]], [b"\r\n", each]))
    while len(parts) > 30:
        at = dice.randrange(1, len(parts))
        parts[at - 1 : at + 1] = [parts[at - 1] + parts[at]]
    answers = await told(port, *parts, CLOSE)
    found = re.split(rb"HTTP/1.1 200 OK\r\n(?:.+\r\n)+\r\n", answers)
    assert found == [b"", *bodies, b"last"]
    assert [each["headers"] for each in app.scopes[:-1]] == [
        [
            (name.lower().encode(), value.encode())
            for name, _, value in (line.partition(": ") for line in each.split(END)[0].decode().split("\r\n")[1:])
        ]
        for each in said
    ]


async def test_what_was_said_of_one_request_is_not_said_of_the_next(app: App, port: int) -> None:
    app.marks = True
    await told(port, post(b"first"), post(b"again"), post(b"third"), CLOSE)
    assert app.marked == [False] * 4
    assert app.scopes[1][HEADING] is app.scopes[2][HEADING]


@pytest.mark.parametrize("headers", [["X-A: b"] * 60, ["X-A: " + "b" * 2_000]])
async def test_a_long_head_is_read_each_time(app: App, port: int, headers: list[str]) -> None:
    await told(port, post(b"first", *headers), post(b"again", *headers), CLOSE)
    assert app.scopes[0]["headers"] == app.scopes[1]["headers"]
    assert app.scopes[0][HEADING] is not app.scopes[1][HEADING]


async def test_a_head_whose_lines_end_otherwise_is_refused(app: App, port: int) -> None:
    assert (await told(port, post(b"a").replace(b"\r\n", b"\n"))).startswith(b"HTTP/1.1 400")
    assert not app.scopes


async def test_a_request_in_many_parts_is_one(port: int) -> None:
    whole = post(b"a body in parts")
    answers = await told(port, *(whole[n : n + 20] for n in range(0, len(whole), 20)), CLOSE)
    assert b"\r\n\r\na body in partsHTTP/1.1 200" in answers


async def test_an_answer_in_parts_is_sent_in_parts(app: App, port: int) -> None:
    app.parts = 3
    answers = await told(port, CLOSE)
    assert b"transfer-encoding: chunked" in answers
    assert answers.endswith(b"1\r\nl\r\n1\r\na\r\n2\r\nst\r\n0\r\n\r\n")


async def test_of_an_answer_to_head_only_the_head_is_sent(port: int) -> None:
    answers = await told(port, post(b"", method="HEAD"), post(b"last", "Connection: close", method="HEAD"))
    assert answers.count(b"HTTP/1.1 200") == 2
    assert BODY not in answers


async def test_who_speaks_an_older_http_is_answered_and_the_connection_closed(port: int) -> None:
    answers = await told(port, post(b"old", version="1.0"))
    assert answers.endswith(b"connection: close\r\n\r\nold")


async def test_the_application_hears_what_was_asked(app: App, port: int) -> None:
    await told(port, post(b"", path="/a/b-c.d"), post(b"", path="/a%20b?c=d%20e"), CLOSE)
    seen = [(each["method"], each["path"], each["raw_path"], each["query_string"]) for each in app.scopes[:2]]
    assert seen == [("POST", "/a/b-c.d", b"/a/b-c.d", b""), ("POST", "/a b", b"/a%20b", b"c=d%20e")]
    assert app.scopes[0]["headers"] == [(b"host", b"here"), (b"content-length", b"0")]
    assert app.scopes[0].keys() - {HEADING} == app.scopes[1].keys()


async def test_the_address_is_whom_a_proxy_on_this_machine_asks_for(app: App, port: int) -> None:
    await told(port, post(b""), post(b"", "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"), CLOSE)
    assert [(each["client"][0], each["scheme"]) for each in app.scopes] == [
        ("127.0.0.1", "http"),
        ("203.0.113.7", "https"),
        ("127.0.0.1", "http"),
    ]


async def test_who_waits_to_be_told_to_go_on_is_told(port: int) -> None:
    whole = post(b"a body", "Expect: 100-continue", "Connection: close")
    head, body = whole[: -len(b"a body")], b"a body"
    answers = await told(port, head, body)
    assert answers.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")


async def test_what_is_no_http_is_refused(port: int) -> None:
    assert (await told(port, b"nonsense" + END)).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("header", [(b"x-a", b"one\r\nx-b: two"), (b"x-a\r\n", b"one"), (b"x-a", b"nul\x00")])
async def test_a_header_that_would_be_two_is_not_sent(app: App, port: int, header: tuple[bytes, bytes]) -> None:
    app.headers = [header]
    answers = await told(port, post(b"a"))
    assert answers == b"" or answers.startswith(b"HTTP/1.1 500")
    assert b"x-b" not in answers


async def test_who_goes_away_is_told_to_the_application(app: App, port: int) -> None:
    app.waits = True
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post(b"a"))
    async with asyncio.timeout(60):
        await app.waiting.wait()
        writer.close()
        await app.left.wait()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for."""
    made = Wire.__init__

    def impatiently(self: Wire, *arguments: Any, **others: Any) -> None:
        made(self, *arguments, **others)
        self.timeout_keep_alive = 0

    monkeypatch.setattr(listening, "TICKS", 1)
    monkeypatch.setattr(Wire, "__init__", impatiently)
    monkeypatch.setattr(_wire, "ARRIVES_WITHIN", 0)


@pytest.mark.usefixtures("app", "impatient")
async def test_a_connection_that_nobody_uses_is_closed(port: int) -> None:
    assert await told(port) == b""
    assert (await told(port, post(b"once"))).endswith(b"\r\n\r\nonce")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("said", [b"\r\n", b"POST /a HT", post(b"whole")[:-1]])
async def test_what_does_not_arrive_is_not_waited_for(port: int, said: bytes) -> None:
    assert await told(port, said) == b""


@pytest.mark.parametrize(
    "said", [b"GET /" + b"a" * 65_000, b"GET /a HTTP/1.1\r\nHost: here\r\nX: " + b"a" * 65_000, b"\r\n" * 32_500]
)
async def test_what_stands_before_a_body_has_a_bound(app: App, port: int, said: bytes) -> None:
    answers = await told(port, *(said[at : at + 10_000] for at in range(0, len(said), 10_000)))
    assert answers.startswith(b"HTTP/1.1 431 ")
    assert not app.scopes
    assert b" 200 OK" in await told(
        port, post(b"a", *(f"X-{n}: {'a' * 1_000}" for n in range(50)), "Connection: close")
    )


async def test_what_comes_after_a_body_is_not_among_the_headers(app: App, port: int) -> None:
    said = b"POST /a HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Late: x\r\n\r\n"
    await told(port, said, CLOSE)
    assert all(name != b"x-late" for name, _ in app.scopes[0]["headers"])


def test_headers_that_are_lines_already_read_as_pairs() -> None:
    it = Headers(b"a: b\r\nc: d: e\r\n", "the-number", 5)
    assert list(it) == [(b"a", b"b"), (b"c", b"d: e"), (b"x-request-id", b"the-number"), (b"content-length", b"5")]
    assert head(200, [(b"date", b"now")], it, 5) == head(200, [(b"date", b"now")], list(it), 5)
    assert head(200, [], it, 6) is head(200, [], list(it), 6) is None


def test_headers_that_decide_how_an_answer_is_sent_are_left_to_uvicorn() -> None:
    assert line(b"x-a", b"b") == b"x-a: b\r\n"
    for name, value in ((b"connection", b"close"), (b"transfer-encoding", b"chunked"), (b"X-A", b"b"), (b"x", b"\n")):
        assert line(name, value) is None
