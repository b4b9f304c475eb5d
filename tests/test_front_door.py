"""GraphQL over HTTP, by the specification: media types, statuses, methods, bodies, and what errors tell."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from schema._http import LARGEST_BODY, HttpError, from_parameters
from schema._media import negotiated
from tests._door import GRAPHQL, ID, JSON, Caller, calling, door

TYPENAME = "{ __typename }"


@pytest.fixture
async def call() -> AsyncIterator[Caller]:
    async with calling(door()) as caller:
        yield caller


# ── Media types ──


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),  # Apollo Client
        (f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL),  # urql
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL};q=0.5, {JSON};q=0.6", JSON),
        (f"{JSON};q=0.1, */*;q=0.9", GRAPHQL),
        (f"*/*, {JSON};q=0", GRAPHQL),
        (f"{GRAPHQL}; charset=UTF-8", GRAPHQL),
        (f"{GRAPHQL}; charset=iso-8859-1", None),
        ("text/html", None),
        (f"{JSON};q=0, {GRAPHQL};q=0.000", None),
        ("image/*;q=1, text/*", None),
        ("APPLICATION/JSON", JSON),
        (f"text/html, {GRAPHQL};q=0.2, */*;q=0.1", GRAPHQL),
    ],
)
def test_the_best_media_type_that_is_accepted_is_sent(accept: str, chosen: str | None) -> None:
    assert negotiated(accept.encode()) == chosen


async def test_nothing_that_is_accepted_is_said_so(call: Caller) -> None:
    response = await call(json={"query": TYPENAME}, headers={"accept": "text/event-stream"})
    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


@pytest.mark.parametrize(
    "document",
    ["{", "", "{ nothing }", "query A { __typename } query B { __typename }", "fragment f on Query { __typename }",
     "{ employee { id } }", "subscription { x }"],
)  # fmt: skip
async def test_what_can_not_be_executed_is_400_in_the_new_media_type_and_200_in_the_old(
    call: Caller, document: str
) -> None:
    new, old = await call.ask(document), await call.ask(document, accept=JSON)
    assert (new.status_code, old.status_code) == (400, 200)
    assert "data" not in new.json()
    codes = {error["extensions"]["code"] for error in new.json()["errors"]}
    assert codes <= {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "OPERATION_NOT_FOUND"}


async def test_an_operation_is_chosen_by_its_name(call: Caller) -> None:
    document = "query A { a: __typename } query B { b: __typename }"
    assert (await call.ask(document, operationName="B")).json()["data"] == {"b": "Query"}
    assert (await call.error(document, operationName="C"))["extensions"]["code"] == "OPERATION_NOT_FOUND"


async def test_errors_of_execution_are_200_with_data(call: Caller) -> None:
    response = await call.ask("{ viewer { id } }")
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert response.json()["errors"][0]["path"] == ["viewer"]


# ── Bodies ──


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"1", b'"query"', b"[]", b'[{"query": "{ __typename }"}]', b"{", b"\xff\xfe", b"{}",
        b'{"query": null}', b'{"query": 1}', b'{"query": ["{ __typename }"]}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}', b'{"query": "{ __typename }", "operationName": 7}',
        b'{"query": "{ __typename }", "extensions": 1}', b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 5_000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": 1e999}}',
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100 + b"]" * 100 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": [' + b"1," * 10_000 + b"1]}}",
        b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}',
        b'{"query": "{ __typename }", "variables": {"a": "\\u0000"}}',
        b'{"query": "{ \xe9 }"}', b'\xef\xbb\xbf{"query": "{ __typename }"}', b'{"query": "{ __typename }"} more',
        b'{"query": "{ __typename }", "documentId": "a"}', '{"query": "{ __typename }"}'.encode("utf-16"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_a_body_that_is_no_request_is_refused(call: Caller, body: bytes, accept: str) -> None:
    response = await call(content=body, headers={"content-type": JSON, "accept": accept})
    assert response.status_code == 400, response.text


@pytest.mark.parametrize("null", ["operationName", "variables", "extensions", "documentId"])
async def test_null_is_the_same_as_left_out(call: Caller, null: str) -> None:
    assert (await call(json={"query": TYPENAME, null: None})).json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("type_", [JSON, "application/json;charset=utf-8", 'Application/JSON; charset="UTF-8"'])
async def test_json_in_utf_8_is_read(call: Caller, type_: str) -> None:
    body = json.dumps({"query": '{ __typename # ☃ "é"\n}'}, ensure_ascii=False).encode()
    assert (await call(content=body, headers={"content-type": type_})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/graphql"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=iso-8859-1"},
        {"content-type": "application/jsonx"},
        {"content-type": JSON, "content-encoding": "gzip"},
        {"content-type": "multipart/form-data; boundary=x", "graphql-require-preflight": "1"},
    ],
)
async def test_anything_else_is_415(call: Caller, headers: dict[str, str]) -> None:
    response = await call(content=b'{"query": "{ __typename }"}', headers=headers)
    assert response.status_code == 415
    assert response.headers["accept-post"] == JSON


async def test_a_body_has_a_largest_size_whether_it_is_told_or_not(call: Caller) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_BODY // 1_000 + 1):
            yield b" " * 1_000

    for content in (b" " * (LARGEST_BODY + 1), pieces()):
        response = await call(content=content, headers={"content-type": JSON})
        assert response.status_code == 413


# ── GET, and the other methods ──


async def test_queries_may_be_asked_with_get(call: Caller) -> None:
    params = {"query": ID, "variables": '{"id": "é"}', "operationName": "", "extensions": "null"}
    response = await call("GET", params=params, headers={"accept": GRAPHQL})
    assert response.status_code == 200
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_mutations_may_not(call: Caller) -> None:
    mutation = "mutation ($input: RetireRoleInput!) { retireRole(input: $input) { __typename } }"
    response = await call("GET", params={"query": mutation})
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "query",
    ["", "query={a}&query={b}", "variables={}", "query={a}&variables=1", "query={a}&variables={", "&&&",
     "query={a}&extensions=[]", "&".join(f"a{n}=1" for n in range(100))],
)  # fmt: skip
async def test_parameters_that_are_no_request_are_refused(call: Caller, query: str) -> None:
    assert (await call("GET", params=query)).status_code == 400


def test_parameters_are_utf_8() -> None:
    with pytest.raises(HttpError):
        from_parameters(b"query=%FF")


async def test_head_is_get_without_the_body(call: Caller) -> None:
    response = await call("HEAD", params={"query": TYPENAME})
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 0


async def test_other_methods_are_405_and_options_says_which_there_are(call: Caller) -> None:
    for method in ("PUT", "DELETE", "PATCH", "QUERY"):
        response = await call(method)
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    options = await call("OPTIONS")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")


async def test_a_page_of_another_site_can_not_ask_without_a_preflight(call: Caller) -> None:
    there = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    without_tls = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"}
    signs = (
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
        {"referer": "https://evil.example/"},
        {"cookie": "a=b"},
    )
    for sent in (there, without_tls, *signs):
        for method in ("GET", "HEAD"):
            response = await call(method, params={"query": TYPENAME}, headers=sent)
            assert response.status_code == 403, sent
        answer = await call("GET", params={"query": TYPENAME}, headers=sent | {"accept": "application/json"})
        assert answer.json()["errors"][0]["extensions"]["code"] == "PREFLIGHT_REQUIRED"
        for asked in (
            {"graphql-require-preflight": "1"},
            {"authorization": "Bearer x"},
            {"content-type": "application/json"},
        ):
            assert (await call("GET", params={"query": TYPENAME}, headers=sent | asked)).status_code == 200
        for simple in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            response = await call("GET", params={"query": TYPENAME}, headers=sent | {"content-type": simple})
            assert response.status_code == 403
    for own in ("same-origin", "none"):
        sent = without_tls | {"sec-fetch-site": own}
        assert (await call("GET", params={"query": TYPENAME}, headers=sent)).status_code == 200
    options = await call("OPTIONS", headers={"origin": "https://evil.example", "access-control-request-method": "POST"})
    assert "access-control-allow-origin" not in options.headers


async def test_sites_that_are_named_may_ask() -> None:
    async with calling(door(origins=frozenset({"https://app.example"}))) as call:
        origin = {"origin": "https://app.example"}
        options = await call("OPTIONS", headers=origin | {"access-control-request-method": "POST"})
        assert options.headers["access-control-allow-origin"] == "https://app.example"
        assert "authorization" in options.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in options.headers
        answer = await call(json={"query": TYPENAME}, headers=origin)
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert answer.headers["vary"] == "origin"
        for other in ("https://evil.example", "null", "https://app.example.evil"):
            answer = await call(json={"query": TYPENAME}, headers={"origin": other})
            assert "access-control-allow-origin" not in answer.headers


# ── What errors tell ──


async def test_the_request_has_a_number_which_the_client_may_choose(call: Caller) -> None:
    assert (await call(headers={"x-request-id": "trace-1.a:b_C"})).headers["x-request-id"] == "trace-1.a:b_C"
    for strange in ("a b", "x" * 65, "a\u00e9", "<b>", '"'):
        response = await call(headers={"x-request-id": strange.encode("latin-1")})
        assert response.headers["x-request-id"] != strange


SECRET = "hunter2-aVerySecretValue"


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (ID, {"id": {"x": SECRET}}),
        (ID, {"id": [SECRET]}),
        ("query ($n: Int) { employees(first: $n) { totalCount } }", {"n": SECRET}),
        ("query ($w: EmployeeWhere) { employees(where: $w) { totalCount } }", {"w": SECRET}),
        ("query ($w: EmployeeWhere) { employees(where: $w) { totalCount } }", {"w": {"status": {"eq": SECRET}}}),
        ("query ($w: EmployeeWhere) { employees(where: $w) { totalCount } }", {"w": {"status": {"eq": 1}}}),
        ("query ($w: WorkItemWhere) { workItems(where: $w) { totalCount } }", {"w": {"createdAt": {"eq": SECRET}}}),
        ("query ($o: [EmployeeOrderBy!]) { employees(orderBy: $o) { totalCount } }", {"o": [{"field": SECRET}]}),
        *(
            (f"mutation ($input: {name}Input!) {{ {name[0].lower()}{name[1:]}(input: $input) {{ __typename }} }}",
             {"input": {"commandId": SECRET, member: SECRET}})
            for name, member in (("HireEmployee", "effective"), ("HireEmployee", "workEmail"), ("RecordScore", "value"),
                                 ("RecordScore", "metric"), ("DefineCommissionPlan", "currency"),
                                 ("DefineCommissionPlan", "tiers"), ("CalculatePayoutRun", "cutOff"))
        ),
        (f'{{ employees(first: "{SECRET}") {{ totalCount }} }}', {}),
        (f'{{ employee(id: {{x: "{SECRET}"}}) {{ id }} }}', {}),
        (f'{{ employees(where: {{hiredOn: {{eq: "{SECRET}"}}}}) {{ totalCount }} }}', {}),
        (f'{{ employees(where: {{status: {{eq: "{SECRET}"}}}}) {{ totalCount }} }}', {}),
        (f'{{ employee(id: "x" "{SECRET}") {{ id }} }}', {}),
        (f'{{ employee(id: """x""" """{SECRET}""") {{ id }} }}', {}),
        (f'"{SECRET}"', {}),
        (f'{{ a(b: "{SECRET}) }}', {}),
        (f"{{ a(b: 0{SECRET}) }}", {}),
    ],
)  # fmt: skip
async def test_what_was_sent_is_never_repeated(call: Caller, document: str, variables: dict[str, Any]) -> None:
    response = await call.ask(document, variables=variables)
    assert response.status_code == 400
    assert SECRET not in response.text
    assert "hunter" not in response.text


async def test_an_error_says_which_variable_is_wrong_and_what_was_expected(call: Caller) -> None:
    where = "query ($w: EmployeeWhere) { employees(where: $w) { totalCount } }"
    wrong = {"w": {"and": [{"name": {"eq": 1}}]}}
    assert (await call.error(where, variables=wrong))["message"] == (
        "Variable '$w.and[0].name.eq': String cannot represent a non string value."
    )
    unknown = await call.error(where, variables={"w": {"nme": 1}})
    assert unknown["message"] == "Variable '$w': EmployeeWhere has no nme."
    missing = await call.error(ID)
    assert missing["message"] == "Variable '$id': Expected ID!."
    assert missing["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_megabyte_is_not_repeated_either(call: Caller) -> None:
    for document in ("{ " + "x" * 60_000 + " }", "{ a(" + "x" * 60_000 + ": 1) }", "{ ..." + "x" * 60_000 + " }"):
        assert len((await call.ask(document)).content) < 5_000


async def test_in_production_the_schema_is_not_told_and_nothing_is_suggested() -> None:
    async with calling(door(production=True)) as call:
        for document in ("{ __schema { types { name } } }", '{ __type(name: "Query") { name } }'):
            assert (await call.error(document))["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        for typo in ("{ employes { totalCount } }", "{ employee(idd: 1) { id } }", "{ ... on Employe { id } }"):
            assert "Did you mean" not in (await call.ask(typo)).text
        assert (await call.ask(TYPENAME)).status_code == 200


async def test_otherwise_tools_may_ask_for_the_schema_and_typos_are_helped(call: Caller) -> None:
    assert "Did you mean 'employee'" in (await call.ask("{ employe { id } }")).text
    once, again = [(await call.ask("{ __schema { queryType { name } } }")).json() for _ in range(2)]
    assert once == again == {"data": {"__schema": {"queryType": {"name": "Query"}}}, "extensions": {"cost": 2_500}}


# ── Trusted documents ──


async def test_a_trusted_document_is_asked_by_its_id() -> None:
    async with calling(door(trusted={"sha256:1": "query ($id: ID!) { node(id: $id) { id } }", "t": TYPENAME})) as call:
        assert (await call.ask(None, documentId="t")).json()["data"] == {"__typename": "Query"}
        assert (await call("GET", params={"documentId": "t"})).status_code == 200
        assert (await call.error(None, documentId="other"))["extensions"]["code"] == "DOCUMENT_NOT_FOUND"
        assert (await call.error(None, documentId="sha256:1"))["extensions"]["code"] == "BAD_USER_INPUT"
        assert (await call.ask(TYPENAME)).status_code == 200


async def test_nothing_but_trusted_documents_may_be_all_that_is_answered() -> None:
    async with calling(door(trusted={"t": TYPENAME}, trusted_only=True)) as call:
        assert (await call.error(TYPENAME))["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
        assert (await call.ask(None, documentId="t")).status_code == 200
