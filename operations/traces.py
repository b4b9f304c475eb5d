"""Traces, for whoever asks for them: an operation, its statements, its commands; and each commit, which many share.

Sent by OTLP over HTTP. Needs the extra `traces`, which is loaded only if TRACES_URL is set. Nothing that somebody sent
is in a span: of a statement the text, which has places for values and no values; of an operation its name and hash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from time import time_ns
from typing import Any

from asyncpg.connection import LoggedQuery

from domain._kernel import Refused
from settings import BadSetting
from store.command import Outcome
from store.pool import Connection
from store.writer import BATCH

LONGEST_STATEMENT = 4_000
"""Characters of a statement that are sent."""


class Tracer:
    """What spans are made of. `spans` is OpenTelemetry's own tracer, `api` its module."""

    def __init__(self, spans: Any, api: Any) -> None:
        self._spans, self._api = spans, api

    @contextmanager
    def operation(self, headers: Mapping[bytes, bytes], request_id: str) -> Iterator[Any]:
        """Around one request; below the span of whoever asks, if the request says which that is."""
        said = {"traceparent": headers.get(b"traceparent", b"").decode("latin-1")}
        above = self._api["propagation"].TraceContextTextMapPropagator().extract(said)
        kind = self._api["trace"].SpanKind.SERVER
        attributes = {"meritbook.request_id": request_id}
        with self._spans.start_as_current_span(
            "graphql", context=above, kind=kind, attributes=attributes, record_exception=False
        ) as span:
            yield span

    def statement(self, said: LoggedQuery) -> None:
        """Called by asyncpg, in the context of who has sent it. What is not part of a request is left out."""
        if self._api["trace"].get_current_span().get_span_context().is_valid:
            attributes = {"db.system.name": "postgresql", "db.query.text": said.query[:LONGEST_STATEMENT]}
            if said.exception is not None:
                attributes["error.type"] = type(said.exception).__name__
            self._past("statement", said.elapsed, attributes)

    def given(self) -> Any:
        return self._spans.start_span("command")

    def answered(self, given: Any, answer: Outcome | BaseException) -> None:
        if isinstance(answer, Outcome):
            given.set_attributes({"meritbook.position": answer.position, "meritbook.repeated": answer.repeated})
        elif isinstance(answer, Refused):
            given.set_attribute("meritbook.refused", answer.code)
        else:
            given.set_attribute("error.type", type(answer).__name__)
        given.end()

    def committed(self, given: Collection[Any], commands: int, seconds: float) -> None:
        """A commit is nobody's alone: it is linked to the spans of all commands that it recorded facts of."""
        links = [self._api["trace"].Link(each.get_span_context()) for each in given if each is not None]
        self._past("commit", seconds, {"meritbook.commands": commands}, links)

    def _past(self, name: str, seconds: float, attributes: Mapping[str, Any], links: Collection[Any] = ()) -> None:
        """A span that has just ended."""
        end = time_ns()
        began = end - int(seconds * 1e9)
        self._spans.start_span(name, start_time=began, attributes=attributes, links=links).end(end)


@contextmanager
def tracing(url: str | None) -> Iterator[Tracer | None]:
    """Send spans to the collector at this URL in the meantime; the last ones when this ends. Raises BadSetting."""
    if url is None:
        yield None
        return
    try:
        export = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        sdk, processors = import_module("opentelemetry.sdk.trace"), import_module("opentelemetry.sdk.trace.export")
        resources = import_module("opentelemetry.sdk.resources")
        api = {
            "trace": import_module("opentelemetry.trace"),
            "propagation": import_module("opentelemetry.trace.propagation.tracecontext"),
        }
    except ImportError as error:
        raise BadSetting("TRACES_URL needs the extra `traces`: pip install -r requirements-traces.txt") from error
    provider = sdk.TracerProvider(
        resource=resources.Resource.create({"service.name": "meritbook"}),
        span_limits=sdk.SpanLimits(max_links=BATCH),
    )
    provider.add_span_processor(processors.BatchSpanProcessor(export.OTLPSpanExporter(endpoint=url)))
    tracer = Tracer(provider.get_tracer("meritbook"), api)
    Connection.listener = tracer.statement
    try:
        yield tracer
    finally:
        Connection.listener = None
        provider.shutdown()
