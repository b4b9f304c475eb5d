"""The `eventsourcing` library as it comes, on PostgreSQL: `Application.save`, and a `ProjectionRunner`.

A program of its own, since the library is synchronous and its PostgreSQL module needs psycopg, which we don't. It
reads lines of JSON and answers each with a line: [threads, seconds] with how many aggregates of one event were saved,
in how many seconds, and how long each took; [events] with the seconds that a projection took to take in so many.
"""

from __future__ import annotations

import json
import sys
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import singledispatchmethod
from importlib import import_module
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking, TrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner


class Score(Aggregate):
    @event("Recorded")
    def __init__(self, employee_id: UUID, metric: str, value: Decimal, effective: str) -> None:
        self.employee_id = employee_id
        self.metric = metric
        self.value = value
        self.effective = effective


class Scores(Application[UUID]):
    def record(self) -> None:
        self.save(Score(uuid4(), "TEAMWORK", Decimal(4), "2017-04-01"))


class View(TrackingRecorder):
    @abstractmethod
    def put(self, id: UUID, recorded: Any, tracking: Tracking) -> None: ...


class Rows(Projection[View]):
    """One row a score, as the smallest of our read models has it."""

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.put(domain_event.originator_id, domain_event, tracking)


def _postgres_view() -> type[View]:
    from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder  # noqa: PLC0415  # needs psycopg

    sql: Any = import_module("psycopg.sql")

    class PostgresView(PostgresTrackingRecorder, View):
        def __init__(self, datastore: PostgresDatastore, **options: Any) -> None:
            super().__init__(datastore, **options)
            self.sql_create_statements.append(
                sql.SQL(
                    "CREATE TABLE IF NOT EXISTS public.rows (id uuid PRIMARY KEY, employee_id uuid NOT NULL,"
                    " metric text NOT NULL, value numeric NOT NULL, effective date NOT NULL)"
                )
            )

        def put(self, id: UUID, recorded: Any, tracking: Tracking) -> None:
            values = (id, recorded.employee_id, recorded.metric, recorded.value, recorded.effective)
            with self.datastore.transaction(commit=True) as cursor:
                self._insert_tracking(cursor, tracking)
                cursor.execute("INSERT INTO public.rows VALUES (%s, %s, %s, %s, %s)", values, prepare=True)

    return PostgresView


def save(app: Scores, threads: int, seconds: float) -> list[Any]:
    start = perf_counter()
    until = start + seconds

    def work(_: int) -> list[float]:
        latencies = []
        while (begun := perf_counter()) < until:
            app.record()
            latencies.append(perf_counter() - begun)
        return latencies

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(work, range(threads)))
    latencies = [each for part in found for each in part]
    return [len(latencies), perf_counter() - start, latencies]


def project(app: Scores, events: int) -> float:
    start = app.recorder.max_notification_id() or 0
    for _ in range(max(0, events - start)):
        app.record()
    begun = perf_counter()
    with ProjectionRunner(application_class=Scores, projection_class=Rows, view_class=_postgres_view()) as runner:
        runner.wait(events, timeout=600)
    return perf_counter() - begun


def main() -> None:
    app = Scores()
    print("ready", flush=True)
    for line in sys.stdin:
        match json.loads(line):
            case [threads, seconds]:
                answer: Any = save(app, threads, seconds)
            case [events]:
                answer = project(app, events)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
