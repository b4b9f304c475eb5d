"""The `eventsourcing` library as it comes, on PostgreSQL: `Application.save`, and a `ProjectionRunner`.

A program of its own, since the library is synchronous and its PostgreSQL module needs psycopg, which we don't. It
reads lines of JSON and answers each with a line: [threads, seconds] with how many aggregates of one event were saved,
in how many seconds, and how long that took; [events] with so many, and the seconds and those of
processor time that a projection took to take them in.

The event says what our `score.recorded` says, who recorded it and under which command included; the projection writes
the row that our read model `scores` has of it, with the same indexes.
"""

from __future__ import annotations

import json
import sys
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from decimal import Decimal
from functools import singledispatchmethod
from importlib import import_module
from time import perf_counter, process_time
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking, TrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner

from bench.rounds import Work


class Score(Aggregate):
    @event("Recorded")
    def __init__(
        self,
        *,
        employee_id: UUID,
        metric: str,
        value: Decimal,
        note: str | None,
        effective: str,
        actor: UUID,
        command_id: UUID,
        correlation_id: UUID,
    ) -> None:
        self.employee_id = employee_id
        self.metric = metric
        self.value = value
        self.note = note
        self.effective = effective
        self.actor = actor
        self.command_id = command_id
        self.correlation_id = correlation_id


class Scores(Application[UUID]):
    def record(self) -> None:
        said: dict[str, Any] = {"employee_id": uuid4(), "metric": "TEAMWORK", "value": Decimal(4), "note": None}
        told: dict[str, Any] = {"actor": uuid4(), "command_id": uuid4(), "correlation_id": uuid4()}
        self.save(Score(**said, **told, effective="2017-04-01"))


class View(TrackingRecorder):
    @abstractmethod
    def put(self, id: UUID, recorded: Any, tracking: Tracking) -> None: ...


class Rows(Projection[View]):
    """One row a score."""

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.put(domain_event.originator_id, domain_event, tracking)


INSERT = f"INSERT INTO public.rows VALUES ({', '.join(['%s'] * 10)})"


def _postgres_view() -> type[View]:
    from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder  # noqa: PLC0415  # needs psycopg

    sql: Any = import_module("psycopg.sql")

    class PostgresView(PostgresTrackingRecorder, View):
        def __init__(self, datastore: PostgresDatastore, **options: Any) -> None:
            super().__init__(datastore, **options)
            self.sql_create_statements.append(
                sql.SQL(
                    "CREATE TABLE IF NOT EXISTS public.rows (id uuid PRIMARY KEY, employee_id uuid NOT NULL,"
                    " metric text NOT NULL, value numeric NOT NULL, effective date NOT NULL, state text NOT NULL,"
                    " note text, scored_by uuid, version int NOT NULL, position bigint NOT NULL)"
                )
            )
            self.sql_create_statements.append(
                sql.SQL("CREATE INDEX IF NOT EXISTS rows_employee ON public.rows (employee_id, effective)")
            )

        def put(self, id: UUID, recorded: Any, tracking: Tracking) -> None:
            it = recorded
            values = (
                *(id, it.employee_id, it.metric, it.value, it.effective, "RECORDED", it.note, it.actor),
                *(it.originator_version, tracking.notification_id),
            )
            with self.datastore.transaction(commit=True) as cursor:
                self._insert_tracking(cursor, tracking)
                cursor.execute(
                    f"INSERT INTO public.rows VALUES ({', '.join(['%s'] * len(values))})", values, prepare=True
                )

    return PostgresView


def save(app: Scores, threads: int, seconds: float) -> tuple[Any, ...]:
    start, used = perf_counter(), process_time()
    until = start + seconds

    def work(_: int) -> list[float]:
        latencies = []
        while (begun := perf_counter()) < until:
            app.record()
            latencies.append(perf_counter() - begun)
        return latencies

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(work, range(threads)))
    used = process_time() - used
    return astuple(Work.of([each for part in found for each in part], perf_counter() - start, cpu=used))


def project(app: Scores, events: int) -> tuple[int, float, float]:
    """So many events that are new to it."""
    for _ in range(events):
        app.record()
    last = app.recorder.max_notification_id()
    begun, used = perf_counter(), process_time()
    with ProjectionRunner(application_class=Scores, projection_class=Rows, view_class=_postgres_view()) as runner:
        runner.wait(last, timeout=600)
    return events, perf_counter() - begun, process_time() - used


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
