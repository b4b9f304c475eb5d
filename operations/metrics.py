"""The numbers of a server, as Prometheus reads them. They are put together when somebody reads, and not before."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from operations.health import Health
from operations.requests import Requests
from schema._answers import Answers
from schema._plan import Cache
from store.meter import Histogram

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric as it is documented. A counter's name gets _total when it is read, as Prometheus wants it."""

    name: str
    kind: type[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]
    about: str
    labels: Labels = ()

    def of(self, samples: Mapping[Any, Any]) -> Metric:
        """As it is now: its values by their labels, each a tuple of text."""
        family = self.kind(self.name, self.about, labels=self.labels)
        for labels, value in samples.items():
            if isinstance(family, HistogramMetricFamily):
                family.add_metric(labels, _buckets(value), value.total)
            else:
                family.add_metric(labels, value)
        return family

    def one(self, value: Any) -> Metric:
        return self.of({(): value})


def _buckets(histogram: Histogram) -> list[Any]:
    bounds = (*(f"{each:g}" for each in histogram.bounds), "+Inf")
    return list(zip(bounds, accumulate(histogram.counts), strict=True))


DECLARED: list[Declared] = []


def _declare(name: str, kind: Any, about: str, *labels: str) -> Declared:
    DECLARED.append(Declared(f"meritbook_{name}", kind, about, labels))
    return DECLARED[-1]


_COUNTER, _GAUGE, _HISTOGRAM = CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

COMMANDS = _declare(
    "commands",
    _COUNTER,
    "Commands answered: recorded, unchanged (it was so already), repeated (the same command id again), refused,"
    " unavailable (PostgreSQL stayed away), failed, abandoned (nobody waited for the answer).",
    "outcome",
)
REFUSALS = _declare(
    "refusals", _COUNTER, "Refusals that clients were told, by code; also those before a command is given.", "code"
)
WAITING = _declare("commands_waiting", _GAUGE, "Commands that were given and are not answered yet.")
FACTS = _declare("facts", _COUNTER, "Facts recorded by this process.")
BATCH = _declare("batch_commands", _HISTOGRAM, "Commands that were recorded in one commit.")
COMMIT = _declare("commit_seconds", _HISTOGRAM, "From the decision on a batch to its commit.")
TAKEN_BACK = _declare("commits_taken_back", _COUNTER, "Commits that were tried the fast way and then decided again.")
HEAD = _declare("log_position", _GAUGE, "The position of the last fact.")
LAG = _declare("lag_positions", _GAUGE, "Facts that a read model, or the witness, has not taken in yet.", "follower")
LAG_SECONDS = _declare(
    "lag_seconds", _GAUGE, "How long the oldest fact that was not taken in has been recorded.", "follower"
)
REACHABLE = _declare("database_up", _GAUGE, "1 if PostgreSQL answered when it was last asked, else 0.")
READY = _declare("ready", _GAUGE, "1 if /readyz is green, else 0.")
OPERATION = _declare(
    "operation_seconds",
    _HISTOGRAM,
    "Operations, by the name of the document's first one and the first 12 digits of the document's SHA-256. Told apart"
    " are the 100 documents asked for last; all others have empty labels.",
    "operation",
    "document",
)
RESPONSES = _declare("http_responses", _COUNTER, "Responses of /graphql, by status.", "status")
ERRORS = _declare("errors", _COUNTER, "GraphQL errors in responses, by extensions.code.", "code")
UNDER_WAY = _declare("requests_under_way", _GAUGE, "Requests to /graphql that are being answered.")
SOCKETS = _declare("websocket_connections", _GAUGE, "Open websockets.")
OF_SOCKETS = _declare("websocket_operations", _GAUGE, "Operations under way on websockets: subscriptions, mostly.")
CONNECTIONS = _declare("connections", _GAUGE, "Open connections of clients, of whatever kind.")
POOL = _declare(
    "database_connections", _GAUGE, "Connections to PostgreSQL, by pool (commands, reads) and state.", "pool", "state"
)
CACHE = _declare("cache_lookups", _COUNTER, "Looks into a cache (plans, documents), by result.", "cache", "result")
CACHED = _declare("cache_entries", _GAUGE, "What a cache holds.", "cache")
ANSWERS = _declare("answers", _COUNTER, "Answers that may be kept: given again as they were, or computed anew.", "how")
KEPT = _declare("answers_kept", _GAUGE, "Answers that are kept.")
KEPT_BYTES = _declare("answers_kept_bytes", _GAUGE, "What they take, roughly; at most ANSWERS_MB.")
LOOP = _declare("event_loop_lag_seconds", _HISTOGRAM, "How late the event loop wakes who asked to be woken.")


@dataclass(eq=False, slots=True, kw_only=True)
class Numbers(Collector):
    """Where the numbers of one server are. `pools` and `caches` by name; `connections` counts those of clients."""

    health: Health
    requests: Requests
    pools: Mapping[str, Any]
    caches: Mapping[str, Cache[Any, Any]]
    answers: Answers
    connections: Callable[[], int]

    def collect(self) -> Iterable[Metric]:
        yield from self._commands()
        yield from self._stands()
        yield from self._requests()
        for_pools = {(name, "open"): pool.get_size() for name, pool in self.pools.items()}
        yield POOL.of(for_pools | {(name, "idle"): pool.get_idle_size() for name, pool in self.pools.items()})
        hits = {(name, "hit"): cache.hits for name, cache in self.caches.items()}
        yield CACHE.of(hits | {(name, "miss"): cache.misses for name, cache in self.caches.items()})
        yield CACHED.of({(name,): len(cache) for name, cache in self.caches.items()})
        yield ANSWERS.of({("given again",): self.answers.hits, ("anew",): self.answers.misses})
        yield KEPT.one(len(self.answers))
        yield KEPT_BYTES.one(self.answers.bytes)
        yield LOOP.one(self.health.late)

    def _commands(self) -> Iterator[Metric]:
        meter = self.health.log.meter
        told = ("recorded", "unchanged", "repeated", "refused", "unavailable", "failed", "abandoned")
        yield COMMANDS.of({(name,): getattr(meter, name) for name in told})
        yield REFUSALS.of({(code,): count for code, count in meter.refusals.items()})
        yield WAITING.one(self.health.waiting)
        yield FACTS.one(meter.facts)
        yield BATCH.one(meter.batch)
        yield COMMIT.one(meter.commit)
        yield TAKEN_BACK.one(meter.taken_back)

    def _stands(self) -> Iterator[Metric]:
        look = self.health.last
        yield REACHABLE.one(int(self.health.reachable))
        yield READY.one(int(self.health.report()[0]))
        if look is not None:
            followers = {**look.read_models, "witness": look.witness}
            yield HEAD.one(look.head)
            yield LAG.of({(name,): lag.positions for name, lag in followers.items()})
            yield LAG_SECONDS.of({(name,): lag.seconds for name, lag in followers.items()})

    def _requests(self) -> Iterator[Metric]:
        it = self.requests
        operations = [*it.operations.values(), it.others]
        summed: dict[Labels, Histogram] = {(each.name, each.document): each.seconds for each in operations}
        yield OPERATION.of(summed)
        yield RESPONSES.of({(str(status),): count for status, count in it.statuses.items()})
        yield ERRORS.of({(code,): count for code, count in it.errors.items()})
        yield UNDER_WAY.one(it.under_way)
        yield SOCKETS.one(it.sockets)
        yield OF_SOCKETS.one(it.of_sockets)
        yield CONNECTIONS.one(self.connections())


def endpoint(numbers: Numbers, token: str | None) -> Callable[[Request], Awaitable[Response]]:
    """`/metrics`: for whoever has the token; without one, for this machine alone."""
    registry = CollectorRegistry()
    registry.register(numbers)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)

    async def metrics(request: Request) -> Response:
        if not _may_read(request, token):
            return PlainTextResponse("Not for you.\n", 403 if token is None else 401)
        await numbers.health.look()
        return Response(generate_latest(registry), media_type=None, headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})

    return metrics


def _may_read(request: Request, token: str | None) -> bool:
    if token is not None:
        said = request.headers.get("authorization", "")
        return hmac.compare_digest(said.encode(), f"Bearer {token}".encode())
    if {"forwarded", "via", "x-forwarded-for"} & set(request.headers):
        return False  # somebody else asks, through a proxy on this machine
    try:
        return request.client is None or ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
