"""Standings: what everybody's scores come to in each year, quarter and month; and the ledger that says why.

The ledger has one row for each fact and metric, and none ever changes: a correction is an entry of the difference.
What happened up to a position of the log is what the entries up to there say. A deal that is reversed is taken back on
the day that it had counted on.

Won amounts and won deals add up. What is judged on a scale is averaged over the scores that stand.

A board is kept under one number, and somebody's rows lie together: what a score changes stands on fewer pages so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Computed,
    Date,
    DateTime,
    Index,
    Integer,
    Numeric,
    Text,
    Uuid,
    func,
)

from domain._values import periods_of
from domain.score import Corrected, Metric, ScoreRecorded, Withdrawn
from domain.work_item import DealReversed, Won
from projections._boards import METRIC_AT, METRICS, board_number, of_currency
from projections._kernel import Change, Ranked, projection, read_model
from store.recorded import Recorded

NO_CURRENCY = ""
"""Of a metric that is not money."""

ADDED_UP = frozenset(metric for metric in Metric if metric.scale is None)


class Cause(StrEnum):
    WON = "WON"
    REVERSED = "REVERSED"
    RECORDED = "RECORDED"
    CORRECTED = "CORRECTED"
    WITHDRAWN = "WITHDRAWN"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """By how much the sum of somebody's scores grows, and by how much the number of those that stand."""

    metric: Metric
    currency: str
    employee_id: UUID
    day: date
    value: Decimal
    n: int
    cause: Cause


def entries(fact: object) -> Iterator[Entry]:
    """What a fact adds to the ledger."""
    match fact:
        case Won() as it:
            yield from _deal(it, it.effective, 1, Cause.WON)
        case DealReversed() as it:
            yield from _deal(it, it.won_on, -1, Cause.REVERSED)
        case ScoreRecorded() as it:
            yield _by_hand(it, it.value, 1, Cause.RECORDED)
        case Corrected() as it:
            yield _by_hand(it, it.value - it.was, 0, Cause.CORRECTED)
        case Withdrawn() as it:
            yield _by_hand(it, -it.was, -1, Cause.WITHDRAWN)


def _deal(it: Won | DealReversed, day: date, sign: int, cause: Cause) -> Iterator[Entry]:
    for metric, value, currency in (
        (Metric.WON_AMOUNT, it.amount, it.currency),
        (Metric.DEALS_WON, Decimal(1), NO_CURRENCY),
    ):
        yield Entry(
            metric=metric, currency=currency, employee_id=it.owner_id, day=day, value=sign * value, n=sign, cause=cause
        )


def _by_hand(it: ScoreRecorded | Corrected | Withdrawn, value: Decimal, n: int, cause: Cause) -> Entry:
    return Entry(
        metric=it.metric,
        currency=NO_CURRENCY,
        employee_id=it.employee_id,
        day=it.effective,
        value=value,
        n=n,
        cause=cause,
    )


# ── The ledger ──

score_entries = read_model(
    "score_entries",
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("metric", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("employee_id", Uuid, nullable=False, index=True),
    Column("day", Date, nullable=False),
    Column("value", Numeric, nullable=False),
    Column("n", Integer, nullable=False),
    Column("cause", Text, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)
Index(f"{score_entries.table.name}_day", score_entries.c.metric, score_entries.c.day)
Index(f"{score_entries.table.name}_when", score_entries.c.day, score_entries.c.position, score_entries.c.metric)
Index(
    f"{score_entries.table.name}_cause",
    score_entries.c.cause,
    score_entries.c.position,
    postgresql_where=score_entries.c.cause.in_([Cause.REVERSED.name, Cause.CORRECTED.name, Cause.WITHDRAWN.name]),
)


@projection(score_entries)
def keep_ledger(recorded: Recorded) -> Iterator[Change]:
    for entry in entries(recorded.fact):
        yield score_entries.put(
            recorded.position,
            entry.metric,
            currency=entry.currency,
            employee_id=entry.employee_id,
            day=entry.day,
            value=entry.value,
            n=entry.n,
            cause=entry.cause,
            source_id=recorded.stream_id,
            recorded_at=recorded.recorded_at,
        )


# ── The totals ──

SUMS = ", ".join(str(METRICS[metric]) for metric in Metric if metric in ADDED_UP)
POINTS = f"""
    CASE WHEN n <= 0 THEN NULL
    WHEN board >> {METRIC_AT} IN ({SUMS}) THEN total
    ELSE round(total / n, 4) END
"""
"""What people are ranked by: the sum, or the mean of the scores that stand. Null while none does."""

standings = read_model(
    "standings",
    Column("employee_id", Uuid, primary_key=True),
    Column("board", BigInteger, primary_key=True, autoincrement=False),
    Column("total", Numeric, nullable=False),
    Column("n", Integer, nullable=False),
    Column("points", Numeric, Computed(POINTS, persisted=True)),
    ranked=Ranked("points", ("board",)),
)
Index(f"{standings.table.name}_top", standings.c.board, standings.c.points.desc(), standings.c.employee_id)


@projection(standings)
def project(recorded: Recorded) -> Iterator[Change]:
    for entry in entries(recorded.fact):
        for period in periods_of(entry.day):
            number = board_number(entry.metric, entry.currency, period)
            yield standings.add(entry.employee_id, number, total=entry.value, n=entry.n)


def value_of(points: ColumnElement[Any], metric: Metric) -> ColumnElement[Any]:
    """The points as they are shown: of money with its decimals, else with none that say nothing."""
    return points if metric is Metric.WON_AMOUNT else func.trim_scale(points)


def points_of(total: ColumnElement[Any], n: ColumnElement[Any], metric: Metric) -> ColumnElement[Any]:
    """The points that a sum of entries comes to; as `POINTS` says it, of as many scores as there are."""
    return total if metric in ADDED_UP else func.round(total / n, 4)


# ── Which currency people mean ──

currencies = read_model(
    "currencies",
    Column("currency", Text, primary_key=True),
    Column("of_board", BigInteger, primary_key=True, autoincrement=False),
    Column("deals", BigInteger, nullable=False),
)
"""How many deals stand in each currency: a board of money that names none is about the first of these.

`of_board` is what the currency adds to the number of a board.
"""


@projection(currencies)
def count_currencies(recorded: Recorded) -> Iterator[Change]:
    match recorded.fact:
        case Won() as it:
            yield currencies.add(it.currency, of_currency(it.currency), deals=1)
        case DealReversed() as it:
            yield currencies.add(it.currency, of_currency(it.currency), deals=-1)
