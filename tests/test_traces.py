"""Traces, sent to a collector: what belongs together, and that nothing in them is anybody's."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.test_server import Start, environment, free_port, start

__all__ = ["environment", "start"]  # fixtures, for pytest to find

collected = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")

ABOVE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CREATE = """
mutation Create ($input: CreateDepartmentInput!) {
  createDepartment(input: $input) { ... on CreateDepartmentPayload { position } }
}
"""


@pytest.fixture
async def collector(environment: dict[str, str]) -> AsyncIterator[list[Any]]:
    """The spans that have arrived; the environment says where they go."""
    spans: list[Any] = []

    async def take(request: Request) -> Response:
        said = collected.ExportTraceServiceRequest.FromString(await request.body())
        spans.extend(span for each in said.resource_spans for scope in each.scope_spans for span in scope.spans)
        return Response(b"", media_type="application/x-protobuf")

    port = free_port()
    app = Starlette(routes=[Route("/v1/traces", take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    environment.update(TRACES_URL=f"http://127.0.0.1:{port}/v1/traces", OTEL_EXPORTER_OTLP_COMPRESSION="none")
    yield spans
    server.should_exit = True
    await serving


async def test_an_operation_its_statements_and_its_command_are_one_trace(start: Start, collector: list[Any]) -> None:
    it = await start()
    (token,) = re.findall(r"Bearer (\S+)", it.said)
    headers = {"authorization": f"Bearer {token}", "traceparent": ABOVE}
    given = {"code": "RURITANIA", "name": "Ruritania", "effective": "2020-01-01"}
    for query, variables in ((CREATE, {"input": given}), ("query Mine { viewer { employee { number } } }", {})):
        body = {"query": query, "variables": variables}
        response = await it.http.post("/graphql", json=body, headers=headers)
        assert response.status_code == 200
    assert await it.stop(signal.SIGTERM) == 0

    by_parent = defaultdict(list)
    for span in collector:
        by_parent[span.parent_span_id.hex()].append(span)
    operations = {span.name: span for span in by_parent["b7ad6b7169203331"]}
    assert operations.keys() == {"graphql Create", "graphql Mine"}
    assert {span.name for span in by_parent[operations["graphql Create"].span_id.hex()]} == {"statement", "command"}
    assert {span.name for span in by_parent[operations["graphql Mine"].span_id.hex()]} == {"statement"}
    assert {span.trace_id.hex() for span in operations.values()} == {ABOVE.split("-")[1]}
    (command,) = (span for span in by_parent[operations["graphql Create"].span_id.hex()] if span.name == "command")
    commits = [[link.span_id for link in span.links] for span in by_parent[""] if span.name == "commit"]
    assert [command.span_id] in commits
    for secret in ("ruritania", token.lower()):
        assert secret not in str(collector).lower()
