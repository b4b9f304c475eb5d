"""Leaderboards: who did best, and where somebody stands.

A year, a quarter and a month are kept by every commit, so that a board of a million people answers from an index; a
free range is added up from the ledger when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import strawberry
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Select,
    Text,
    func,
    literal,
    literal_column,
    select,
    union_all,
)
from strawberry import ID

from domain._kernel import Invalid
from domain._values import Period
from domain.score import Metric
from projections._boards import of_currency, of_metric, of_period
from projections._derived import Rank
from projections.departments import departments
from projections.employees import employees
from projections.standings import NO_CURRENCY, currencies, points_of, score_entries, standings, value_of
from projections.targets import State, targets
from schema._kernel import STAFF, Arg, At, CurrencyCode, bad_input, one, part, seen_by, view
from schema._rows import constant
from schema.employee import Employee
from schema.score import THEIR_SCORES
from schema.target import THEIR_TARGETS

USUAL = 100
SHARE = 6
"""Decimals of an attainment."""


@part(person="employee_id")
class Standing:
    """Where somebody stands on a leaderboard. Everybody sees who stands where, and fewer with how much."""

    rank: int = seen_by(STAFF, description="1, 2, 2, 4: equals share a rank, and the next one is after all of them.")
    employee: Employee | None = one("employee_id")
    value: Decimal | None = seen_by(THEIR_SCORES)
    target: Decimal | None = seen_by(THEIR_TARGETS, description="Theirs for the same metric and period.")
    attainment: Decimal | None = seen_by(
        THEIR_SCORES & THEIR_TARGETS, description="Value over target: 1.25 is 125 %. Null without a target."
    )


@part
class Leaderboard:
    """Who did best by a metric in a period. Who has no score that stands is not on it."""

    metric: Metric = seen_by(STAFF)
    period: str = seen_by(STAFF, description="In its shortest form: 2017-Q2 for 2017-04-01/2017-07-01.")
    currency: CurrencyCode | None = seen_by(STAFF, description="Of a metric that is money. Currencies never mix.")
    entries: list[Standing] = seen_by(STAFF, description="The best first; equals in a stable order.")


# ── The board that is asked for, as SQL ──


@dataclass(frozen=True, slots=True)
class Board:
    """Everything is a parameter: a calendar period has a `number`, a free range a `start` and an `end`.

    These are told to PostgreSQL as SELECTs, whose values it does not look at when it plans: otherwise it would plan
    each request anew, to leave out either the calendar period or the free range.
    """

    metric: Metric
    currency: ColumnElement[Any]
    period: ColumnElement[Any]
    number: ColumnElement[Any]
    start: ColumnElement[Any]
    end: ColumnElement[Any]

    @classmethod
    def asked(cls, at: At, metric: Metric, period: Arg[str], currency: Arg[CurrencyCode] | None) -> Board:
        paid, of_board = _currency(at, metric, currency)
        in_year = at.value(period, BigInteger(), lambda text: _days(text).number)
        return cls(
            metric=metric,
            currency=paid,
            period=at.value(period, Text(), lambda text: _days(text).period),
            number=_unseen(of_metric(metric) + of_board + in_year),
            start=_unseen(at.value(period, Date(), lambda text: _days(text).start)),
            end=_unseen(at.value(period, Date(), lambda text: _days(text).end)),
        )

    @property
    def within(self) -> dict[str, ColumnElement[Any]]:
        return {"board": self.number}

    def kept(self) -> tuple[FromClause, Select[Any]]:
        """Everybody on the board of a calendar period; nobody if it is a free range."""
        row = standings.table.alias()
        found = select(row.c.employee_id, row.c.points)
        found = found.where(*(row.c[name] == bound for name, bound in self.within.items()), row.c.points.is_not(None))
        return row, found

    def added_up(self) -> Select[Any]:
        """Everybody on the board of a free range; nobody, and nothing is read, if it is a calendar period."""
        row = score_entries.table.alias()
        points = points_of(func.sum(row.c.value), func.sum(row.c.n), self.metric)
        return (
            select(row.c.employee_id, points.label("points"))
            .where(
                self.start.is_not(None),
                row.c.metric == constant(self.metric.name),
                row.c.currency == self.currency,
                row.c.day >= self.start,
                row.c.day < self.end,
            )
            .group_by(row.c.employee_id)
            .having(func.sum(row.c.n) > 0)
        )

    def target(self, employee_id: ColumnElement[Any]) -> ColumnElement[Any]:
        row = targets.table.alias()
        agreed = select(row.c.amount).where(
            row.c.employee_id == employee_id,
            row.c.metric == constant(self.metric.name),
            row.c.period == self.period,
            row.c.state != constant(State.WITHDRAWN),
            func.coalesce(row.c.currency, constant(NO_CURRENCY)) == self.currency,
        )
        return agreed.limit(1).scalar_subquery()

    def shown(self, rows: FromClause) -> Select[Any]:
        """Rows of employee_id, value and rank, with what they were to reach."""
        reached = select(rows, self.target(rows.c.employee_id).label("target")).subquery()
        attainment = func.round(reached.c.value / func.nullif(reached.c.target, 0), SHARE)
        return select(reached, attainment.label("attainment"))


class Days(NamedTuple):
    """A period as a board wants it: in its shortest form; and what it adds to the number, or else from when to when."""

    period: str
    number: int | None
    start: date | None
    end: date | None


@lru_cache(1_000)
def _days(text: str) -> Days:
    try:
        period = Period.parse(text)
    except Invalid as wrong:
        raise bad_input(str(wrong)) from None
    if period.cadence:
        return Days(str(period), of_period(str(period)), None, None)
    return Days(str(period), None, period.start, period.end)


def _unseen(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return select(value).scalar_subquery()


def _currency(
    at: At, metric: Metric, currency: Arg[CurrencyCode] | None
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Its code, and what it adds to the number of a board."""
    if metric is not Metric.WON_AMOUNT:
        if currency is not None:
            raise bad_input(f"{metric} is not money: leave the currency out.")
        return constant(NO_CURRENCY), literal(of_currency(NO_CURRENCY), BigInteger)
    if currency is not None:
        return at.value(currency, Text()), at.value(currency, BigInteger(), of_currency)
    row = currencies.table.alias()
    usual = select(row.c.currency).order_by(row.c.deals.desc(), row.c.currency).limit(1)
    return usual.scalar_subquery(), usual.with_only_columns(row.c.of_board).scalar_subquery()


def _members(at: At, department_id: Arg[ID]) -> Select[Any]:
    """Whoever belongs to a department, or one below it."""
    assert departments.closure is not None
    below, member = departments.closure.alias(), employees.table.alias()
    found = select(member.c.id).join(below, below.c.descendant == member.c.department_id)
    return found.where(below.c.ancestor == at.id(department_id, "Department"))


# ── Views ──


def leaderboard(
    at: At,
    *,
    metric: Metric,
    period: Arg[str],
    department_id: Arg[ID] | None = None,
    currency: Arg[CurrencyCode] | None = None,
    first: Arg[int] | None = None,
) -> Mapping[str, Any]:
    """Who did best in a period: `2017`, `2017-Q2`, `2017-04`, or `2017-02-03/2017-03-01`, which ends on 28 February.

    With a department only those who belong to it now, or to one below it; they are ranked among themselves. Money is
    in the currency that most deals are won in, unless another is asked for. The first 100, or up to 200.
    """
    board, size = Board.asked(at, metric, period, currency), at.size(first, usual=USUAL)
    row, kept = board.kept()
    added_up = board.added_up().subquery()
    tops = [(row, kept), (added_up, select(added_up.c.employee_id, added_up.c.points))]
    if department_id is not None:
        members = _members(at, department_id)
        tops = [(source, top.where(source.c.employee_id.in_(members))) for source, top in tops]
    best = union_all(*(
        select(top.order_by(source.c.points.desc(), source.c.employee_id).limit(size).subquery())
        for source, top in tops
    )).subquery()  # fmt: skip
    ranked = select(
        best.c.employee_id,
        best.c.points,
        value_of(best.c.points, metric).label("value"),
        func.rank().over(order_by=best.c.points.desc()).label("rank"),
    ).subquery()
    entries = board.shown(ranked)
    return {
        "metric": constant(metric.name),
        "period": board.period,
        "currency": func.nullif(board.currency, constant(NO_CURRENCY)),
        "entries": entries.order_by(literal_column("points").desc(), literal_column("employee_id")),
    }


def standing(
    at: At, *, employee_id: Arg[ID], metric: Metric, period: Arg[str], currency: Arg[CurrencyCode] | None = None
) -> Select[Any]:
    """Where somebody stands among all; see `leaderboard`. Null while no score of theirs stands."""
    board, whom = Board.asked(at, metric, period, currency), at.id(employee_id, "Employee")
    row, _ = board.kept()
    kept = select(row.c.employee_id, row.c.points, Rank(standings, row.c.points, board.within).label("rank"))
    kept = kept.where(
        row.c.employee_id == whom,
        *(row.c[name] == bound for name, bound in board.within.items()),
        row.c.points.is_not(None),
    )
    added_up = board.added_up().subquery()
    place = func.rank().over(order_by=added_up.c.points.desc())
    everybody = select(added_up.c.employee_id, added_up.c.points, place.label("rank")).subquery()
    found = union_all(kept, select(everybody).where(everybody.c.employee_id == whom)).subquery()
    valued = select(found.c.employee_id, found.c.rank, value_of(found.c.points, metric).label("value"))
    return board.shown(valued.subquery())


@strawberry.type
class Query:
    leaderboard: Leaderboard = view(leaderboard)
    standing: Standing | None = view(standing)


WORDS = {
    "Leaderboard.metric": "What is measured.",
    "Query.leaderboard.metric": "What is measured.",
    "Query.leaderboard.period": "`2017`, `2017-Q2`, `2017-04`, or `2017-02-03/2017-03-01`.",
    "Query.leaderboard.departmentId": "Only who belongs to this department now, or to one below it.",
    "Query.leaderboard.currency": "Of money: which currency's deals count.",
    "Query.leaderboard.first": "How many from the top; 100 unless told, at most 200.",
    "Query.standing.employeeId": "Whose standing.",
    "Query.standing.metric": "What is measured.",
    "Query.standing.period": "As for `leaderboard`.",
    "Query.standing.currency": "Of money: which currency's deals count.",
    "Standing.employee": "Who stands there.",
}
