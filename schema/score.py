"""Scores: how people did, by the facts of their work and as others judged it; and the ledger that says why."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import strawberry
from sqlalchemy import func
from strawberry import ID, UNSET

from domain import score as domain
from projections import scores as states
from projections import standings as ledger
from projections.scores import scores
from projections.standings import score_entries
from schema._kernel import (
    MY_REPORTS,
    OWN,
    STAFF,
    CommandInput,
    Connection,
    CurrencyCode,
    Info,
    Outcome,
    Position,
    by_id,
    extends,
    give,
    many,
    may,
    mutation,
    names,
    new_id,
    one,
    reads,
    seen_by,
    uuid_of,
)
from schema._rows import constant
from schema.employee import Employee
from schema.work_item import WorkItem

strawberry.enum(
    domain.Metric,
    name="Metric",
    description="WON_AMOUNT and DEALS_WON follow from won deals by themselves, at their close dates, and add up over a "
    "period. ATTITUDE and TEAMWORK (1 to 5) and CUSTOMER_SATISFACTION (0 to 100) are judged by others; what "
    "counts in a period is the mean of the scores that stand, to four decimals.",
)
strawberry.enum(states.State, name="ScoreState", description="Whether a score stands, and whether it always said so.")
strawberry.enum(ledger.Cause, name="ScoreCause", description="What brought an entry about.")

THEIR_SCORES = OWN | MY_REPORTS | may("score.view")
JUDGE = MY_REPORTS | may("score.record")


@reads(scores, rows=THEIR_SCORES, person="employee_id")
class Score:
    """A score as it stands: of a won deal, or one that somebody recorded by hand."""

    id: ID = seen_by(STAFF)
    employee: Employee | None = one("employee_id")
    metric: domain.Metric = seen_by(STAFF)
    value: Decimal = seen_by(STAFF)
    currency: CurrencyCode | None = seen_by(STAFF, description="Of a metric that is money.")
    effective: date = seen_by(STAFF, description="The day that it counts for.")
    state: states.State = seen_by(STAFF)
    note: str | None = seen_by(STAFF, description="What was said with it.")
    because: str | None = seen_by(STAFF, column="reason", description="Why it was corrected or withdrawn.")
    work_item: WorkItem | None = one("work_item_id", description="The deal that it follows from.")
    scored_by: Employee | None = one("scored_by", description="Who recorded it by hand.")
    version: int = seen_by(STAFF, description="Of the score, or of the work item that it follows from.")
    position: Position = seen_by(STAFF, description="Of the last fact about it.")


@reads(score_entries, rows=THEIR_SCORES, person="employee_id")
class ScoreEntry:
    """One line of the ledger of scores. None ever changes: a correction is an entry of the difference."""

    position: Position = seen_by(STAFF, description="Of the fact that it comes from.")
    metric: domain.Metric = seen_by(STAFF)
    employee: Employee | None = one("employee_id")
    day: date = seen_by(STAFF, description="The day that it counts for.")
    value: Decimal = seen_by(STAFF, description="By how much the sum of the scores grows.")
    currency: CurrencyCode | None = seen_by(STAFF, sql=lambda c: func.nullif(c.currency, constant(ledger.NO_CURRENCY)))
    count: int = seen_by(STAFF, column="n", description="By how many the scores that stand grow.")
    cause: ledger.Cause = seen_by(STAFF)
    recorded_at: datetime = seen_by(STAFF)


@extends(Employee)
class ScoresOfEmployee:
    scores: Connection[Score] = many(
        "employee_id",
        where=("metric", "effective", "state"),
        order_by=("effective", "value"),
        order=("-effective",),
        description="How they did; the latest first.",
    )


@strawberry.type
class Query:
    score: Score | None = by_id()
    scores: Connection[Score] = many(
        where=("employee", "metric", "value", "effective", "state", "work_item"),
        order_by=("effective", "value"),
        order=("-effective",),
    )
    score_entries: Connection[ScoreEntry] = many(
        where=("employee", "metric", "day", "position", "cause"),
        order_by=("position", "day"),
        order=("position",),
        description="What scores came from. What was known at a position is what the entries up to it say.",
    )


# ── Commands ──


@strawberry.input
class RecordScoreInput(CommandInput):
    employee_id: ID = names(Employee)
    metric: domain.Metric = strawberry.field(description="One that is judged.")
    value: Decimal
    note: str | None = strawberry.field(default=UNSET, description="Up to 1,000 characters; the employee can read it.")
    effective: date = strawberry.field(description="The day that it counts for; they work here on it.")


@strawberry.input
class CorrectScoreInput(CommandInput):
    id: ID = names(Score)
    value: Decimal
    reason: str = strawberry.field(description="Why; the employee can read it.")


@strawberry.input
class WithdrawScoreInput(CommandInput):
    id: ID = names(Score)
    reason: str = strawberry.field(description="Why; the employee can read it.")


@strawberry.type
class Mutation:
    @mutation(JUDGE, changes=Score, on=lambda input: uuid_of(Employee, input.employee_id, "employeeId"))
    async def record_score(self, info: Info, input: RecordScoreInput) -> Outcome:
        """Judge how somebody did. Nobody scores themselves."""
        return await give(info, domain.Score, domain.Score.record, input, id=new_id(Score, input))

    @mutation(JUDGE, changes=Score)
    async def correct_score(self, info: Info, input: CorrectScoreInput) -> Outcome:
        """Say what it should have been, for the same day. Nobody corrects what others said of them."""
        return await give(info, domain.Score, domain.Score.correct, input)

    @mutation(JUDGE, changes=Score)
    async def withdraw_score(self, info: Info, input: WithdrawScoreInput) -> Outcome:
        """Take a score back that should never have been."""
        return await give(info, domain.Score, domain.Score.withdraw, input)


WORDS = {
    "CorrectScoreInput.value": "What it should have been.",
    "Metric.WON_AMOUNT": "The money of won deals, in one currency.",
    "Metric.DEALS_WON": "How many deals were won.",
    "Metric.ATTITUDE": "Judged by people: a whole number from 1 to 5.",
    "Metric.TEAMWORK": "Judged by people: a whole number from 1 to 5.",
    "Metric.CUSTOMER_SATISFACTION": "Judged by people: from 0 to 100, with one decimal.",
    "RecordScoreInput.employeeId": "Whose it is.",
    "RecordScoreInput.value": "How well they did, on the metric's scale.",
    "Score.employee": "Whose it is.",
    "Score.metric": "What is judged.",
    "Score.value": "How well they did, on the metric's scale.",
    "Score.state": "Whether it stands.",
    "ScoreCause.WON": "A deal was won.",
    "ScoreCause.REVERSED": "A won deal turned out to be none.",
    "ScoreCause.RECORDED": "A judgement was recorded.",
    "ScoreCause.CORRECTED": "A judgement was corrected.",
    "ScoreCause.WITHDRAWN": "A judgement was withdrawn.",
    "ScoreEntry.metric": "What it counts for.",
    "ScoreEntry.employee": "Whose it is.",
    "ScoreEntry.currency": "Of money; null for what is counted or judged.",
    "ScoreEntry.cause": "What made it.",
    "ScoreEntry.recordedAt": "When it was recorded.",
    "ScoreState.RECORDED": "It stands as it was recorded.",
    "ScoreState.CORRECTED": "It stands with another value than at first.",
    "ScoreState.WITHDRAWN": "It stands no more.",
}
