"""The read tables that the peers read, under the names that they have in PostgreSQL now; and what boards are of.

RANKED is the metric of the boards, WON_AMOUNT unless told.
"""

from __future__ import annotations

import os

from bench.questions import BOARDS
from domain.score import Metric
from projections._boards import board_number
from projections.assignments import assignments
from projections.departments import departments
from projections.employees import employees
from projections.scores import scores
from projections.standings import NO_CURRENCY, standings
from projections.work_items import work_items


def tables(ranked: Metric) -> dict[str, str]:
    """What stands for what in a peer's SQL."""
    currency = "USD" if ranked is Metric.WON_AMOUNT else NO_CURRENCY
    numbers = {period: board_number(ranked, currency, period) for period in BOARDS}
    return {
        "employees": str(employees.table),
        "departments": str(departments.table),
        "assignments": str(assignments.table),
        "work_items": str(work_items.table),
        "scores": str(scores.table),
        "standings": str(standings.table),
        "reporting": str(employees.closure),
        "boards": f"(VALUES {', '.join(map(str, numbers.items()))}) AS b (period, number)",
        "first_quarter": str(numbers["2017-Q1"]),
    }


TABLES = tables(Metric(os.environ.get("RANKED", Metric.WON_AMOUNT)))
