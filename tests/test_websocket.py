"""GraphQL over a websocket: graphql-transport-ws to the letter, whatever is sent, and the manners of the door."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from schema import _sockets, _websocket
from tests._api import Api, gid
from tests._door import door
from tests._socket import FACTS, POSITIONS, PROTOCOL, SOON, Client, bearer, client_of, listening_for, newest, served

TYPENAME = "{ __typename }"
ME = "{ viewer { employee { name } } }"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """The door alone."""
    async with listening_for(door()) as address:
        yield address


# ── The protocol ──


async def test_an_operation_is_answered_and_completed(url: str) -> None:
    async with client_of(url) as client:
        assert client.connection.subprotocol == PROTOCOL
        await client.say(type="subscribe", id="a", payload={"query": TYPENAME, "extensions": {"x": 1}})
        said = await client.hear()
        assert said == {
            "id": "a",
            "type": "next",
            "payload": {"data": {"__typename": "Query"}, "extensions": {"cost": 1}},
        }
        assert await client.hear() == {"id": "a", "type": "complete"}
        await client.say(type="subscribe", id="a", payload={"query": TYPENAME})  # the id is free again
        assert (await client.hear())["type"] == "next"


async def test_pings_are_answered_at_any_time_with_what_they_brought(url: str) -> None:
    async with client_of(url, greeted=False) as client:
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}
        await client.greet()
        await client.say(type="ping", payload={"at": [1, "é"]})
        assert await client.hear() == {"type": "pong", "payload": {"at": [1, "é"]}}
        await client.say(type="pong", payload={})
        await client.say(type="complete", id="nobody")
        await client.say(type="ping", payload=None)
        assert await client.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    "document",
    ["{", "{ nothing }", "query A { __typename } query B { __typename }", "", "{ employee { id } }",
     "subscription { nothing }", "subscription { __typename }", "subscription { changes { cursor } events { id } }",
     "query ($id: ID!) { employee(id: $id) { id } }", "{ " + "a " * 5_000 + "}"],
)  # fmt: skip
async def test_a_mistake_in_an_operation_is_told_to_that_operation_alone(url: str, document: str) -> None:
    async with client_of(url) as client:
        await client.say(type="subscribe", id="wrong", payload={"query": document})
        said = await client.hear()
        assert (said["id"], said["type"]) == ("wrong", "error")
        for error in said["payload"]:
            assert error["message"]
            assert error["extensions"]["code"] not in ("", "INTERNAL")
            assert error["extensions"]["requestId"]
        await client.subscribe(TYPENAME)
        assert (await client.hear())["payload"]["data"] == {"__typename": "Query"}
        assert (await client.hear())["type"] == "complete"  # and so none for the operation that was wrong


async def test_errors_of_execution_come_with_data(url: str) -> None:
    async with client_of(url) as client:
        await client.subscribe("{ viewer { id } }")
        said = await client.hear()
        assert said["type"] == "next"
        assert said["payload"]["data"] is None
        assert said["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


INVALID = [
    "", "null", "1", '"ping"', "[]", "{", "{}", "\ufeff{}", '{"type":1}', '{"type":"nothing"}', '{"type":null}',
    '{"id":"1"}',
    '{"type":"connection_ack"}', '{"type":"next","id":"1","payload":{}}', '{"type":"start","id":"1","payload":{}}',
    '{"type":"subscribe"}', '{"type":"subscribe","id":"1"}', '{"type":"subscribe","id":"1","payload":null}',
    '{"type":"subscribe","id":"1","payload":{}}', '{"type":"subscribe","id":"1","payload":[]}',
    '{"type":"subscribe","id":"1","payload":{"query":1}}', '{"type":"subscribe","id":"1","payload":{"query":null}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":1}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{a}","documentId":"b"}}',
    '{"type":"subscribe","id":1,"payload":{"query":"{a}"}}', '{"type":"subscribe","id":"","payload":{"query":"{a}"}}',
    '{"type":"subscribe","payload":{"query":"{a}"}}', '{"type":"complete"}', '{"type":"complete","id":7}',
    '{"type":"subscribe","id":"' + "x" * 129 + '","payload":{"query":"{a}"}}', '{"type":"ping","payload":1}',
    '{"type":"pong","payload":[]}', '{"type":"ping","id":{}}', '{"type":"subscribe","id":"\\ud800"}',
    '{"type":"ping","payload":' + "[" * 100_000 + "]" * 100_000 + "}", '{"type":"ping"} {"type":"ping"}',
]  # fmt: skip


@pytest.mark.parametrize("frame", [*INVALID, b"", b"\x00\xff", b'{"type":"ping"}'])
async def test_a_frame_that_is_not_of_the_protocol_closes_the_socket_with_4400(url: str, frame: str | bytes) -> None:
    async with client_of(url) as client:
        await client.connection.send(frame)
        code, reason = await client.farewell()
        assert code == 4400
        assert reason.startswith("Invalid message: ")


@pytest.mark.parametrize("payload", [1, "x", [], {"authorization": 1}, {"authorization": ["Bearer x"]}])
async def test_what_comes_with_the_greeting_is_an_object(url: str, payload: Any) -> None:
    async with client_of(url, greeted=False) as client:
        await client.say(type="connection_init", payload=payload)
        assert (await client.farewell())[0] == 4400


async def test_whoever_asks_before_the_greeting_is_shown_out(url: str) -> None:
    async with client_of(url, greeted=False) as client:
        await client.subscribe(TYPENAME)
        assert (await client.farewell())[0] == 4401


async def test_one_greeting_is_enough(url: str) -> None:
    async with client_of(url) as client:
        await client.say(type="connection_init")
        assert await client.farewell() == (4429, "Too many initialisation requests.")


async def test_whoever_does_not_greet_is_not_waited_for(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_websocket, "GREETING", 1.0)
    async with client_of(url, greeted=False) as client:
        await client.say(type="ping")
        assert await client.farewell() == (4408, "Connection initialisation timeout.")
    async with client_of(url) as client:
        await asyncio.sleep(1.2)
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}


@pytest.mark.parametrize("protocol", [None, "graphql-ws", "soap"])
async def test_another_protocol_is_told_which_one_is_spoken(url: str, protocol: str | None) -> None:
    async with client_of(url, greeted=False, protocol=protocol) as client:
        code, reason = await client.farewell()
        assert code == 4406
        assert PROTOCOL in reason


async def test_a_protocol_of_several_is_chosen(url: str) -> None:
    subprotocols = [Subprotocol(each) for each in ("graphql-ws", PROTOCOL)]
    async with connect(url, subprotocols=subprotocols) as connection:
        assert connection.subprotocol == PROTOCOL


async def test_a_frame_of_more_than_a_megabyte_closes_the_socket(url: str) -> None:
    async with client_of(url) as client:
        await client.subscribe("{ __typename } #" + "x" * 1_000_000)
        assert (await client.farewell())[0] == 1009


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TYPES = ["connection_init", "connection_ack", "ping", "pong", "subscribe", "next", "error", "complete", ""]
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "query": st.sampled_from([TYPENAME, "{", "subscription { changes { cursor } }", "mutation { x }"]) | VALUES,
        "variables": VALUES,
        "operationName": VALUES,
        "documentId": VALUES,
        "authorization": st.text() | VALUES,
        "Authorization": st.just("Bearer x") | VALUES,
    },
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(TYPES) | VALUES,
        "id": st.sampled_from(["1", "2"]) | VALUES,
        "payload": PAYLOADS | VALUES,
    },
)
FRAMES = st.lists(MESSAGES.map(json.dumps) | st.text(max_size=20) | st.binary(max_size=20), max_size=8)
TOLD = {1000, 4400, 4401, 4403, 4409, 4429}


@pytest.fixture(scope="module")
def wire() -> Iterator[str]:
    """The door alone, in a thread of its own, behind a uvicorn that is not ours."""
    config = uvicorn.Config(door(), port=0, log_config=None, lifespan="off", ws="websockets-sansio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    server.should_exit = True
    thread.join()


@settings(max_examples=150)
@given(frames=FRAMES, greeted=st.booleans())
def test_whatever_is_said_is_answered_or_the_socket_closed_with_a_code(
    wire: str, frames: list[str | bytes], *, greeted: bool
) -> None:
    async def talk() -> None:
        async with client_of(wire, greeted=greeted) as client:
            with suppress(ConnectionClosed):
                for frame in frames:
                    await client.connection.send(frame)
                await client.say(type="ping", payload={"last": True})
            async for said in client.until_closed():
                if said == {"type": "pong", "payload": {"last": True}}:
                    return
                assert said["type"] in ("connection_ack", "pong", "next", "error", "complete")
                for error in said["payload"] if said["type"] == "error" else ():
                    assert error["extensions"]["code"] != "INTERNAL"
            assert client.connection.close_code in TOLD

    asyncio.run(talk())


# ── Whoever asks ──


async def test_it_is_the_same_employee_in_either_spelling_and_in_the_header(api: Api) -> None:
    token = bearer(api, await api.hire("Anna"))
    async with served(api.organisation) as url:
        for given, headers in (
            ({"authorization": token}, {}),
            ({"Authorization": token}, {"authorization": "Bearer nonsense"}),
            ({}, {"authorization": token}),
        ):
            async with client_of(url, greeted=False, additional_headers=headers) as client:
                await client.say(type="connection_init", payload=given)
                assert await client.hear() == {"type": "connection_ack"}
                await client.subscribe(ME)
                assert (await client.hear())["payload"]["data"]["viewer"]["employee"] == {"name": "Anna"}


async def test_a_token_that_is_not_good_is_4403(api: Api) -> None:
    old = bearer(api, await api.hire(), lifetime=timedelta(seconds=-1))
    async with served(api.organisation) as url:
        for token in ("Bearer x", "x", "Basic YTpi", old, "Bearer \u00e9\ud83d\ude00"):
            async with client_of(url, greeted=False) as client:
                await client.say(type="connection_init", payload={"authorization": token})
                code, reason = await client.farewell()
                assert code == 4403
                assert token not in reason
        async with client_of(url, greeted=False, additional_headers={"authorization": "Bearer x"}) as client:
            await client.say(type="connection_init")
            assert (await client.farewell())[0] == 4403


async def test_a_token_that_runs_out_takes_the_socket_with_it(api: Api) -> None:
    reviewer = await api.clerk("history.view")
    async with (
        served(api.organisation) as url,
        client_of(url, bearer(api, reviewer, lifetime=timedelta(seconds=2))) as client,
    ):
        await client.subscribe(POSITIONS)
        assert await client.farewell() == (4403, "Forbidden: the token has run out.")


async def test_pages_of_other_sites_are_not_let_in(api: Api) -> None:
    async with served(api.organisation, origins=frozenset({"https://app.example"})) as url:
        own = url.replace("ws://", "http://").removesuffix("/graphql")
        for origin in (None, own, own.replace("http:", "https:"), "https://app.example"):
            async with client_of(url, additional_headers={"origin": origin} if origin else {}) as client:
                await client.say(type="ping")
                assert await client.hear() == {"type": "pong"}
        for origin in (
            "https://evil.example",
            "null",
            "https://app.example.evil",
            "http://app.example",
            own + "0",
            "http://",
        ):
            with pytest.raises(InvalidStatus) as refused:
                await client_of(url, additional_headers={"origin": origin}).__aenter__()
            assert refused.value.response.status_code == 403
            assert b"FORBIDDEN_ORIGIN" in (refused.value.response.body or b"")


# ── The same as over HTTP ──


async def test_commands_are_given_and_refused(api: Api) -> None:
    clerk, anna = await api.clerk("employee.edit"), await api.hire("Anna")
    document = """mutation ($input: PromoteEmployeeInput!) { promoteEmployee(input: $input) {
        ... on PromoteEmployeePayload { employee { title } position } ... on Refused { code } } }"""
    given = {"id": gid("Employee", anna), "title": "Senior agent", "effective": "2017-01-01", "commandId": str(uuid4())}
    async with served(api.organisation) as url, client_of(url, bearer(api, clerk)) as client:
        answers = []
        for _ in range(2):
            await client.subscribe(document, input=given)
            answers.append((await client.hear())["payload"]["data"]["promoteEmployee"])
            assert (await client.hear())["type"] == "complete"
        assert answers == [{"employee": {"title": "Senior agent"}, "position": await api.log.head()}] * 2
        await client.subscribe(document, input=given | {"title": "", "commandId": str(uuid4())})
        assert (await client.hear())["payload"]["data"]["promoteEmployee"] == {"code": "VALIDATION_FAILED"}


async def test_two_operations_go_on_beside_each_other_when_a_third_fails(api: Api) -> None:
    reviewer = await api.clerk("history.view")
    async with served(api.organisation) as url, client_of(url, bearer(api, reviewer)) as client:
        after = await newest(api, reviewer)
        one, two = [await client.subscribe(POSITIONS, after=after) for _ in range(2)]
        three = await client.subscribe("subscription { changes { nothing } }")
        assert ((said := await client.hear())["id"], said["type"]) == (three, "error")
        await client.subscribe(TYPENAME)
        assert [(await client.hear())["type"] for _ in range(2)] == ["next", "complete"]
        await api.hire()
        assert {(await client.hear())["id"] for _ in range(2)} == {one, two}
        await client.say(type="complete", id=one)
        await api.hire()
        assert (await client.hear())["id"] == two


async def test_an_id_that_is_in_use_closes_the_socket(api: Api) -> None:
    reviewer = await api.clerk("history.view")
    async with served(api.organisation) as url, client_of(url, bearer(api, reviewer)) as client:
        for _ in range(2):
            await client.say(type="subscribe", id="one", payload={"query": "subscription { changes { cursor } }"})
        assert await client.farewell() == (4409, "Subscriber for one already exists")


async def test_rates_hold_and_say_when_to_try_again(api: Api) -> None:
    anna = await api.hire()
    async with (
        served(api.organisation, viewer_rate=0.2) as url,
        client_of(url, bearer(api, anna)) as client,
        client_of(url, bearer(api, anna)) as other,
    ):
        await client.subscribe(ME)
        assert (await client.hear())["type"] == "next"
        for each, document in ((client, ME), (other, POSITIONS)):
            await each.subscribe(document)
            while (said := await each.hear())["type"] != "error":
                pass
            assert said["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
            assert said["payload"][0]["extensions"]["retryAfter"] > 0


async def test_there_are_only_so_many_operations_on_a_socket_and_sockets_of_somebody(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_websocket, "MOST_OPERATIONS", 2)
    token = bearer(api, await api.clerk("history.view"))
    async with served(api.organisation, viewer_sockets=1, address_sockets=2) as url, client_of(url, token) as client:
        for _ in range(3):
            await client.subscribe(POSITIONS)
        said = await client.hear()
        assert (said["id"], said["payload"][0]["extensions"]["code"]) == ("3", "RATE_LIMITED")
        async with client_of(url, greeted=False) as other:
            with pytest.raises(InvalidStatus) as refused:
                await client_of(url).__aenter__()
            assert refused.value.response.status_code == 429
            await other.say(type="connection_init", payload={"authorization": token})
            assert (await other.farewell())[0] == 4429
        async with client_of(url):
            pass


async def test_trusted_documents_and_production_hold() -> None:
    async with (
        listening_for(door(production=True, trusted={"t": TYPENAME}, trusted_only=True)) as url,
        client_of(url) as client,
    ):
        for payload, code in (
            ({"query": TYPENAME}, "DOCUMENT_NOT_TRUSTED"),
            ({"query": "subscription { changes { cursor } }"}, "DOCUMENT_NOT_TRUSTED"),
            ({"documentId": "other"}, "DOCUMENT_NOT_FOUND"),
        ):
            await client.say(type="subscribe", id="1", payload=payload)
            assert (await client.hear())["payload"][0]["extensions"]["code"] == code
        for payload in ({"documentId": "t"}, {"query": "", "documentId": "t"}):  # a client may insist on a query
            await client.say(type="subscribe", id="1", payload=payload)
            assert (await client.hear())["payload"]["data"] == {"__typename": "Query"}
            assert (await client.hear())["type"] == "complete"


async def test_a_subscription_is_not_answered_over_http(api: Api) -> None:
    reviewer = await api.clerk("history.view")
    answer = await api(reviewer, "subscription { changes { cursor } }")
    assert answer["errors"][0]["extensions"]["code"] == "WEBSOCKET_NEEDED"


# ── Clients that do not keep up, and servers that stop ──


async def metrics_of(url: str) -> str:
    """What the server at the address of this websocket counts."""
    async with httpx.AsyncClient(timeout=SOON) as http:
        return (await http.get(url.replace("ws://", "http://").replace("/graphql", "/metrics"))).text


async def test_whoever_takes_nothing_is_closed_and_goes_on_after_their_last_cursor(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_websocket, "STALLED", 0.5)
    monkeypatch.setattr(_sockets, "LOOK_EVERY", 0.2)
    reviewer = await api.clerk("history.view")
    token, start = bearer(api, reviewer), await api.log.head()
    after = await newest(api, reviewer)
    async with served(api.organisation) as url:
        async with client_of(url, token, max_queue=1) as client:
            for _ in range(100):
                await client.subscribe(FACTS, after=after)
            await asyncio.gather(*(api.hire("Somebody with a long name " + "x" * 80) for _ in range(300)))
            async with asyncio.timeout(SOON):
                while "meritbook_websocket_connections 0.0" not in await metrics_of(url):
                    pass
            heard = [said async for said in client.until_closed()]
            told = [said["payload"]["data"]["changes"] for said in heard if said["id"] == "1"]
            assert client.connection.close_code == 4413
        assert len(told) < 300
        monkeypatch.setattr(_websocket, "STALLED", SOON)
        async with client_of(url, token) as client:
            await client.subscribe(FACTS, after=told[-1]["cursor"] if told else after)
            told += await client.changes(300 - len(told))
    assert [each["event"]["position"] for each in told] == list(range(start + 1, start + 301))


async def test_whoever_reads_slowly_is_told_slowly_and_everything(api: Api) -> None:
    reviewer = await api.clerk("history.view")
    start = await api.log.head()
    async with served(api.organisation) as url, client_of(url, bearer(api, reviewer)) as client:
        await client.subscribe(POSITIONS, after=await newest(api, reviewer))
        await asyncio.gather(*(api.hire() for _ in range(50)))
        positions = [each["event"]["position"] for each in await client.changes(50, pause=0.02)]
    assert positions == list(range(start + 1, start + 51))


async def test_a_server_that_stops_says_so(api: Api) -> None:
    reviewer = await api.clerk("history.view")
    async with served(api.organisation) as url:
        connection = await connect(url, subprotocols=[Subprotocol(PROTOCOL)])
        client = Client(connection)
        await client.greet(bearer(api, reviewer))
        await client.subscribe(POSITIONS)
    assert (await client.farewell())[0] == 1012


async def test_nothing_is_left_of_a_socket_that_is_gone(api: Api) -> None:
    reviewer = await api.clerk("history.view")
    after = await newest(api, reviewer)
    async with served(api.organisation) as url:
        async with client_of(url, bearer(api, reviewer)) as client:
            for _ in range(5):
                await client.subscribe(POSITIONS, after=after)
            await api.hire()
            await client.changes(5)
            assert "live" in {task.get_name() for task in asyncio.all_tasks()}
        async with asyncio.timeout(SOON):
            while left := [each for each in asyncio.all_tasks() if each.get_name() in ("live", "websockets")]:
                await asyncio.wait(left)


async def test_sockets_and_their_operations_are_counted(api: Api) -> None:
    reviewer = await api.clerk("history.view")
    async with served(api.organisation) as url, client_of(url, bearer(api, reviewer)) as client:
        await client.subscribe(POSITIONS)
        await client.subscribe("{ nothing }")
        assert (await client.hear())["type"] == "error"
        metrics = await metrics_of(url)
        assert "meritbook_websocket_connections 1.0" in metrics
        assert "meritbook_websocket_operations 1.0" in metrics
        assert 'meritbook_errors_total{code="GRAPHQL_VALIDATION_FAILED"} 1.0' in metrics
